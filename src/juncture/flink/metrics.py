"""How far a job has come: records read, skipped and written, by table, from Flink's metrics.

Names as Flink 2.3 and its Kafka connector 5.0 report them, of an operator 'Source: KafkaSource-a.b.clicks':

- `Source__KafkaSource-a_b_clicks.numRecordsIn`: records fetched from Kafka, those that did not parse included.
  The operator's own numRecordsOut counts the same.
- what came out of the source is the task's numRecordsOut where the source is alone in it, else the
  numRecordsOut of a chained `Calc[2]` that only projects. Its numRecordsIn is too high: the JSON format hands
  on an empty row for a record that breaks off in the middle, and the row is dropped one step later. Behind a
  Calc with a condition there is nothing better, so that such records are then not counted as skipped;
- `Source__….pendingRecords`: records that are in Kafka and not fetched yet, as the consumer heard with its last
  fetch: under back-pressure it fetches seldom, and the number stands still;
- `Source__….currentOutputWatermark`: Long.MIN_VALUE before the first one;
- `clicks[8]__Writer.numRecordsSend`: records handed to Kafka by a sink; not all are committed yet.

All of them count from the job's last start or restart.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from juncture.flink.answers import JobDetail, Vertex
from juncture.flink.http import Forbidden, in_requests
from juncture.flink.rest import FlinkCluster

_LONGEST_NAME = 80  # of an operator, in metrics
_NO_WATERMARK = -(2**63)
_END_OF_TIME = 2**63 - 1
_SOURCE = re.compile(r"^(?P<operator>Source__.*)\.numRecordsIn$")
_WRITER = re.compile(r"^(?P<operator>.*__Writer)\.numRecordsSend$")
POSITION = re.compile(
    r"^Source__.*\.KafkaSourceReader\.topic\.(?P<topic>.+)\.partition\.(?P<partition>\d+)\.currentOffset$"
)
"""The offset of the last record of a partition that was read."""
SPLIT = re.compile(
    r"^Source__.*\.split\.(?P<topic>.+)-(?P<partition>\d+)\.watermark\.(?P<what>currentWatermark|accumulatedIdleTimeMs)$"
)
"""The watermark of a partition, and for how long it was left out of the source's."""
_COLLECTED = 1.0
"""Seconds after which metrics that were asked for are there."""
_APART = 0.01
"""Seconds that may lie between two counters of one subtask, as its TaskManager reads them: hardly any, unless others
have the core meanwhile. At 10,000 records a second two were 1 or 2 records apart, and 19 once."""
_MINUTE = 60_000
"""Milliseconds over which Flink tells a rate, which it does too late of what began since."""
_TORN = 5
"""How often metrics are asked for until two answers are the same."""
_CLOCK = ("accumulateBusyTimeMs", "accumulateIdleTimeMs", "accumulateBackPressuredTimeMs")
_TABLE = re.compile(r"(?:\w+-)?(?:[^.\[]*\.)*(?P<table>[^.\[]+)(?:\[\d+\])?$")


@dataclass(frozen=True)
class SourceMetrics:
    """One source.

    `watermark` is the lowest of its subtasks in ms of the epoch, None before the first one. Where some
    subtasks have none, for lack of partitions or of records, it is the highest of the others.
    `behind` is None where Flink does not know it yet, and old under back-pressure; `skipped` are records that were read
    and did not parse. They are the least there were if `filtered`: what breaks off in the middle can't be told there
    from what a condition drops. So they are where `doubt` records may have passed between the moments of its two
    counters (`since`). `clock` is for how many ms its subtasks had run when they were counted, `rate` the records a
    second of the minute before, as Flink has it.
    """

    table: str
    read: int
    emitted: int
    behind: int | None
    watermark: int | None
    filtered: bool = False
    clock: float = 0.0
    rate: float = 0.0
    doubt: int = 0

    @property
    def skipped(self) -> int:
        return max(self.read - self.emitted - self.doubt, 0)

    @property
    def may_have_skipped_more(self) -> bool:
        return self.filtered or (self.doubt > 0 and self.read > self.emitted)

    def since(self, before: SourceMetrics | None) -> SourceMetrics:
        """The same, with the doubt that comes of how fast it reads, by what it had read at an earlier look.

        A TaskManager reads its counters one after the other, while the source goes on.
        """
        if before is not None and self.clock > before.clock:
            rate = (self.read - before.read) / (self.clock - before.clock) * 1000
        elif 0 < self.clock < _MINUTE:
            rate = max(self.rate, self.read / self.clock * 1000)
        else:
            rate = self.rate
        return replace(self, doubt=int(max(rate, 0.0) * _APART))

    def between(self, before: SourceMetrics) -> SourceMetrics | None:
        """What it read since an earlier look alone; None where it was not counted anew, or from 0 again."""
        if self.clock <= before.clock or self.read < before.read:
            return None
        since = self.since(before)
        return replace(since, read=self.read - before.read, emitted=self.emitted - before.emitted)


