"""The topics that a job reads, partition by partition: how far they go, and how far the job has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from juncture.checks.wording import listed
from juncture.diagnosis.lag import behind
from juncture.diagnosis.reading import Reading, connections, watermark
from juncture.errors import JunctureError, Refused
from juncture.flink.metrics import POSITION, SPLIT, SourceMetrics
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.failures import NoTopic
from juncture.kafka.offsets import Offsets
from juncture.model.duration import option_millis
from juncture.model.environment import Kafka
from juncture.model.flow import watermark_push_down
from juncture.model.observation import Missing, Silence
from juncture.model.plan import CompiledPlan
from juncture.model.sources_seen import PartitionSeen, SourceSeen

_IDLE_OPTION = "table.exec.source.idle-timeout"


@dataclass(frozen=True)
class Ends:
    """Where topics begin and end at one moment; `gone` do not exist, `missing` says what could not be asked.

    `silence`: brokers told nothing at all.
    """

    by_topic: Mapping[str, Offsets]
    begins: Mapping[str, Offsets] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    missing: tuple[Missing, ...] = ()
    silence: Silence | None = None


def ends_of(kafka: Kafka | None, topics: Mapping[str, str]) -> Ends:
    """The begin and the end of each partition, by topic: what can't be told of one takes nothing from the others.

    Args:
        kafka: where; None if it can't be asked.
        topics: by table.
    """
    names = sorted(set(topics.values()))
    if kafka is None or not names:
        return Ends({})
    ends: dict[str, Offsets] = {}
    begins: dict[str, Offsets] = {}
    gone: set[str] = set()
    missing: list[Missing] = []
    silence: Silence | None = None
    try:
        admin = Admin(kafka)
        for name in names:
            try:
                ends |= offsets.latest(admin, [name], committed=False)
                begins |= offsets.earliest(admin, [name])
            except NoTopic:
                gone.add(name)
            except Refused as error:
                missing.append(Missing(what=f"the ends of '{name}' ({error.problem})", assumed=_NO_LAG))
    except JunctureError as error:
        left = [name for name in names if name not in (*ends, *gone)]
        missing.append(
            Missing(
                what=f"the ends of {listed(left)} ({error.problem})", assumed=_NO_LAG, remedy=error.remedy
            )
        )
        if not ends and not gone:
            silence = Silence(problem=error.problem, remedy=error.remedy)
    return Ends(ends, begins, frozenset(gone), tuple(missing), silence)


_NO_LAG = "only what Flink itself tells of its lag; nothing of quiet partitions, of late records and of keys"


def positions_of(found: Reading, vertex: str, topic: str) -> dict[int, int]:
    """The next offset that the job reads of each partition it has read from."""
    positions = {}
    for name, values in found.vertices.get(vertex, {}).items():
        match = POSITION.match(name)
        if match and _same(match["topic"], topic):
            at = max(values.values(), default=-1.0)
            if at >= 0:
                positions[int(match["partition"])] = int(at) + 1
    return positions


def source_seen(
    table: str,
    topic: str,
    vertex: str,
    timeout: int | None,
    metrics: tuple[SourceMetrics | None, SourceMetrics | None],
    readings: tuple[Reading, Reading],
    ends: tuple[Ends, Ends],
    passed: Mapping[int, int] | None = None,
) -> SourceSeen:
    """A source between two readings; each pair is (before, after). `passed` is of Lags."""
    before, after = (each.by_topic.get(topic, {}) for each in ends)
    begins = ends[1].begins.get(topic, {})
    first, last = (positions_of(each, vertex, topic) for each in readings)
    over = {number: end for number, end in (passed or {}).items() if number in last}
    positions = {**last, **over}
    marks, idle = _splits(readings, vertex, topic)
    partitions = tuple(
        PartitionSeen(
            partition=partition,
            end=end,
            grew=end - before.get(partition, end),
            begin=begins.get(partition),
            position=positions.get(partition),
            read_on=last.get(partition) != first.get(partition),
            watermark=marks.get(partition),
            idle=idle.get(partition),
        )
        for partition, end in sorted(after.items())
    )
    then, now = metrics
    lag = behind(after, positions)
    still = {number: end for number, end in over.items() if first.get(number) == last[number]}
    # What nothing was read of by then counts as it does now: else a job that catches up would seem to fall behind.
    lag_before = behind(before, {**positions, **first, **still}) if first or still else None
    if by_flink := lag is None and ends[1].silence is None:
        lag, lag_before = (each.behind if each else None for each in (now, then))
    meanwhile = now.between(then) if now and then else None
    return SourceSeen(
        table=table,
        topic=topic,
        vertex=vertex,
        partitions=partitions,
        exists=topic not in ends[1].gone,
        idle_timeout=timeout,
        metered=now is not None,
        read=now.read if now else 0,
        skipped=now.since(then).skipped if now else 0,
        read_meanwhile=meanwhile.read if meanwhile else None,
        skipped_meanwhile=meanwhile.skipped if meanwhile else None,
        behind=lag,
        behind_before=lag_before,
        behind_by_flink=by_flink and lag is not None,
        connections=connections(readings[1], vertex),
    )


def _splits(
    readings: tuple[Reading, Reading], vertex: str, topic: str
) -> tuple[dict[int, int | None], dict[int, bool]]:
    """Watermark of each partition, and whether it was left out of the source's watermark."""
    marks: dict[int, int | None] = {}
    idle: dict[int, bool] = {}
    before = readings[0].vertices.get(vertex, {})
    for name, values in readings[1].vertices.get(vertex, {}).items():
        match = SPLIT.match(name)
        if not match or not _same(match["topic"], topic):
            continue
        partition = int(match["partition"])
        # A partition that another subtask had before may still be told of by that one: the newest counts.
        value = max(values.values())
        if match["what"] == "currentWatermark":
            marks[partition] = watermark(value)
        else:
            idle[partition] = value > max(before.get(name, {}).values(), default=value)
    return marks, idle


def idle_timeouts(plan: CompiledPlan, options: Mapping[str, str]) -> dict[str, int | None]:
    """After how long a silent partition of a table is left out of the watermark, in ms; None: never."""
    found: dict[str, int | None] = {}
    for scan in plan.of_kind("table-source-scan"):
        pushed: dict[str, Any] = dict(watermark_push_down(scan) or {})
        own = pushed.get("watermarkParams")
        candidates = (
            own.get("sourceIdleTimeout") if isinstance(own, dict) else None,
            pushed.get("idleTimeoutMillis"),
        )
        millis = next((each for each in candidates if isinstance(each, int) and each > 0), None)
        if millis is None and not pushed:
            # An operator behind the source makes the watermark, and has the option's timeout.
            millis = option_millis(options.get(_IDLE_OPTION, "")) or None
        for table in plan.tables(scan):
            found[table] = millis
    return found


def _same(reported: str, topic: str) -> bool:
    """Whether a topic's name in a metric is this one: some characters are replaced there."""
    plain = str.maketrans(dict.fromkeys(".:, ", "_"))
    return reported.translate(plain) == topic.translate(plain)
