"""Two readings of a job's counters, and what lies between them by vertex.

A subtask's own clock is the sum of the times it was busy, idle and held back, so that what was counted between two
readings is divided by the time between them, however old each of the two was when the JobManager gave it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from juncture.flink.answers import JobDetail, Vertex
from juncture.flink.metrics import POSITION, SPLIT, table_of
from juncture.flink.rest import FlinkCluster
from juncture.flink.rocksdb import RENEWED, metrics_named
from juncture.flink.subtasks import Subtasks, subtask_metrics
from juncture.model.observation import EventJoinSeen, NativeSeen, SubtaskSeen, VertexSeen
from juncture.model.plan import CompiledPlan, table_names

_BUSY, _IDLE, _HELD = "accumulateBusyTimeMs", "accumulateIdleTimeMs", "accumulateBackPressuredTimeMs"
_IN, _OUT, _MARK = "numRecordsIn", "numRecordsOut", "currentInputWatermark"
_TASK = frozenset({_BUSY, _IDLE, _HELD, _IN, _OUT, _MARK})
_SOURCE = re.compile(r"^Source__.*\.(numRecordsIn|currentOutputWatermark|pendingRecords)$")
LATE = re.compile(r"^(?P<operator>[^.]+)\.(?P<side>left|right)?[nN]umLateRecordsDropped$")
_WAITED = re.compile(r"\.KafkaProducer\.bufferpool-wait-time-ns-total$")
_NATIVE = metrics_named(
    (
        "block-cache-hit",
        "block-cache-miss",
        "stall-micros",
        "bytes-read",
        "iter-bytes-read",
        "bytes-written",
        "compaction-write-bytes",
        "estimate-pending-compaction-bytes",
    )
)
_CONNECTIONS = re.compile(r"^Source__.*\.KafkaConsumer\.connection-count$")
_PROBED, _CHUNKS = ".joinRowsProbed", ".joinChunksRead"
_OPERATOR = re.compile(r"\[(\d+)\]")
_EMITTED = re.compile(r"^[^.]*Join\[(?P<node>\d+)\]\.numRecordsOut$")
Grown = Callable[[str, int], float]

_NO_WATERMARK, _END_OF_TIME = float(-(2**63)), float(2**63 - 1)


@dataclass(frozen=True)
class Reading:
    """The counters by vertex."""

    vertices: Mapping[str, Subtasks]

    def clock(self, vertex: str, index: int) -> float:
        """Milliseconds since a subtask began, as it counts them; 0 where it does not."""
        found = self.vertices.get(vertex, {})
        return sum(found.get(name, {}).get(index, 0.0) for name in (_BUSY, _IDLE, _HELD))

    def whole(self, seconds: float) -> float:
        """The time to observe for: where RocksDB counts, a whole number of its renewals."""
        counts = any(_NATIVE.search(name) for found in self.vertices.values() for name in found)
        return ceil(seconds / RENEWED) * RENEWED if counts else seconds

    @property
    def is_empty(self) -> bool:
        """Whether the cluster gives no metrics of any task."""
        return not any(self.vertices.values())

    @property
    def of_rocksdb(self) -> dict[tuple[str, str, int], float]:
        """RocksDB's counters by vertex, name and subtask."""
        return {
            (vertex, name, index): value
            for vertex, found in self.vertices.items()
            for name in found
            if _NATIVE.search(name)
            for index, value in found[name].items()
        }

    @property
    def clocks(self) -> dict[tuple[str, int], float]:
        indexes = {
            (vertex, index) for vertex, found in self.vertices.items() for index in found.get(_IDLE, {})
        }
        return {key: self.clock(*key) for key in indexes}


def read(cluster: FlinkCluster, job: JobDetail) -> Reading:
    """The counters as the JobManager has them now: watermarks of joins before the positions of their sources.

    So a record behind a position had not been read when a watermark was.
    """
    downstream_first = reversed(job.vertices)
    return Reading(
        {vertex.id: subtask_metrics(cluster, job.id, vertex.id, _is_wanted) for vertex in downstream_first}
    )