@dataclass(frozen=True)
class SinkMetrics:
    """One sink."""

    table: str
    written: int


@dataclass(frozen=True)
class PartitionTime:
    """The event time of one partition: its watermark in ms of the epoch, None before the first one, and whether it was
    ever left out of its source's watermark, as idle, since the job's last start or restart."""

    watermark: int | None
    left_out: bool


@dataclass(frozen=True)
class Progress:
    """A job's sources and sinks, in the order of its vertices."""

    sources: tuple[SourceMetrics, ...]
    sinks: tuple[SinkMetrics, ...]


def progress(cluster: FlinkCluster, job: JobDetail, patience: float = 4) -> Progress:
    """Read the counters of a job as they are now; for one that has ended, as they last were.

    The JobManager collects metrics only when somebody asks, and answers with what it had before: so this
    asks, waits a second and asks again, for up to `patience` seconds while a running job shows no source.
    With a patience of 0 the counters are those of the last time somebody asked, or up to 10 s old.

    Raises Unreachable, or Refused if the cluster has forgotten the job meanwhile.
    """
    before = found = _collect(cluster, job)
    deadline = time.monotonic() + patience
    while not job.ended and time.monotonic() < deadline:
        time.sleep(_COLLECTED)
        before, found = found, _collect(cluster, job)
        if found.sources:
            break
    known = {each.table: each for each in before.sources} if before is not found else {}
    return replace(found, sources=tuple(each.since(known.get(each.table)) for each in found.sources))


def _collect(cluster: FlinkCluster, job: JobDetail) -> Progress:
    sources: list[SourceMetrics] = []
    sinks: list[SinkMetrics] = []
    for vertex in job.vertices:
        names = metric_names(cluster, job.id, vertex)
        source = next((match for name in names if (match := _SOURCE.match(name))), None)
        writers = [match["operator"] for name in names if (match := _WRITER.match(name))]
        if source is not None:
            sources.append(_source(cluster, job, vertex, source["operator"], names))
        for writer in writers:
            name = f"{writer}.numRecordsSend"
            sums = aggregate(cluster, job.id, vertex, [name], "sum")
            sinks.append(SinkMetrics(table_of(writer.removesuffix("__Writer")), int(sums.get(name, 0))))
    return Progress(tuple(sources), tuple(sinks))


def renew(cluster: FlinkCluster, job: JobDetail) -> None:
    """Have the JobManager collect metrics: what is asked next is of now, and not of when somebody last asked."""
    for vertex in job.vertices[:1]:
        metric_names(cluster, job.id, vertex)
    time.sleep(_COLLECTED)


def read_up_to(cluster: FlinkCluster, job: JobDetail) -> dict[tuple[str, int], int]:
    """The offset of the last record that was read, by `metric_text` of the topic and partition, -1 before the first.

    Where several sources read a partition, that of the slowest. As old as `progress`'s counters are with a patience of
    0; partitions that no subtask has are left out.
    """
    found: dict[tuple[str, int], int] = {}
    for match, offset in _highest(cluster, job, POSITION):
        place = (match["topic"], int(match["partition"]))
        found[place] = min(int(offset), found.get(place, int(offset)))
    return found


def partition_times(cluster: FlinkCluster, job: JobDetail) -> dict[tuple[str, int], PartitionTime]:
    """The event time of each partition, by `metric_text` of the topic and partition, as old as `read_up_to`'s offsets.

    Where several sources read a partition, that of the slowest. Partitions of sources whose watermark an operator
    behind them makes are left out.
    """
    marks: dict[tuple[str, int], float] = {}
    idle: set[tuple[str, int]] = set()
    for match, value in _highest(cluster, job, SPLIT):
        place = (match["topic"], int(match["partition"]))
        if match["what"] == "currentWatermark":
            marks[place] = min(value, marks.get(place, value))
        elif value > 0:
            idle.add(place)
    return {place: PartitionTime(_watermark(mark), place in idle) for place, mark in marks.items()}


def _highest(
    cluster: FlinkCluster, job: JobDetail, pattern: re.Pattern[str]
) -> Iterator[tuple[re.Match[str], float]]:
    """The metrics of such names, over the subtasks: the one that had a partition before may still tell of it."""
    for vertex in job.vertices:
        matches = {
            name: match for name in metric_names(cluster, job.id, vertex) if (match := pattern.match(name))
        }
        highest = aggregate(cluster, job.id, vertex, list(matches), "max")
        yield from ((matches[name], value) for name, value in highest.items())


