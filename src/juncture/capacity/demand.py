"""From traffic and state to what a job needs: each figure with its formula."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from juncture.capacity.brokers import read_figure
from juncture.capacity.checkpointing import checkpoint_figures
from juncture.capacity.costs import HEAP, Load
from juncture.capacity.endless import growth_figure
from juncture.capacity.holding import (
    fresh_bytes,
    heap_bytes,
    held,
    kept_for,
    rows_of,
    state_bytes,
    stored_bytes,
)  # fmt: skip
from juncture.capacity.hotrows import grow, hot_figures
from juncture.capacity.job import Job
from juncture.capacity.joinmemory import join_memory
from juncture.capacity.loads import load_of
from juncture.capacity.memory import memory_figures
from juncture.model.figures import Figure, Range, amount, least_sure
from juncture.model.traffic import HotRows, SideState, Traffic, Written

_OF_NO_TRAFFIC = ("rate now", "network memory", "time until state is steady")
"""What is known, whatever is assumed of the traffic."""

_OF_ROWS = ("Kafka write", "CPU a record", "cores", "slots", "highest rate", "time to catch up")
"""What rests on the rows that are written."""

MERGED = 2
"""How many times the state its files take while they are merged. Taken for want of a measurement."""


def figures(
    job: Job,
    traffic: Sequence[Traffic],
    sides: Sequence[SideState],
    written: Sequence[Written],
    hot: Sequence[HotRows] = (),
    coming: Sequence[SideState] | None = None,
) -> tuple[Figure, ...]:
    """All that can be computed; what rests on state that is kept for ever is that of a day, and its growth is told.

    `hot` are the rows of hot keys, which those that are written have among them. `coming` are the sides at the rates of
    the traffic, where what they keep came at others.
    """
    rate = Range.total([each.peak for each in traffic])
    found = [
        Figure(
            name="rate now",
            unit="records/s",
            value=Range.exactly(sum(each.now for each in traffic)),
            formula=" + ".join(f"{amount(each.now, 'records/s')} ({each.table})" for each in traffic),
            basis=least_sure(each.now_basis for each in traffic),
        ),
        Figure(
            name="peak rate",
            unit="records/s",
            value=rate,
            formula=" + ".join(
                f"{amount(each.peak.expected, 'records/s')} ({each.table})" for each in traffic
            ),
            basis=least_sure(each.peak_basis for each in traffic),
        ),
        read_figure(traffic),
    ]
    found.append(
        Figure(
            name="Kafka write",
            unit="bytes/s",
            value=Range.total([each.rate * each.row_bytes for each in written]),
            formula=" + ".join(
                f"{each.rate.expected:,.1f} rows/s * {each.row_bytes.expected:,.0f} bytes ({each.table})"
                for each in written
            ),
            basis="computed",
        )
    )
    found += hot_figures(hot)
    load = load_at_peak(job, traffic, sides, written, coming)
    found += _cpu(job, load)
    found += _state(job, load, sides)
    slots = next(each for each in found if each.name == "slots")
    kept = next(each for each in found if each.name == ("heap" if job.backend == "hashmap" else "state"))
    joins = join_memory(job, sides)
    found += [joins] if joins is not None else []
    found += memory_figures(
        slots.value,
        job.parallelism,
        job.exchanges,
        job.backend,
        kept.value,
        job.headroom.heap,
        joins.value if joins is not None else None,
        job.join_share,
    )
    if grow(hot):
        found = [
            each.model_copy(update={"basis": "assumed"}) if each.name in _OF_ROWS else each for each in found
        ]
    if all(each.basis == "measured" for each in traffic):
        return tuple(found)
    return tuple(
        each if each.name in _OF_NO_TRAFFIC else each.model_copy(update={"basis": "assumed"})
        for each in found
    )


def _cpu(job: Job, load: Load) -> list[Figure]:
    rate, basis = load.rate, job.model.cpu_basis(load.engine)
    each, formula = job.model.micros(load)
    cores, working = rate * each * 1e-6, job.headroom.working
    slots = Range(
        low=ceil(cores.low), expected=ceil(cores.expected / working), high=ceil(cores.high / working)
    )
    slots = Range(low=max(slots.low, 1), expected=max(slots.expected, 1), high=max(slots.high, 1))
    most = job.model.fastest(load, job.parallelism)
    return [
        Figure(name="CPU a record", unit="µs", value=each, formula=formula, basis=basis),
        Figure(
            name="cores",
            unit="cores",
            value=cores,
            formula=f"{rate.expected:,.1f} records/s * {each.expected:,.1f} µs / 1,000,000",
            basis=basis,
        ),
        Figure(
            name="slots",
            unit="slots",
            value=slots,
            formula=f"{amount(cores.expected, 'cores')} cores / {working} of the time, rounded up",
            basis=basis,
        ),
        Figure(name="highest rate", unit="records/s", value=most.value, formula=most.formula, basis=basis),
        *_catch_up(job, rate, most.value),
    ]


def _catch_up(job: Job, rate: Range, most: Range) -> list[Figure]:
    def seconds(fastest: float, incoming: float) -> float:
        return job.backlog / (fastest - incoming) if fastest > incoming else float("inf")

    value = Range(
        low=seconds(most.high, rate.low),
        expected=seconds(most.expected, rate.expected),
        high=seconds(most.low, rate.expected),
    )
    formula = f"{job.backlog:,} records / ({most.expected:,.0f} - {rate.expected:,.1f} records/s)"
    basis = job.model.cpu_basis(job.engine(job.backend))
    return [Figure(name="time to catch up", unit="s", value=value, formula=formula, basis=basis)]


def load_at_peak(
    job: Job,
    traffic: Sequence[Traffic],
    sides: Sequence[SideState],
    written: Sequence[Written],
    coming: Sequence[SideState] | None = None,
) -> Load:
    """What the cost of a record depends on; `coming` is as in `figures`."""
    engine = job.engine(job.backend)
    live = state_bytes(job, job.backend, sides)
    fresh = fresh_bytes(sides if coming is None else coming, engine)
    return load_of(engine, job.joins, traffic, written, live, fresh, job.interval / 1000)


def _state(job: Job, load: Load, sides: Sequence[SideState]) -> list[Figure]:
    found = []
    for side in sides:
        ever = ", a day: they are kept for ever" if side.kept is None else ""
        found.append(
            Figure(
                name=f"rows of {side.side} in {side.operator}",
                unit="rows",
                value=rows_of(side),
                formula=f"{side.rate.expected:,.1f} records/s * {kept_for(side).expected / 1000:,.0f} s{ever}",
                basis="assumed" if ever else "computed",
            )
        )
    longest = [side.kept for side in sides if side.kept is not None]
    growth = growth_figure(job, sides)
    if growth is not None:
        found.append(growth)
    elif longest:
        found.append(_steady_after(longest))
    total, engine = held(job, load), load.engine
    basis, factor = job.model.basis(engine), job.model.state(engine)
    if growth is not None:
        basis = "assumed"
    parts = " + ".join(
        f"{rows_of(side).expected:,.0f} * {stored_bytes(side, engine).expected:,.0f} bytes ({side.side})"
        for side in sides
    )
    found.append(
        Figure(
            name="state",
            unit="bytes",
            value=total,
            formula=f"({parts or '0'}) * {factor.expected:.2f} for {engine}{_unmerged(job, load)}",
            basis=basis,
        )
    )
    found += checkpoint_figures(total, job.model.written(load), basis, job.model.speed(engine))
    if job.backend == "hashmap":
        found.append(
            Figure(
                name="heap",
                unit="bytes",
                value=heap_bytes(job, sides),
                formula=f"{total.expected:,.0f} bytes * {HEAP.expected} for Java's objects",
                basis="assumed",
            )
        )
    else:
        found.append(
            Figure(
                name="local disk" if job.backend == "rocksdb" else "checkpoint storage",
                unit="bytes",
                value=total * MERGED,
                formula=f"{MERGED} * {total.expected:,.0f} bytes: files are merged into new ones, then go",
                basis="assumed",
            )
        )
    return found


def _unmerged(job: Job, load: Load) -> str:
    gone = job.model.unmerged(load).expected
    return f" + {gone:,.0f} bytes of rows that have gone and are not merged away yet" if gone else ""


def _steady_after(kept: Sequence[Range]) -> Figure:
    """State grows until the first rows that came are removed."""
    value = Range(
        low=max(each.low for each in kept) / 1000,
        expected=max(each.expected for each in kept) / 1000,
        high=max(each.high for each in kept) / 1000,
    )
    told = f"{value.expected:,.0f} s, for which rows are kept the longest; until then it grows evenly with the rate"
    return Figure(name="time until state is steady", unit="s", value=value, formula=told, basis="computed")
