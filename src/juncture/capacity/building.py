"""What it takes to build the state of a job's joins from records of its topics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from juncture.capacity.costs import Load, row_overhead
from juncture.capacity.job import Job
from juncture.model.capacity import Building
from juncture.model.figures import Basis, Range
from juncture.model.traffic import SideState
from juncture.model.wording import size

_BASES: dict[Basis, str] = {
    "calibrated": "what a record costs, and state to the bytes of its rows, was measured by `juncture calibrate`",
    "packaged": "assumed: what a record costs, and state to the bytes of its rows, as Juncture's own measurements have"
    " it; `juncture calibrate` measures it here",
}


def building(
    job: Job,
    records: Mapping[str, int],
    record_bytes: Mapping[str, int | None],
    sides: Sequence[SideState],
    assumed: Sequence[str] = (),
) -> Building:
    """The state that is built, and how long that takes, if nothing expires meanwhile.

    Args:
        job: whose joins they are.
        records: how many are read, by table.
        record_bytes: what they take, all together, by table, as a sample has it; None where there is none.
        sides: what the joins keep of a row.
        assumed: what the bytes of a row rest on, where that was not seen.
    """
    engine = job.engine(job.backend)
    rows = [(side, sum(records.get(table, 0) for table in side.tables)) for side in sides]
    stored = Range.exactly(0)
    for side, count in rows:
        stored += (side.row_bytes + Range.exactly(row_overhead(engine))) * float(count)
    state = stored * job.model.state(engine)
    total = sum(records.values())
    sampled = {table: taken for table, taken in record_bytes.items() if taken is not None}
    of = sum(records[table] for table in sampled)
    mean = sum(sampled.values()) / of if of else 0.0
    held_back = Load(
        engine,
        job.joins,
        Range.exactly(mean),
        state,
        rows=0.0,
        row_bytes=Range.exactly(0),
        fresh=stored * (1 / total) if total else stored,
        interval=job.interval / 1000,
    )
    most, _ = job.model.fastest(held_back, job.parallelism)
    return Building(
        rows={side.side: count for side, count in rows},
        row_bytes={side.side: side.row_bytes.expected + row_overhead(engine) for side in sides},
        state=state,
        rate=most,
        seconds=Range(low=total / most.high, expected=total / most.expected, high=total / most.low),
        told=(*_told(job, mean), *assumed),
    )


def _told(job: Job, mean: float) -> Iterator[str]:
    if mean:
        yield f"from a sample of the records: {size(mean)} each, and the bytes of a row"
    yield _BASES[job.model.cpu_basis(job.engine(job.backend))]
    yield "assumed: nothing else takes the cores, and each row that is read is kept"
