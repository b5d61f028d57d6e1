"""What came too late for what, and the query that leaves just that out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from juncture.validation.oracle.columns import quoted
from juncture.validation.oracle.meeting import Record
from juncture.validation.oracle.ranking import ARRIVAL, ARRIVED, without
from juncture.validation.oracle.shape import Side

Watermarks = Mapping[str, Mapping[Record, int]]
"""By source and record, the watermark behind which it came to its window."""


@dataclass(frozen=True)
class Timing:
    """Effects of lateness on one query; without any, all its events came in time.

    `apart` are rows of an interval join that did not meet; `versions` what rows of a temporal join found instead of
    the version of their time; `watermarks` what came behind which watermark to its windows.
    """

    left: Side | None = None
    right: Side | None = None
    apart: frozenset[tuple[Record, Record]] = frozenset()
    versions: Mapping[Record, Record | None] = field(default_factory=dict)
    watermarks: Watermarks = field(default_factory=dict)

    @property
    def pairs(self) -> bool:
        """Whether it is about pairs of rows."""
        return bool(self.apart or self.versions)


def keep_apart(query: exp.Expr, timing: Timing) -> None:
    """Have the only join of a query look at where its rows stand in their topics, in place, before it is rewritten."""
    if not timing.pairs or timing.left is None or timing.right is None:
        return
    for side in (timing.left, timing.right):
        for node in query.find_all(exp.Table):
            if (node.alias or node.name) == side.alias and not node.args.get("version"):
                node.set("alias", exp.TableAlias(this=exp.to_identifier(side.alias)))
                node.set("this", exp.to_identifier(f"{side.source}{ARRIVED}"))
    select, join = query.find(exp.Select), query.find(exp.Join)
    assert select is not None
    assert join is not None
    without(select, {timing.left.alias: ARRIVAL, timing.right.alias: ARRIVAL})
    if timing.apart:
        pairs = _tuples([*left, *right] for left, right in timing.apart)
        condition = f"{_pair(timing.left, timing.right)} NOT IN ({pairs})"
        join.set("on", exp.and_(join.args["on"].copy(), exp.Var(this=f"({condition})")))


def version_found(valid: exp.Expr, timing: Timing | None) -> exp.Expr:
    """`valid`, the condition that a version is that of its row's time, except for rows that found another."""
    if timing is None or not timing.versions or timing.left is None or timing.right is None:
        return valid
    left = ", ".join(f"{quoted(timing.left.alias)}.{quoted(name)}" for name in ARRIVAL)
    others = f"(({left}) NOT IN ({_tuples(timing.versions)}))"
    found = [[*row, *version] for row, version in timing.versions.items() if version is not None]
    usual = exp.and_(exp.Var(this=others), valid)
    if not found:
        return usual
    return exp.or_(usual, exp.Var(this=f"({_pair(timing.left, timing.right)} IN ({_tuples(found)}))"))


def watermark_of(source: str, watermarks: Watermarks) -> str | None:
    """SQL for the watermark behind which a row of a source came, None if none of them came late."""
    late = watermarks.get(source)
    if not late:
        return None
    entries = ", ".join(f"'{record.partition}/{record.offset}': {value}" for record, value in late.items())
    place = " || '/' || ".join(quoted(name) for name in ARRIVAL)
    return f"COALESCE(MAP {{{entries}}}[{place}], {-(2**62)})"


def _pair(left: Side, right: Side) -> str:
    names = [f"{quoted(side.alias)}.{quoted(name)}" for side in (left, right) for name in ARRIVAL]
    return f"({', '.join(names)})"


def _tuples(rows: Iterable[Iterable[int]]) -> str:
    return ", ".join(f"({', '.join(str(each) for each in row)})" for row in rows)
