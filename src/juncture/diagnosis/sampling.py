"""The last records of the topics that a job reads: how late they are, and which keys they have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from juncture.checks.tables import Table
from juncture.checks.windows import join_windows
from juncture.kafka import offsets
from juncture.kafka.reader import read_topic
from juncture.kafka.rows import millis_of, row_of
from juncture.model.environment import Kafka
from juncture.model.flow import JOINS, Flow, join_spec
from juncture.model.plan import CompiledPlan
from juncture.model.sources_seen import KeySeen, SampleSeen
from juncture.model.wording import in_short

_MEAN = 200
_MOST = 5_000
"""Records that are looked at: as many a partition as the one, and of a topic as the other."""


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


@dataclass(frozen=True)
class Sampled:
    """A record of a sample, and its value as a row; an empty one of what is no JSON object."""

    partition: int
    offset: int
    row: Mapping[str, Any]


def last_records(
    kafka: Kafka, topic: str, first: Mapping[int, int], ends: Mapping[int, int]
) -> tuple[Sampled, ...]:
    """The last records before the ends of a topic's partitions, of each its share, without deletions.

    Raises Refused and Unreachable as reading does.
    """
    starts = offsets.last_of(first, ends, min(_MEAN * len(ends), _MOST))
    return tuple(
        Sampled(record.partition, record.offset, row_of(record.value))
        for record in read_topic(kafka, topic, start=starts, end=ends)
        if record.value is not None
    )


def sample_seen(
    records: Sequence[Sampled], unread_from: Mapping[int, int], columns: Columns, watermark: int | None
) -> SampleSeen | None:
    """What there is to see in the last records of a topic; None where there are none.

    Args:
        records: the sample.
        unread_from: by partition, the first offset that the job had not read when `watermark` was reached.
        columns: what to look at.
        watermark: of the join, in ms.
    """
    if not records:
        return None
    unread = [each for each in records if each.offset >= unread_from.get(each.partition, each.offset + 1)]
    late, oldest = None, None
    if columns.time is not None and columns.reach is not None and watermark is not None and unread:
        times = (millis_of(each.row.get(columns.time)) for each in unread)
        ages = [watermark - at for at in times if at is not None]
        if ages:
            late = sum(age > columns.reach for age in ages)
            oldest = max(ages)
    rows = [each.row for each in records]
    return SampleSeen(
        records=len(records),
        unread=len(unread),
        late=late,
        oldest=oldest,
        keys=_hottest(rows, columns.keys),
        widths=_widths(rows),
    )


def _widths(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The mean bytes of each column's value as JSON, in the order of the columns' names."""
    total: Counter[str] = Counter()
    for row in rows:
        total.update(
            {name: len(json.dumps(value, ensure_ascii=False).encode()) for name, value in row.items()}
        )
    return {name: count / len(rows) for name, count in sorted(total.items())}


def _hottest(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> tuple[KeySeen, ...]:
    found = []
    for column in columns:
        counts = Counter(str(row[column]) for row in rows if row.get(column) is not None)
        if counts:
            value, count = counts.most_common(1)[0]
            told, share = in_short(value), count / sum(counts.values())
            found.append(KeySeen(column=column, value=told, share=share, whole=told == value))
    return tuple(found)
