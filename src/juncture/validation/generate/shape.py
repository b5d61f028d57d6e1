"""What a job's join depends on: its tables, which columns are compared as keys, and how times are bounded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from juncture.checks.tokens import tokens
from juncture.model.flow import JOINS, Flow, join_spec
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.rendered import RenderedJob
from juncture.validation.cases.lateness import watermark_delay
from juncture.validation.cases.schema import JobTables, read_tables

Name = tuple[str, str]
"""A source and one of its columns."""

HARMLESS = ("CAST", "REINTERPRET")


@dataclass(frozen=True)
class Bound:
    """`left` lies from `right` + `lower` to `right` + `upper`, both in milliseconds and included."""

    left: Name
    right: Name
    lower: int
    upper: int


@dataclass(frozen=True)
class Shape:
    """One job's join. `keys` are the columns that are compared for equality, each group's with one another.

    `required` are columns that may not be null, `read` those that the query names. `delays` are the event time's
    column of each source and how far its watermark stays behind, in milliseconds; a source without a watermark has
    none. `texts` and `numbers` are the query's constants.
    """

    tables: JobTables
    keys: tuple[frozenset[Name], ...]
    bounds: tuple[Bound, ...]
    required: frozenset[Name]
    read: frozenset[Name]
    delays: dict[str, tuple[str, int]]
    texts: tuple[str, ...]
    numbers: tuple[int, ...]


def shape_of(rendered: RenderedJob, plan: CompiledPlan) -> Shape:
    """Read it from the plan, its constants from the query's text.

    Raises OracleUnsupported for a table that does not lie on Kafka.
    """
    tables = read_tables(rendered)
    flow = Flow(plan, lambda name: name in tables.sources and tables.sources[name].is_changelog)
    pairs: list[tuple[Name, Name]] = []
    bounds: list[Bound] = []
    for node in plan.of_kind(*JOINS):
        if len(node.inputs) == 2:
            pairs += _pairs(flow, node)
            bounds += _bounds(flow, node)
    words = tokens(rendered.insert.text)
    named = {token.text for token in words if token.is_name}
    every = any(token.word == "*" for token in words)
    scans = plan.of_kind("table-source-scan")
    return Shape(
        tables=tables,
        keys=_groups(pairs),
        bounds=tuple(dict.fromkeys(bounds)),
        required=frozenset(
            (plan.tables(scan)[0], name) for scan in scans for name, kind in scan.fields if _is_required(kind)
        ),
        read=frozenset(
            (table.name, column.name)
            for table in tables.sources.values()
            for column in table.columns
            if every or column.name in named
        ),
        delays={
            statement.name: (found[0], found[1] // timedelta(milliseconds=1))
            for statement in rendered.statements
            if statement.kind == "source" and (found := watermark_delay(statement)) is not None
        },
        texts=tuple(
            dict.fromkeys(
                token.text
                for before, token in pairwise(words)
                if not token.word and not token.is_name and before.word != "INTERVAL"
            )
        ),
        numbers=tuple(dict.fromkeys(int(t.word) for t in words if t.word.isdigit() and len(t.word) < 10)),
    )


def _pairs(flow: Flow, node: PlanNode) -> list[tuple[Name, Name]]:
    spec = join_spec(node)
    left, right = flow.plan.inputs(node)
    found = []
    for a, b in zip(spec.get("leftKeys", ()), spec.get("rightKeys", ()), strict=True):
        one, other = _name(flow, left, a), _name(flow, right, b)
        if one is not None and other is not None:
            found.append((one, other))
    return found


def _bounds(flow: Flow, node: PlanNode) -> list[Bound]:
    left, right = flow.plan.inputs(node)
    window = (node.raw.get("intervalJoinSpec") or {}).get("windowBounds")
    if window:
        found = _name(flow, left, window["leftTimeIndex"]), _name(flow, right, window["rightTimeIndex"])
        limits = window["leftLowerBound"], window["leftUpperBound"]
    elif node.kind == "temporal-join" and node.raw.get("rightTimeAttributeIndex", -1) >= 0:
        times = node.raw["leftTimeAttributeIndex"], node.raw["rightTimeAttributeIndex"]
        found = _name(flow, left, times[0]), _name(flow, right, times[1])
        # The version whose time is the row's own is the last that counts.
        limits = (0, 0)
    else:
        return []
    return [] if found[0] is None or found[1] is None else [Bound(found[0], found[1], *limits)]


def _name(flow: Flow, node: PlanNode, index: int) -> Name | None:
    origins = [each for each in flow.origins(node, index) if not set(each.through) - set(HARMLESS)]
    return (origins[0].table, origins[0].column) if len(origins) == 1 else None


def _groups(pairs: list[tuple[Name, Name]]) -> tuple[frozenset[Name], ...]:
    groups: list[frozenset[Name]] = []
    for pair in pairs:
        touched = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if not group & set(pair)]
        groups.append(frozenset(pair).union(*touched))
    return tuple(groups)


def _is_required(kind: Any) -> bool:
    return kind.get("nullable") is False if isinstance(kind, dict) else str(kind).endswith("NOT NULL")
