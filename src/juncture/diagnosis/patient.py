"""What a rule looks at: what was seen of a job, its plan, and where it was authored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from juncture.checks.case import Case
from juncture.checks.wording import describe
from juncture.errors import Location
from juncture.flink.rocksdb import NAMES
from juncture.model.compilation import Compilation
from juncture.model.diagnosis import PlacedOperator
from juncture.model.flow import JOINS, Flow, join_type
from juncture.model.observation import Observation, VertexSeen, backend_of
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.project import JobFile
from juncture.model.rendered import RenderedJob
from juncture.model.sources_seen import SourceSeen
from juncture.model.timed import EXISTENCE, TimeBounds, existence_bounds, interval_bounds

_STATEFUL = (
    "join", "interval-join", "temporal-join", "window-join", "multi-join", "group-aggregate", "deduplicate", "rank",
    "changelog-normalize", "window-aggregate", "global-window-aggregate", "over-aggregate", "window-rank",
    "window-deduplicate", "delta-join",
)  # fmt: skip


@dataclass(frozen=True)
class Authored:
    """The files of the version that runs: the job as it is rendered from them, and the job's file."""

    rendered: RenderedJob
    file: JobFile


@dataclass(frozen=True)
class Patient:
    """One job under diagnosis. `authored` is None where the project's files are not those that it runs."""

    seen: Observation
    plan: CompiledPlan
    authored: Authored | None = None

    @cached_property
    def case(self) -> Case | None:
        if self.authored is None:
            return None
        return Case(self.authored.rendered, Compilation(plan=self.plan), self.authored.file)

    @cached_property
    def flow(self) -> Flow:
        found = self.case.flow if self.case is not None else None
        return found or Flow(self.plan, lambda table: False)

    @cached_property
    def event_joins(self) -> frozenset[str]:
        """Uids of the joins that are known to run on the event join."""
        return self.case.event_joins if self.case is not None else frozenset()

    def nodes(self, vertex: VertexSeen) -> tuple[PlanNode, ...]:
        """The plan's operators that run in a vertex."""
        return tuple(self.plan.by_id[number] for number in vertex.nodes if number in self.plan.by_id)

    def main_node(self, vertex: VertexSeen) -> PlanNode | None:
        """What a vertex is there for: its stateful operator, else its source or sink, else its first operator."""
        nodes = self.nodes(vertex)
        for kinds in (_STATEFUL, ("table-source-scan",), ("sink",)):
            for node in nodes:
                if node.kind in kinds:
                    return node
        return nodes[0] if nodes else None

    def named(self, vertex: VertexSeen) -> str:
        """A vertex in words: 'the join of orders with payments'."""
        node = self.main_node(vertex)
        return describe(self.flow, node) if node is not None else f"the operator {vertex.name[:60]}"

    def described(self, node: PlanNode) -> str:
        return describe(self.flow, node)

    def place(self, node: PlanNode | None) -> Location | None:
        """Where an operator is authored."""
        if self.case is None or node is None:
            return None
        return self.in_sink() if node.kind == "sink" else self.case.place(node)

    @property
    def operators(self) -> tuple[PlacedOperator, ...]:
        """Every operator of Flink's graph that the plan has, with its place."""
        return tuple(
            PlacedOperator(
                node=node.id,
                vertex=vertex.id,
                main=node is self.main_node(vertex),
                operator=self.described(node),
                location=self.place(node),
            )
            for vertex in self.seen.vertices
            for node in self.nodes(vertex)
        )

    def in_source(self, table: str, clause: str | None = None) -> Location | None:
        """Where a source is authored, or its 'watermark' clause."""
        if self.case is None or table not in self.case.tables:
            return None
        return self.case.in_table(table, clause=clause)

    def in_sink(self) -> Location | None:
        sink = self.case.sink if self.case is not None else None
        return sink.statement.locate(sink.offset) if sink is not None else None

    def in_job(self, *keys: str) -> Location | None:
        """A key of the job's file; the file where it is not in it."""
        return self.authored.file.locate(*keys) if self.authored is not None else None

    def kept(self, node: PlanNode) -> int | None:
        """How long a join keeps a row by its bounds on event times alone, in ms; None where it has none."""
        bounds = self._bounds(node)
        return bounds.upper - bounds.lower if bounds is not None else None

    def _bounds(self, node: PlanNode) -> TimeBounds | None:
        if node.kind == "interval-join":
            return interval_bounds(node)
        forms = self.case.join_forms if self.case is not None else ()
        return next((each.bounds for each in forms if each.uid == node.uid), None)

    def apart(self, node: PlanNode) -> int | None:
        """How far apart the event times of a pair of rows may be, in ms; None where the plan does not tell.

        A semi or anti join that Flink runs keeps its rows for ever, and has bounds all the same.
        """
        bounds: TimeBounds | str | None = self._bounds(node)
        if bounds is None and join_type(node) in EXISTENCE:
            bounds = existence_bounds(self.flow, node)
        return max(-bounds.lower, bounds.upper) if isinstance(bounds, TimeBounds) else None

    @property
    def path(self) -> str:
        """The job's file."""
        return self.authored.file.path if self.authored is not None else f"jobs/{self.seen.job}.yaml"

    def event_time_operators(self, table: str) -> tuple[PlanNode, ...]:
        """The operators that wait for the watermark of a source, in the plan's order."""
        return tuple(node for node in self.waiting if table in self.plan.tables(node))

    @cached_property
    def waiting(self) -> tuple[PlanNode, ...]:
        """The operators that wait for watermarks, in the plan's order."""
        if self.case is not None:
            return self.case.event_time_operators
        kinds = (
            "interval-join",
            "window-join",
            "temporal-join",
            "window-aggregate",
            "global-window-aggregate",
        )
        return self.plan.of_kind(*kinds)

    def join_of(self, table: str) -> PlanNode | None:
        """The first join that a source's rows come to."""
        return next((node for node in self.plan.of_kind(*JOINS) if table in self.plan.tables(node)), None)

    def reader_of(self, table: str) -> str:
        """Whom it concerns that a source has no rows: the first join that they come to, or else the source."""
        node = self.join_of(table)
        return self.described(node) if node is not None else f"the source {table}"

    def silenced_by(self, table: str) -> str:
        """What comes out as long as a source has no rows: 'the join of a with b gives out nothing'."""
        node = self.join_of(table)
        if node is None:
            return "nothing comes out"
        kind, named = join_type(node), self.described(node)
        first = table in self.plan.tables(self.plan.inputs(node)[0])
        if kind == "FULL" or (kind in ("LEFT", "ANTI") and not first) or (kind == "RIGHT" and first):
            return f"{named} gives out rows without a partner alone"
        return f"{named} gives out nothing"

    def sources_of(self, vertex: VertexSeen) -> tuple[SourceSeen, ...]:
        """The sources whose records a vertex gets."""
        tables = {name for node in self.nodes(vertex) for name in self.plan.tables(node)}
        return tuple(source for source in self.seen.sources if source.table in tables)

    @property
    def steady(self) -> bool:
        """Whether the job ran all through the observation, so that its counters say something.

        That is told some time after it, when threads and topics have been sampled, too.
        """
        told = self.seen.at.timestamp() * 1000 - self.seen.seconds * 1000
        began = min((each.at for each in self.seen.course), default=told)
        return (
            self.seen.state == "RUNNING"
            and not self.seen.waiting
            and not self.seen.beginning
            and all(each.at < began for each in self.seen.failures)
        )

    @property
    def backend(self) -> str:
        """Where state is: 'rocksdb' or 'hashmap', or another name that the options have."""
        return backend_of(self.seen.options)

    @property
    def store(self) -> str:
        """What keeps state off the heap, in words: 'RocksDB' or 'ForSt'."""
        return NAMES.get(self.backend, "RocksDB")