def metric_text(name: str) -> str:
    """A name as it stands in those of metrics."""
    return re.sub(r"[.:\s,]", "_", name)


def metric_names(cluster: FlinkCluster, job_id: str, vertex: Vertex) -> tuple[str, ...]:
    """Names of the metrics that a vertex's subtasks report, sorted; none where they may not be asked for."""
    try:
        answer = cluster.http.get(f"/jobs/{job_id}/vertices/{vertex.id}/subtasks/metrics")
    except Forbidden:
        return ()
    return tuple(sorted(str(entry["id"]) for entry in answer))


def aggregate(
    cluster: FlinkCluster, job_id: str, vertex: Vertex, names: list[str], how: str
) -> dict[str, float]:
    """Metrics of a vertex over its subtasks. `how` is 'sum', 'min', 'max' or 'avg'.

    Metrics that no subtask reports are left out.
    """
    path = f"/jobs/{job_id}/vertices/{vertex.id}/subtasks/metrics"
    answers = (cluster.http.get(path, {"get": ",".join(part), "agg": how}) for part in in_requests(names))
    return {str(entry["id"]): float(entry[how]) for answer in answers for entry in answer}


def watermarks(cluster: FlinkCluster, job_id: str, vertex: Vertex) -> tuple[int | None, ...]:
    """The input watermark of each subtask in ms of the epoch; empty for a source, None before the first."""
    answer = cluster.http.get(f"/jobs/{job_id}/vertices/{vertex.id}/watermarks")
    return tuple(_watermark(float(entry["value"])) for entry in answer)


def emitted_counter(job: JobDetail, vertex: Vertex) -> str:
    """The name of the counter of what came out of a source, without what did not parse."""
    chained = vertex.operators[1:2]
    if not chained:
        return "numRecordsOut"
    return f"{_metric_name(chained[0])}.numRecords{'In' if is_filtered(job, vertex) else 'Out'}"


def is_filtered(job: JobDetail, vertex: Vertex) -> bool:
    """Whether what comes out of a source goes, uncounted, through an operator that may drop rows."""
    return any(job.drops_rows(vertex, each) for each in vertex.operators[1:2])


def _source(
    cluster: FlinkCluster, job: JobDetail, vertex: Vertex, operator: str, names: tuple[str, ...]
) -> SourceMetrics:
    emitted = emitted_counter(job, vertex)
    read, behind, watermark, rate = (
        f"{operator}.{metric}"
        for metric in ("numRecordsIn", "pendingRecords", "currentOutputWatermark", "numRecordsInPerSecond")
    )
    if emitted not in names:
        emitted = read
    sums = _untorn(cluster, job, vertex, [read, emitted, behind, rate, *_CLOCK])
    reached = aggregate(cluster, job.id, vertex, [watermark], "min").get(watermark)
    if reached is not None and _watermark(reached) is None:
        reached = aggregate(cluster, job.id, vertex, [watermark], "max").get(watermark)
    return SourceMetrics(
        table=table_of(vertex.operators[0].removeprefix("Source: ")),
        read=int(sums.get(read, 0)),
        emitted=int(sums.get(emitted, sums.get(read, 0))),
        behind=int(sums[behind]) if behind in sums else None,
        watermark=_watermark(reached),
        filtered=is_filtered(job, vertex),
        clock=sum(sums.get(name, 0.0) for name in _CLOCK) / max(vertex.parallelism, 1),
        rate=sums.get(rate, 0.0),
    )


def _untorn(cluster: FlinkCluster, job: JobDetail, vertex: Vertex, names: list[str]) -> dict[str, float]:
    """The sums of metrics, all of one collection: the JobManager may be taking in the next one while it answers."""
    found: dict[str, float] = {}
    for _ in range(_TORN):
        before, found = found, aggregate(cluster, job.id, vertex, names, "sum")
        if found == before:
            break
    return found


def _metric_name(operator: str) -> str:
    return metric_text(operator)[:_LONGEST_NAME]


def table_of(operator: str) -> str:
    """The table in the name of a source's or sink's operator: 'clicks' of 'KafkaSource-a.b.clicks'."""
    match = _TABLE.match(operator)
    return match["table"] if match else operator


def _watermark(value: float | None) -> int | None:
    # Long.MIN_VALUE and MAX_VALUE come back as the nearest floats.
    if value is None or value <= _NO_WATERMARK or value >= float(_END_OF_TIME):
        return None
    return int(value)
