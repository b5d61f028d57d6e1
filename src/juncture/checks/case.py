"""What a rule looks at: a rendered job, what the planner made of it, and where it was authored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from juncture.checks.places import Places
from juncture.checks.tables import Table, read_table
from juncture.errors import Location
from juncture.model.compilation import Compilation
from juncture.model.flow import JOINS, Flow, is_event_time
from juncture.model.joins import JoinForm, JoinStrategy, join_forms
from juncture.model.plan import PlanNode
from juncture.model.project import JobFile
from juncture.model.rendered import RenderedJob

_AUTHORED = {
    "group-aggregate": ("GROUP", "DISTINCT"),
    "rank": ("ROW_NUMBER",),
    "deduplicate": ("ROW_NUMBER",),
}
"""Operators, and the words of the query that ask for them."""


@dataclass(frozen=True)
class Case:
    """One job under check. All that is derived is computed once, when a rule first asks."""

    rendered: RenderedJob
    compilation: Compilation
    authored: JobFile | None = None

    @property
    def job_file(self) -> JobFile:
        """The job's file; without the places in it where they are not known."""
        job = self.rendered.job
        return self.authored or JobFile(job=job, path=f"jobs/{job.name}.yaml")

    @cached_property
    def tables(self) -> dict[str, Table]:
        """The sources and the sink, by name."""
        statements = self.rendered.statements
        return {s.name: read_table(s) for s in statements if s.kind != "insert"}

    @cached_property
    def sink(self) -> Table | None:
        return next((table for table in self.tables.values() if table.statement.kind == "sink"), None)

    @cached_property
    def flow(self) -> Flow | None:
        """The plan; None where Flink made none."""
        plan = self.compilation.plan
        tables = self.tables
        return Flow(plan, lambda name: name in tables and tables[name].is_changelog) if plan else None

    @cached_property
    def join_forms(self) -> tuple[JoinForm, ...]:
        """What each join of the plan runs on; none where Flink made no plan."""
        return self._join_forms(self.rendered.job.join_strategy)

    @cached_property
    def event_joins(self) -> frozenset[str]:
        """Uids of the joins that run on the event join."""
        return frozenset(each.uid for each in self.join_forms if each.bounds)

    @cached_property
    def possible_event_joins(self) -> frozenset[str]:
        """Uids of the joins that could run there."""
        return frozenset(each.uid for each in self._join_forms("auto") if each.bounds)

    def _join_forms(self, strategy: JoinStrategy) -> tuple[JoinForm, ...]:
        plan = self.compilation.plan
        return join_forms(plan, strategy, self.rendered.options, self.rendered.changelogs) if plan else ()

    @cached_property
    def places(self) -> Places:
        return Places(self.rendered)

    def in_query(self, offset: int) -> Location:
        """The author's place of an offset in the insert statement."""
        return self.rendered.insert.locate(offset)

    def in_table(self, name: str, *, column: str | None = None, clause: str | None = None) -> Location:
        """A table's column, its 'watermark' or 'key' clause, or its name where it has none of these."""
        table = self.tables[name]
        offset = table.offset
        found = table.column(column) if column else None
        if found is not None:
            offset = found.offset
        if clause == "watermark" and table.watermark:
            offset = table.watermark[1]
        if clause == "key" and table.key:
            offset = table.key[1]
        return table.statement.locate(offset)

    def tables_named(self, alias: str | None) -> tuple[Table, ...]:
        """The tables that an alias of the query stands for; all that it reads without one."""
        found = [named.table for named in self.places.named() if alias in (None, named.alias)]
        return tuple(self.tables[name] for name in dict.fromkeys(found) if name in self.tables)

    def column_type(self, alias: str | None, column: str) -> str | None:
        """The type of a column as its source declares it; None where it does not say."""
        declared = (table.column(column) for table in self.tables_named(alias))
        return next((found.type for found in declared if found and found.type), None)

    def place(self, node: PlanNode) -> Location:
        """Where an operator of the plan is authored, as near as can be told."""
        flow = self.flow
        if flow is None:
            return self.in_query(self.places.query)
        if node.kind in JOINS or node.kind == "lookup-join":
            return self.in_query(self.places.join(flow, node))
        if node.kind in ("table-source-scan", "changelog-normalize"):
            return self.in_query(self.places.scan(flow, flow.scans(node)[0]))
        if node.kind in _AUTHORED:
            places = self.places.occurrences(*_AUTHORED[node.kind])
            alike = [o.id for o in flow.plan.nodes if _AUTHORED.get(o.kind) == _AUTHORED[node.kind]]
            if places:
                return self.in_query(places[min(alike.index(node.id), len(places) - 1)])
        return self.in_query(self.places.query)

    @cached_property
    def event_time_operators(self) -> tuple[PlanNode, ...]:
        """The operators that wait for watermarks."""
        if self.flow is None:
            return ()
        nodes = self.flow.plan.nodes
        return tuple(node for node in nodes if is_event_time(node) or node.uid in self.event_joins)

    @cached_property
    def watermarked(self) -> frozenset[int]:
        """Ids of the scans that send watermarks, from the source itself or from an operator after it."""
        return self.flow.watermarked if self.flow is not None else frozenset()
