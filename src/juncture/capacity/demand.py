"""From traffic and state to what a job needs: each figure with its formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from juncture.capacity.costs import COSTS, FITTED_BYTES, HEAP, ROW_OVERHEAD, WORKING, Engine, json_micros
from juncture.model.capacity import Figure, Range, SideState, Traffic


@dataclass(frozen=True)
class Job:
    """What of a job its demand depends on. `backlog` is the number of records from its startpoints to now.

    `joins` counts the plan's joins; `interval` is the time between checkpoints in ms.
    """

    parallelism: int
    backend: str
    on_event_join: bool
    joins: int
    interval: int
    backlog: int

    def engine(self, backend: str) -> Engine:
        kind = "event" if self.on_event_join else "flink"
        return f"{kind}-{backend}"  # type: ignore[return-value]


def figures(job: Job, traffic: Sequence[Traffic], sides: Sequence[SideState]) -> tuple[Figure, ...]:
    """All that can be computed; what rests on state that is kept for ever is left out."""
    rate = _sum([each.peak for each in traffic])
    mean = _weighted_bytes(traffic)
    found = [
        Figure(
            name="rate now",
            unit="records/s",
            value=Range.exactly(sum(each.now for each in traffic)),
            formula=" + ".join(f"{each.now:,.1f} ({each.table})" for each in traffic),
            basis="measured",
        ),
        Figure(
            name="peak rate",
            unit="records/s",
            value=rate,
            formula=" + ".join(f"{each.peak.expected:,.1f} ({each.table})" for each in traffic),
            basis="measured",
        ),
        Figure(
            name="Kafka read",
            unit="bytes/s",
            value=rate * mean,
            formula=f"{rate.expected:,.1f} records/s * {mean.expected:,.0f} bytes a record, uncompressed",
            basis="sampled",
        ),
    ]
    return (*found, *_cpu(job, rate, mean), *_state(job, rate, mean, sides))


def micros(job: Job, record_bytes: Range) -> Range:
    """CPU of a record of any topic, in µs."""
    return json_micros(record_bytes) + COSTS[job.engine(job.backend)].micros * float(max(job.joins, 0))


def _cpu(job: Job, rate: Range, mean: Range) -> list[Figure]:
    engine = job.engine(job.backend)
    each = micros(job, mean)
    own = COSTS[engine].micros
    cores = rate * each * 1e-6
    slots = Range(
        low=ceil(cores.low), expected=ceil(cores.expected / WORKING), high=ceil(cores.high / WORKING)
    )
    slots = Range(low=max(slots.low, 1), expected=max(slots.expected, 1), high=max(slots.high, 1))
    # The more a record costs, the fewer there can be: low and high change places.
    most = Range(
        low=job.parallelism * 1e6 / each.high,
        expected=job.parallelism * 1e6 / each.expected,
        high=job.parallelism * 1e6 / each.low,
    )
    return [
        Figure(
            name="CPU a record",
            unit="µs",
            value=each,
            formula=f"{json_micros(mean).expected:,.1f} µs to read and write {mean.expected:,.0f} bytes of JSON"
            f" + {job.joins} joins * {own.expected:,.1f} µs ({engine})",
            basis="packaged",
        ),
        Figure(
            name="cores",
            unit="cores",
            value=cores,
            formula=f"{rate.expected:,.1f} records/s * {each.expected:,.1f} µs / 1,000,000",
            basis="packaged",
        ),
        Figure(
            name="slots",
            unit="slots",
            value=slots,
            formula=f"{cores.expected:,.2f} cores / {WORKING} of the time, rounded up",
            basis="packaged",
        ),
        Figure(
            name="highest rate",
            unit="records/s",
            value=most,
            formula=f"{job.parallelism} subtasks * 1,000,000 / {each.expected:,.1f} µs, with a core each",
            basis="packaged",
        ),
        *_catch_up(job, rate, most),
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
    return [Figure(name="time to catch up", unit="s", value=value, formula=formula, basis="packaged")]


def state_bytes(job: Job, backend: str, sides: Sequence[SideState]) -> Range:
    """What the joins keep when it is steady, as the backend stores it; sides that are kept for ever left out."""
    factor = COSTS[job.engine(backend)].state
    return _sum([_rows(side) * _stored(side) * factor for side in sides])


def heap_bytes(job: Job, sides: Sequence[SideState]) -> Range:
    """What the same takes on Java's heap."""
    return state_bytes(job, "hashmap", sides) * HEAP


def _state(job: Job, rate: Range, mean: Range, sides: Sequence[SideState]) -> list[Figure]:
    found = []
    for side in sides:
        if side.kept is None:
            continue
        found.append(
            Figure(
                name=f"rows of {side.side} in {side.operator}",
                unit="rows",
                value=_rows(side),
                formula=f"{side.rate.expected:,.1f} records/s * {side.kept.expected / 1000:,.0f} s",
                basis="computed",
            )
        )
    total = state_bytes(job, job.backend, sides)
    cost = COSTS[job.engine(job.backend)]
    per_record = cost.uploaded * (mean.expected / FITTED_BYTES)
    incremental = Range(
        low=min((rate * per_record).low * job.interval / 1000, total.low),
        expected=min((rate * per_record).expected * job.interval / 1000, total.expected),
        high=(rate * per_record).high * job.interval / 1000,
    )
    parts = " + ".join(
        f"{_rows(side).expected:,.0f} * {_stored(side).expected:,.0f} bytes ({side.side})"
        for side in sides
        if side.kept
    )
    found.append(
        Figure(
            name="state",
            unit="bytes",
            value=total,
            formula=f"({parts or '0'}) * {cost.state.expected} for {job.engine(job.backend)}",
            basis="packaged",
        )
    )
    found.append(
        Figure(
            name="full checkpoint", unit="bytes", value=total, formula="all of the state", basis="packaged"
        )
    )
    found.append(
        Figure(
            name="upload of a checkpoint",
            unit="bytes",
            value=incremental if job.backend == "rocksdb" else total,
            formula=f"{rate.expected:,.1f} records/s * {job.interval / 1000:,.0f} s * {per_record.expected:,.0f} bytes,"
            " at most the state"
            if job.backend == "rocksdb"
            else "all of the state: the heap is written whole",
            basis="packaged",
        )
    )
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
                name="local disk",
                unit="bytes",
                value=total * 2,
                formula=f"2 * {total.expected:,.0f} bytes: files are merged into new ones before the old ones go",
                basis="assumed",
            )
        )
    return found


def _rows(side: SideState) -> Range:
    return Range.exactly(0) if side.kept is None else side.rate * side.kept * 0.001


def _stored(side: SideState) -> Range:
    return side.row_bytes + Range.exactly(ROW_OVERHEAD)


def _sum(ranges: Sequence[Range]) -> Range:
    total = Range.exactly(0)
    for each in ranges:
        total = total + each
    return total


def _weighted_bytes(traffic: Sequence[Traffic]) -> Range:
    """The mean size of a record of all topics, by their rates."""
    weights = [each.peak.expected for each in traffic]
    if not sum(weights):
        return Range.exactly(0)
    total = _sum([each.record_bytes * weight for each, weight in zip(traffic, weights, strict=True)])
    return total * (1 / sum(weights))