def _is_wanted(name: str) -> bool:
    return (
        name in _TASK
        or name.endswith((_PROBED, _CHUNKS))
        or any(
            pattern.search(name)
            for pattern in (_SOURCE, POSITION, SPLIT, LATE, _WAITED, _NATIVE, _CONNECTIONS, _EMITTED)
        )
    )


def nodes_of(job: JobDetail, vertex: Vertex, plan: CompiledPlan) -> tuple[int, ...]:
    """Ids of the plan's operators that run in a vertex, as Flink describes it, or else names its operators.

    Sources have no number there, but the name of their table.
    """
    described = next((node.description for node in job.plan.nodes if node.id == vertex.id), "")
    found = re.findall(r"\[(\d+)\]:", described) or _OPERATOR.findall(vertex.name)
    first = vertex.operators[0] if vertex.operators else ""
    table = table_of(first.removeprefix("Source: ")) if first.startswith("Source: ") else None
    scans = {node.id for node in plan.of_kind("table-source-scan") if table in table_names(node.raw)}
    return tuple(sorted({int(number) for number in found} | scans))


def vertex_seen(nodes: tuple[int, ...], vertex: Vertex, before: Reading, after: Reading) -> VertexSeen:
    """What a vertex did between two readings."""
    first, last = before.vertices.get(vertex.id, {}), after.vertices.get(vertex.id, {})

    def grown(name: str, index: int) -> float:
        now = last.get(name, {}).get(index, 0.0)
        # A task that was started anew meanwhile counts from 0.
        then = first.get(name, {}).get(index, 0.0)
        return now - then if now >= then else now

    def spent(name: str, index: int) -> float:
        now = last.get(name, {}).get(index, 0.0)
        # Busy time is what Flink has left over of the others, and falls by some ms where these are put right: only a
        # clock that falls as a whole is one that began anew.
        anew = after.clock(vertex.id, index) < before.clock(vertex.id, index)
        return max(now - (0.0 if anew else first.get(name, {}).get(index, 0.0)), 0.0)

    source = next((name.rsplit(".", 1)[0] for name in last if _SOURCE.match(name)), None)
    counted_in = f"{source}.numRecordsIn" if source else _IN
    mark = f"{source}.currentOutputWatermark" if source else _MARK
    subtasks = []
    for index in range(vertex.parallelism):
        passed = sum(spent(name, index) for name in (_BUSY, _IDLE, _HELD))

        def share(name: str, index: int = index, passed: float = passed) -> float | None:
            return spent(name, index) / passed if passed > 0 and index in last.get(name, {}) else None

        subtasks.append(
            SubtaskSeen(
                index=index,
                seconds=passed / 1000,
                busy=share(_BUSY),
                backpressured=share(_HELD),
                idle=share(_IDLE),
                records_in=int(grown(counted_in, index)),
                records_out=int(grown(_OUT, index)),
                watermark=watermark(last.get(mark, {}).get(index)),
                partitions=_partitions(last, index) if source else None,
            )
        )
    return VertexSeen(
        id=vertex.id,
        name=vertex.name,
        nodes=nodes,
        parallelism=vertex.parallelism,
        subtasks=tuple(subtasks),
        sink_wait=_sink_wait(subtasks, _counted_before(first, last), grown),
        late=late_records(last),
        late_meanwhile=_late_between(first, last, grown) if any(each.seconds for each in subtasks) else None,
        native=_native(subtasks, last, grown),
        event_join=_event_join(last, grown),
        age=min((after.clock(vertex.id, each.index) for each in subtasks), default=0.0) / 1000,
        sent=int(sum(last.get(_OUT, {}).values())),
        emitted=_emitted(last),
    )


