"""What of a job is to be watched: its sources, what waits for their event time, and how long each may take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from juncture.checks.case import Case
from juncture.checks.windows import join_windows
from juncture.checks.wording import describe
from juncture.errors import Location
from juncture.model.compilation import Compilation
from juncture.model.duration import flink_millis
from juncture.model.flow import watermark_delays, watermark_push_down
from juncture.model.operators import join_operators
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.project import JobFile
from juncture.model.rendered import RenderedJob
from juncture.model.timed import interval_bounds

_LONGEST_NAME = 80
"""Of an operator: Flink cuts it in metrics."""
_REPLACED = re.compile(r"[^a-zA-Z0-9:_]")
_CATALOG = "default_catalog.default_database."
_INTERVAL, _TIMEOUT = "execution.checkpointing.interval", "execution.checkpointing.timeout"
_TRANSACTION = "properties.transaction.timeout.ms"
_OF_CONNECTOR = "3600000"
"""What Flink's connector takes for that if nobody says."""
_AT_LEAST = 60
"""Seconds: what a scrape and a checkpoint's hiccup may take is nobody's worry."""


def label(text: str) -> str:
    """A value as Flink's reporter writes it: whatever is no letter, digit, colon or underscore becomes one."""
    return _REPLACED.sub("_", text)


@dataclass(frozen=True)
class Source:
    """A table on Kafka. `marks` is the operator that makes its watermark, as a label; None where there is none.

    Seconds: `delay` is what its watermark waits, `idle` after which a silent partition is left out of it.
    """

    table: str
    operator: str
    marks: str | None
    delay: float
    idle: float
    location: Location


@dataclass(frozen=True)
class Waiting:
    """An operator that waits for event time. Seconds: `window` is how far apart the times that it compares may be,
    `delayed` how far operators before it hold watermarks back by themselves."""

    operator: str
    named: str
    sources: tuple[Source, ...]
    window: float
    delayed: float
    counts_late: bool
    location: Location


@dataclass(frozen=True)
class Subject:
    """A job as it is watched; times in seconds. `transaction` is None where the sink has no transactions, or its
    table does not tell how long they may take."""

    job: str
    project: str
    environment: str
    label: str
    path: Location
    sources: tuple[Source, ...]
    waiting: tuple[Waiting, ...]
    sink: Location
    interval: float
    timeout: float
    transaction: float | None

    @property
    def slack(self) -> float:
        """What is taken back by a restart from the last checkpoint, and by the start: not worth an alert."""
        return max(3 * self.interval, _AT_LEAST)

    def may_lag(self, source: Source) -> float:
        """How far a source's watermark may be behind the clock."""
        return source.delay + source.idle + self.slack

    def may_be_held(self, waiting: Waiting) -> float:
        """How far an operator's watermark may be behind that of its furthest source."""
        idle = max((source.idle for source in waiting.sources), default=0.0)
        return waiting.window + waiting.delayed + idle + self.slack


def subject(rendered: RenderedJob, plan: CompiledPlan, authored: JobFile) -> Subject:
    """All that is to be watched of a job, by its plan."""
    case = Case(rendered, Compilation(plan=plan), authored)
    scans = _scans(case, plan)
    options = rendered.options
    joins = join_operators(rendered, plan)
    on_event_join = {form.uid for form in joins.taken}
    # Joins that run together are one operator, which has the name of the last.
    inside = {uid for chain in joins.chains for uid in chain[:-1]}
    sink = case.sink
    return Subject(
        job=rendered.job.name,
        project=rendered.project,
        environment=rendered.environment,
        label=label(options["pipeline.name"]),
        path=authored.locate("checkpointing"),
        sources=tuple(scans.values()),
        waiting=tuple(
            _waiting(case, plan, node, scans, node.uid in on_event_join)
            for node in case.event_time_operators
            if node.uid not in inside
        ),
        sink=sink.statement.locate(sink.offset) if sink else authored.locate("sink"),
        interval=_seconds(options, _INTERVAL, 10.0),
        timeout=_seconds(options, _TIMEOUT, 600.0),
        transaction=_transaction(sink.options.get(_TRANSACTION, _OF_CONNECTOR))
        if sink is not None and rendered.job.delivery == "exactly-once"
        else None,
    )


def _scans(case: Case, plan: CompiledPlan) -> dict[str, Source]:
    found: dict[str, Source] = {}
    topics = case.rendered.topics
    assigners = {table: node for node in plan.of_kind("watermark-assigner") for table in plan.tables(node)}
    delays = watermark_delays(plan)
    for scan in plan.of_kind("table-source-scan"):
        for table in plan.tables(scan):
            if table not in topics or table in found:
                continue
            operator = label(f"Source: KafkaSource-{_CATALOG}{table}"[:_LONGEST_NAME])
            pushed = watermark_push_down(scan)
            behind = _operator(assigners[table]) if table in assigners else None
            found[table] = Source(
                table=table,
                operator=operator,
                marks=operator if pushed is not None else behind,
                delay=delays[table] / 1000,
                idle=_idle(pushed, case.rendered.options),
                location=case.in_table(table, clause="watermark"),
            )
    return found


def _waiting(
    case: Case, plan: CompiledPlan, node: PlanNode, scans: Mapping[str, Source], counts_late: bool
) -> Waiting:
    flow = case.flow
    assert flow is not None  # there is a plan
    windows = {each.uid: each.upper - each.lower for each in join_windows(plan)}
    before = [each for each in plan.upstream(node) if each.kind == "interval-join" and each.id != node.id]
    return Waiting(
        operator=_operator(node),
        named=describe(flow, node),
        sources=tuple(scans[table] for table in plan.tables(node) if table in scans and scans[table].marks),
        window=windows.get(node.uid, 0) / 1000,
        delayed=sum(interval_bounds(each).reach for each in before) / 1000,
        counts_late=counts_late,
        location=case.place(node),
    )


def _operator(node: PlanNode) -> str:
    """An operator's name in metrics: IntervalJoin[6]."""
    name = "".join(part.capitalize() for part in node.kind.split("-"))
    return label(f"{name}[{node.id}]"[:_LONGEST_NAME])


def _idle(pushed: Mapping[str, object] | None, options: Mapping[str, str]) -> float:
    own = (pushed or {}).get("watermarkParams")
    millis = own.get("sourceIdleTimeout") if isinstance(own, dict) else None
    if isinstance(millis, int) and millis > 0:
        return millis / 1000
    return _seconds(options, "table.exec.source.idle-timeout", 0.0)


def _transaction(millis: str) -> float | None:
    """Seconds of what may be a variable's name in place of a number: then it is not known here."""
    return int(millis) / 1000 if millis.isdecimal() else None


def _seconds(options: Mapping[str, str], key: str, default: float) -> float:
    text = options.get(key, "")
    if text.isdigit():  # Flink takes a plain number for milliseconds
        return int(text) / 1000
    try:
        return flink_millis(text) / 1000 if text else default
    except ValueError:
        return default
