"""What a job costs a month, and the memory that it pays for."""

from __future__ import annotations

import pytest
from tests.unit.capacity.found import found_traffic

from juncture.capacity.demand import figures
from juncture.capacity.job import Job
from juncture.capacity.pricing import cost_figures
from juncture.model.environment import Prices
from juncture.model.figures import Figure, Range
from juncture.model.traffic import SideState, Written

GIB = 1024.0**3
MIB = 1024 * 1024


def of_job(
    backend: str = "rocksdb", parallelism: int = 2, rate: float = 1_000, kept: float | None = 600_000
) -> dict[str, Figure]:
    job = Job(parallelism, backend, True, joins=1, exchanges=2, interval=10_000, backlog=0)
    side = SideState(
        operator="a join", side="l", tables=("l",), columns=("k",), rate=Range.exactly(rate),
        kept=None if kept is None else Range.exactly(kept), row_bytes=Range.exactly(910),
    )  # fmt: skip
    rows = Written(table="out", rate=Range.exactly(500), row_bytes=Range.exactly(200))
    return {each.name: each for each in figures(job, [found_traffic("l", rate)], [side], [rows])}


def costs(prices: Prices, needed: dict[str, Figure], mean: float = 1_000) -> dict[str, Range]:
    traffic = [found_traffic("l", 1_000).model_copy(update={"hours": (mean,) * 3})]
    return {each.name: each.value for each in cost_figures(prices, needed, traffic, 0.7)}


def test_each_part_and_the_sum() -> None:
    needed = of_job()
    prices = Prices(currency="EUR", core_hour=0.7, memory_gib_hour=0.01, disk_gib_month=0.1, network_gib=0.05)
    found = costs(prices, needed)
    cores, memory, state = (needed[name].value for name in ("cores", "memory", "state"))
    assert found["cost of cores in EUR"].high == pytest.approx(cores.high * 730)
    assert found["cost of memory in EUR"].low == pytest.approx(memory.low / GIB * 7.3)
    # Local disk is twice the state, and two checkpoints lie in storage.
    assert found["cost of disk in EUR"].expected == pytest.approx(state.expected / GIB * 0.4)
    read_and_written = 1_000 * 500 + 500 * 200
    network = read_and_written * 730 * 3600 / GIB * 0.05
    assert found["cost of network in EUR"].expected == pytest.approx(network)
    total = found.pop("cost in EUR")
    assert total.expected == pytest.approx(sum(each.expected for each in found.values()))
    assert total.low < total.expected < total.high


def test_what_has_no_price_is_not_told() -> None:
    found = costs(Prices(currency="USD", core_hour=1), of_job())
    assert list(found) == ["cost of cores in USD", "cost in USD"]


def test_network_is_paid_by_the_mean_and_not_by_the_peak() -> None:
    prices = Prices(currency="EUR", network_gib=1)
    whole, half = (costs(prices, of_job(), mean)["cost in EUR"].expected for mean in (1_000, 500))
    assert half == whole / 2


def test_memory_of_state_and_of_slots() -> None:
    rocksdb, heap = of_job(), of_job("hashmap")
    state = rocksdb["state"].value.expected
    assert state * 0.1 < 2 * 64 * MIB
    assert rocksdb["managed memory"].value.expected == 2 * 64 * MIB
    assert of_job(rate=10_000)["managed memory"].value.expected == state
    assert "managed memory" not in heap
    # Two exchanges, two subtasks, two ends, twelve buffers of 32 KiB.
    network = 2 * 2 * 2 * 12 * 32 * 1024
    assert {each["network memory"].value.expected for each in (rocksdb, heap)} == {network}
    assert rocksdb["memory"].value.expected == 2 * 64 * MIB + network + 2 * 512 * MIB
    assert heap["memory"].value.expected == 2 * heap["heap"].value.expected + network + 2 * 512 * MIB