def connections(found: Reading, vertex: str) -> int | None:
    """How many connections to brokers the consumers of a source have; None where they don't tell."""
    counts = [
        sum(values.values())
        for name, values in found.vertices.get(vertex, {}).items()
        if _CONNECTIONS.match(name)
    ]
    return int(sum(counts)) if counts else None


def watermark(value: float | None) -> int | None:
    """A watermark in ms; None before the first one, and after the last."""
    if value is None or value <= _NO_WATERMARK or value >= _END_OF_TIME:
        return None
    return int(value)


def _partitions(found: Subtasks, index: int) -> int:
    return sum(index in values for name, values in found.items() if POSITION.match(name))


def _counted_before(first: Subtasks, last: Subtasks) -> list[str]:
    """The names under which producers told at both readings: of one that came between them it is not known when."""
    return [name for name in last if _WAITED.search(name) and name in first]


def _sink_wait(subtasks: list[SubtaskSeen], names: Sequence[str], grown: Grown) -> float | None:
    if not names:
        return None
    shares = [
        sum(grown(name, each.index) for name in names) / 1e9 / each.seconds
        for each in subtasks
        if each.seconds > 0
    ]
    return min(max(shares, default=0.0), 1.0)


def late_records(last: Subtasks) -> dict[str, int]:
    """Records dropped as late by the counter's name; a total is left out where an operator counts its sides."""
    counters = {name: match for name in last if (match := LATE.match(name))}
    sided = {match["operator"] for match in counters.values() if match["side"]}
    return {
        name: int(sum(last[name].values()))
        for name, match in counters.items()
        if sum(last[name].values()) and (match["side"] or match["operator"] not in sided)
    }


def _late_between(first: Subtasks, last: Subtasks, grown: Grown) -> dict[str, int] | None:
    """Those that were dropped between two readings; None where the first one has no counters."""
    if not first:
        return None
    return {name: sum(int(grown(name, index)) for index in last[name]) for name in late_records(last)}


def _emitted(last: Subtasks) -> dict[int, int]:
    """Rows that came out of a vertex's joins since its tasks began, by their id in the plan."""
    matches = {name: match for name in last if (match := _EMITTED.match(name))}
    return {int(match["node"]): int(sum(last[name].values())) for name, match in matches.items()}


def _event_join(last: Subtasks, grown: Grown) -> EventJoinSeen | None:
    def counted(suffix: str) -> int:
        return sum(int(grown(name, index)) for name in last if name.endswith(suffix) for index in last[name])

    if not any(name.endswith(_PROBED) for name in last):
        return None
    return EventJoinSeen(probed=counted(_PROBED), chunks_read=counted(_CHUNKS))


def _native(subtasks: list[SubtaskSeen], last: Subtasks, grown: Grown) -> NativeSeen | None:
    names: dict[str, list[str]] = {}
    for name in last:
        if match := _NATIVE.search(name):
            names.setdefault(match["what"], []).append(name)
    if not names:
        return None

    # What was counted in a whole number of renewals, over the time that these are of.
    renewals = max(max((each.seconds for each in subtasks), default=0.0) / RENEWED, 1.0)
    over = renewals / round(renewals)

    def counted(what: str) -> int | None:
        if what not in names:
            return None
        return int(over * sum(grown(name, index) for name in names[what] for index in last[name]))

    stalls = [
        over * sum(grown(name, each.index) for name in names.get("stall_micros", ())) / 1e6 / each.seconds
        for each in subtasks
        if each.seconds > 0
    ]
    waiting = names.get("estimate-pending-compaction-bytes")
    return NativeSeen(
        cache_hits=counted("block_cache_hit") or 0,
        cache_misses=counted("block_cache_miss") or 0,
        stalled=min(max(stalls), 1.0) if stalls and "stall_micros" in names else None,
        got=counted("bytes_read"),
        scanned=counted("iter_bytes_read"),
        written=counted("bytes_written"),
        compacted=counted("compact_write_bytes"),
        pending=int(sum(value for name in waiting for value in last[name].values())) if waiting else None,
    )
