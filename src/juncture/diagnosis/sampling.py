"""The last records of the topics that a job reads: how late they are, and which keys they have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from juncture.checks.tables import Table
from juncture.checks.windows import join_windows
from juncture.kafka.reader import read_topic
from juncture.kafka.rows import millis_of, row_of
from juncture.model.environment import Kafka
from juncture.model.flow import JOINS, Flow, join_spec
from juncture.model.observation import KeySeen, SampleSeen
from juncture.model.plan import CompiledPlan

PER_PARTITION = 200
_MOST = 5_000


@dataclass(frozen=True)
class Columns:
    """What to look at in a table's records: `keys` are columns that joins look rows up by.

    `time` is the column of the watermark. `join` is the plan's id of the interval join that compares it, and `reach`
    how old a row may be, in ms behind that join's watermark, to meet a partner still; None where there is no such join.
    """

    time: str | None
    keys: tuple[str, ...]
    join: int | None = None
    reach: int | None = None


def columns_of(plan: CompiledPlan, tables: Mapping[str, Table]) -> dict[str, Columns]:
    """By table, for those that the plan reads."""
    flow = Flow(plan, lambda table: False)
    keys: dict[str, dict[str, None]] = {}
    for node in plan.nodes:
        if node.kind not in JOINS or len(node.inputs) != 2:
            continue
        spec = join_spec(node)
        for up, names in zip(plan.inputs(node), ("leftKeys", "rightKeys"), strict=True):
            for index in spec.get(names, ()):
                for origin in flow.origins(up, index):
                    if not origin.through:
                        keys.setdefault(origin.table, {})[origin.column] = None
    joins = {node.uid: node.id for node in plan.nodes}
    windows = {
        table: (joins[window.uid], window.upper - window.lower)
        for window in reversed(join_windows(plan))
        for table in (window.left, window.right)
    }
    found = {}
    for scan in plan.of_kind("table-source-scan"):
        for name in plan.tables(scan):
            table = tables.get(name)
            marked = table.watermark[0] if table is not None and table.watermark else None
            join, reach = windows.get(name, (None, None))
            found[name] = Columns(marked, tuple(keys.get(name, ())), join, reach)
    return found


def sample(
    kafka: Kafka,
    topic: str,
    ends: Mapping[int, int],
    unread_from: Mapping[int, int],
    columns: Columns,
    watermark: int | None,
) -> SampleSeen | None:
    """The last records of each partition before its end; None for an empty topic.

    Args:
        kafka: where.
        topic: its name.
        ends: the end of each partition.
        unread_from: by partition, the first offset that the job had not read when `watermark` was reached.
        columns: what to look at.
        watermark: of the join, in ms.

    Raises Refused and Unreachable as reading does.
    """
    each = max(1, min(PER_PARTITION, _MOST // max(len(ends), 1)))
    starts = {partition: max(end - each, 0) for partition, end in ends.items()}
    records = [
        record for record in read_topic(kafka, topic, start=starts, end=ends) if record.value is not None
    ]
    if not records:
        return None
    rows = [(record, row_of(record.value)) for record in records]
    unread = [
        (record, row)
        for record, row in rows
        if record.offset >= unread_from.get(record.partition, ends.get(record.partition, 0))
    ]
    late, oldest = None, None
    if columns.time is not None and columns.reach is not None and watermark is not None and unread:
        ages = [watermark - at for _, row in unread if (at := millis_of(row.get(columns.time))) is not None]
        if ages:
            late = sum(age > columns.reach for age in ages)
            oldest = max(ages)
    return SampleSeen(
        records=len(records),
        unread=len(unread),
        late=late,
        oldest=oldest,
        keys=_hottest([row for _, row in rows], columns.keys),
    )


def _hottest(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> tuple[KeySeen, ...]:
    found = []
    for column in columns:
        counts = Counter(str(row[column]) for row in rows if row.get(column) is not None)
        if counts:
            value, count = counts.most_common(1)[0]
            found.append(KeySeen(column=column, value=value[:60], share=count / sum(counts.values())))
    return tuple(found)
