"""A staying job watched through its own metrics: what it has read, and how far event time is.

Names as Flink 2.3 and its Kafka connector 5.0 report them for each subtask; a source's operator stands in front:

- `….KafkaSourceReader.topic.page-clicks_ab12.partition.0.currentOffset`: of the last record handed on, malformed
  ones too; -1 before the first since the job's start;
- `….split.page-clicks_ab12-0.watermark.currentWatermark` and `….accumulatedIdleTimeMs`: of one partition;
- `IntervalJoin[6].currentInputWatermark`: the lower one of both sides; `IntervalJoin[11].IntervalJoin[6]....` where the
  join is part of an operator for several;
- `clicks[8]__Writer.numRecordsSend`: records handed to Kafka.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace

from juncture.flink.answers import JobDetail, Vertex
from juncture.flink.http import NotFound, in_requests
from juncture.flink.metrics import emitted_counter, is_filtered, table_of
from juncture.flink.rest import FlinkCluster
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.timed import interval_bounds
from juncture.validation.harness.timeline import JoinSeen, Observation, SourceSeen, SplitSeen

_OFFSET = re.compile(
    r"^\d+\.(?P<op>Source__.*)\.KafkaSourceReader\.topic\..*\.partition\.(?P<n>\d+)\.currentOffset$"
)
_SPLIT = re.compile(
    r"^\d+\.(?P<op>Source__.*)\.split\..*-(?P<n>\d+)\.watermark\.(?P<what>currentWatermark|accumulatedIdleTimeMs)$"
)
_READ = re.compile(r"^\d+\.Source__.*(?<!KafkaConsumer)\.numRecordsIn$")
_JOIN = re.compile(
    r"^\d+\.(?P<last>\w*Join\[\d+\]\.)?\w*Join\[(?P<node>\d+)\]\.current(?P<side>Input|Output)Watermark$"
)
_JOINS = re.compile(r"^\w*Join\[\d+\]$")
_SENT = re.compile(r"^\d+\..*__Writer\.numRecordsSend$")
_NONE = -(2**63)

_REPORTS = 6.0
"""Seconds within which Flink reports anew how long a partition was idle: every five."""

Values = dict[str, str]


class Observer:
    """Reads the metrics of one job.

    Args:
        cluster: where it runs.
        job_id: the job.
        partitions: of each source's topic, by source.
        plan: the job's.
    """

    def __init__(
        self, cluster: FlinkCluster, job_id: str, partitions: Mapping[str, int], plan: CompiledPlan
    ) -> None:
        self._cluster, self._job_id, self._partitions = cluster, job_id, partitions
        self._feeding = {node.id: _feeding(plan, node) for node in plan.nodes if "join" in node.kind}
        self._lags = {node.id: interval_bounds(node).reach for node in plan.of_kind("interval-join")}
        self._detail: JobDetail | None = None
        self._names: dict[str, tuple[str, ...]] = {}
        self._idle: dict[tuple[str, int], tuple[float, int, float]] = {}

    def forget(self) -> None:
        """Look anew for what there is to read: the job was restarted."""
        self._names.clear()
        self._idle.clear()

    def observe(self) -> Observation | None:
        """The metrics as the JobManager has them; None while it has not heard of all of them yet."""
        if self._detail is None or not self._detail.vertices:
            self._detail = self._cluster.job(self._job_id)
        if self._detail is None:
            return None
        sources: dict[str, SourceSeen] = {}
        inputs: dict[int, list[int]] = {}
        outputs: dict[int, list[int]] = {}
        written = 0
        for vertex in self._detail.vertices:
            values = self._values(vertex)
            if values is None:
                return None
            if vertex.name.startswith("Source: "):
                source = self._source(vertex, values)
                if source is None:
                    return None
                sources[source.table] = source
            for name, value in values.items():
                if join := _JOIN.match(name):
                    side = inputs if join["side"] == "Input" else outputs
                    side.setdefault(int(join["node"]), []).append(int(value))
                elif _SENT.match(name):
                    written += int(value)
        if set(sources) != set(self._partitions):
            return None
        joins = {
            node: JoinSeen(*self._reached(node, min(found), min(outputs.get(node, [_NONE]))))
            for node, found in sorted(inputs.items())
        }
        return Observation(self._overtaken(sources, joins), joins, written)

    def _reached(self, node: int, lowest: int, output: int) -> tuple[int | None, int | None]:
        """The watermark of a join, and the one it hands on.

        Flink tells the lower one of both inputs, idle or not. What it hands on is of those that are not idle.
        """
        handed = _watermark(output)
        known = [each for each in (_watermark(lowest), handed and handed + self._lags.get(node, 0)) if each]
        return max(known, default=None), handed

    def _overtaken(self, sources: dict[str, SourceSeen], joins: dict[int, JoinSeen]) -> dict[str, SourceSeen]:
        """The sources, with partitions that a join's event time has overtaken seen as idle: else they held it back."""
        found = dict(sources)
        for node, above in self._feeding.items():
            join = joins.get(node)
            for name in above:
                if join is None or join.input is None or not isinstance(name, str):
                    continue
                splits = tuple(
                    replace(each, idle=each.idle or each.watermark is None or each.watermark < join.input)
                    for each in found[name].splits
                )
                found[name] = replace(found[name], splits=splits, watermark=_lowest(splits))
        return found

    def watermark_for(self, source: str, seen: Observation) -> int | None:
        """The watermark of the first join that takes records of a source."""
        taking = [node for node, above in self._feeding.items() if source in above and node in seen.joins]
        return seen.joins[taking[0]].input if taking else None

    def under_way(self, seen: Observation) -> str | None:
        """Which join has not heard yet how far event time is above it; None if all have."""
        for node, join in seen.joins.items():
            above = [
                seen.sources[each].watermark if isinstance(each, str) else seen.joins[each].output
                for each in self._feeding.get(node, ())
                if not (isinstance(each, str) and seen.sources[each].idle)
            ]
            known = [each for each in above if each is not None]
            if known and len(known) == len(above) and (join.input is None or join.input < min(known)):
                return f"the join has not heard of the watermark yet (operator {node})"
        return None

    def _values(self, vertex: Vertex) -> Values | None:
        base = f"/jobs/{self._job_id}/vertices/{vertex.id}/metrics"
        try:
            if vertex.id not in self._names:
                found = tuple(str(each["id"]) for each in self._cluster.http.get(base))
                wanted = tuple(name for name in found if self._wanted(vertex, name))
                if not self._complete(vertex, wanted):
                    return None
                self._names[vertex.id] = wanted
            values: Values = {}
            for names in in_requests(self._names[vertex.id]):
                answer = self._cluster.http.get(base, {"get": ",".join(names)})
                values |= {str(each["id"]): str(each["value"]) for each in answer}
        except NotFound:
            return None
        # An attempt that has just started does not report everything at once.
        return values if len(values) == len(self._names[vertex.id]) else None

    def _wanted(self, vertex: Vertex, name: str) -> bool:
        if vertex.name.startswith("Source: "):
            return bool(
                _OFFSET.match(name)
                or _SPLIT.match(name)
                or _READ.match(name)
                or name.partition(".")[2] == self._emitted(vertex)
            )
        return bool(_JOIN.match(name) or _SENT.match(name))

    def _complete(self, vertex: Vertex, names: tuple[str, ...]) -> bool:
        """Whether every subtask and every partition has reported."""
        if not vertex.name.startswith("Source: "):
            # A join has two watermarks, a writer one counter. Those of joins that are part of another come with its.
            expected = sum(
                2 * bool(_JOINS.match(each)) + each.endswith(": Writer") for each in vertex.operators
            )
            parts = sum(bool((match := _JOIN.match(name)) and match["last"]) for name in names)
            return len(names) - parts == expected * vertex.parallelism
        partitions = self._partitions.get(_table(vertex), 0)
        found = [match["n"] for name in names if (match := _OFFSET.match(name))]
        splits = [match["n"] for name in names if (match := _SPLIT.match(name))]
        return len(set(found)) == partitions and len(splits) in (0, 2 * partitions)

    def _emitted(self, vertex: Vertex) -> str:
        assert self._detail is not None
        return emitted_counter(self._detail, vertex)

    def _source(self, vertex: Vertex, values: Values) -> SourceSeen | None:
        table, emitted = _table(vertex), self._emitted(vertex)
        offsets: dict[int, int] = {}
        watermarks: dict[int, int] = {}
        idle: dict[int, float] = {}
        read = parsed = 0
        for name, value in values.items():
            if match := _OFFSET.match(name):
                offsets[int(match["n"])] = int(value)
            elif match := _SPLIT.match(name):
                number = int(match["n"])
                if match["what"] == "currentWatermark":
                    watermarks[number] = int(value)
                else:
                    idle[number] = float(value)
            elif _READ.match(name):
                read += int(value)
            elif name.partition(".")[2] == emitted:
                parsed += int(value)
        splits = tuple(
            SplitSeen(
                number,
                offset if offset >= 0 else None,
                _watermark(watermarks.get(number, _NONE)),
                self._is_idle(table, number, idle.get(number, 0.0), offset),
                int(idle.get(number, 0.0)),
            )
            for number, offset in sorted(offsets.items())
        )
        assert self._detail is not None
        filtered = is_filtered(self._detail, vertex)
        return SourceSeen(table, splits, _lowest(splits), max(read - parsed, 0), filtered)

    def _is_idle(self, table: str, number: int, accumulated: float, offset: int) -> bool:
        """Whether the time that a partition was idle for has grown in the last report, and nothing was read since."""
        now = time.monotonic()
        grown, of, at = self._idle.get((table, number), (accumulated, -2, 0.0))
        if accumulated > grown:
            of, at = offset, now
        self._idle[(table, number)] = (accumulated, of, at)
        return offset == of and now - at < _REPORTS


def _lowest(splits: tuple[SplitSeen, ...]) -> int | None:
    active = [split.watermark for split in splits if not split.idle]
    known = [each for each in active if each is not None]
    return min(known) if known and len(known) == len(active) else None


def _feeding(plan: CompiledPlan, join: PlanNode) -> tuple[str | int, ...]:
    """What is above a join: names of sources, numbers of other joins."""
    found: list[str | int] = []
    todo = list(plan.inputs(join))
    while todo:
        node = todo.pop(0)
        if "join" in node.kind:
            found.append(node.id)
        elif node.inputs:
            todo += plan.inputs(node)
        else:
            found += plan.tables(node)
    return tuple(found)


def _table(vertex: Vertex) -> str:
    return table_of(vertex.operators[0].removeprefix("Source: "))


def _watermark(value: int) -> int | None:
    return None if value <= _NONE or value >= -(_NONE + 1) else value
