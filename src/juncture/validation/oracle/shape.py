"""What of a query depends on event time: which of Flink's operators its rows pass, and over which columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from juncture.errors import Location
from juncture.model.joins import JoinStrategy
from juncture.validation.oracle.casts import interval
from juncture.validation.oracle.meeting import Bounds
from juncture.validation.oracle.ranking import limit_of
from juncture.validation.oracle.scalars import Locate
from juncture.validation.oracle.tables import Table
from juncture.validation.oracle.unsupported import OracleUnsupported

_CLEANUP = "table.exec.interval-join.min-cleanup-interval"


@dataclass(frozen=True)
class Side:
    """One side of a join: a source, what the query calls it, and its columns that must equal the other's."""

    source: str
    alias: str
    time: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class IntervalJoin:
    """Rows that wait for each other. Of `null_safe` keys NULL equals NULL."""

    left: Side
    right: Side
    bounds: Bounds
    null_safe: tuple[bool, ...]


@dataclass(frozen=True)
class TemporalJoin:
    """Rows of the left that get the right's version of their time."""

    left: Side
    right: Side


@dataclass(frozen=True)
class Windows:
    """Rows that are dropped from each window that has ended. `sources` feed one operator."""

    sources: tuple[str, ...]


@dataclass(frozen=True)
class FirstRows:
    """The first rows by event time, of which late ones are dropped."""

    source: str


@dataclass(frozen=True)
class Timeless:
    """Rows that are the same whenever they come."""


Shape = IntervalJoin | TemporalJoin | Windows | FirstRows | Timeless


def shape_of(
    query: exp.Expr,
    tables: Mapping[str, Table],
    options: Mapping[str, str],
    locate: Locate,
    strategy: JoinStrategy = "flink",
) -> Shape:
    """Read it off a query in Flink's dialect; `strategy` is the job's.

    Raises OracleUnsupported for a query with several such operators one behind the other, and for conditions whose
    meaning for time is not clear.
    """
    sources = [node for node in query.find_all(exp.Table) if node.name in tables]
    if any(isinstance(node.this, exp.Anonymous) for node in query.find_all(exp.Table)):
        return _windows(query, sources, locate)
    numbered = [each for each in query.find_all(exp.Window) if isinstance(each.this, exp.RowNumber)]
    if numbered:
        return _ranked(query, numbered, sources, tables, locate)
    joins = list(query.find_all(exp.Join))
    if not joins and len(sources) == 1:
        return Timeless()
    if not isinstance(query, exp.Select) or len(joins) != 1 or len(sources) != 2 or query.find(exp.Subquery):
        raise _several(joins[1] if len(joins) > 1 else query, locate)
    join = joins[0]
    if join.args.get("on") is None or not isinstance(join.this, exp.Table):
        raise _several(join, locate)
    left, right = query.args["from_"].this, join.this
    shape = _join(query, join, (left, right), tables, options, locate)
    if isinstance(shape, IntervalJoin) and strategy != "flink" and _on_event_join(shape):
        return replace(shape, bounds=replace(shape.bounds, exact=True))
    return shape


def _on_event_join(shape: IntervalJoin) -> bool:
    """As `join_forms` has it of the plan."""
    bounds = shape.bounds
    return bool(shape.left.keys) and bounds.lower <= bounds.upper and not bounds.lingering


def _several(node: exp.Expr, locate: Locate) -> OracleUnsupported:
    return OracleUnsupported(
        "late events of anything but one join of two topics, or a window or ranking over one", locate(node)
    )


def _windows(query: exp.Expr, sources: list[exp.Table], locate: Locate) -> Shape:
    windowed = [node for node in sources if isinstance(node.parent, exp.Anonymous)]
    further = query.find(exp.Group, exp.Window)
    if len(windowed) != len(sources) or len(sources) > 2 or (len(sources) == 2 and further):
        raise _several(query, locate)
    return Windows(tuple(node.name for node in sources))


def _ranked(
    query: exp.Expr,
    numbered: list[exp.Window],
    sources: list[exp.Table],
    tables: Mapping[str, Table],
    locate: Locate,
) -> Shape:
    if len(numbered) > 1 or len(sources) > 1 or query.find(exp.Join):
        raise _several(query, locate)
    ordered = numbered[0].args["order"].expressions
    by_time = len(ordered) == 1 and ordered[0].this.name == tables[sources[0].name].rowtime
    alias = numbered[0].parent.alias if isinstance(numbered[0].parent, exp.Alias) else ""
    if by_time and not ordered[0].args.get("desc") and limit_of(query, alias) == 1:
        return FirstRows(sources[0].name)
    return Timeless()


def _join(
    query: exp.Select,
    join: exp.Join,
    nodes: tuple[exp.Table, exp.Table],
    tables: Mapping[str, Table],
    options: Mapping[str, str],
    locate: Locate,
) -> Shape:
    aliases = tuple(node.alias or node.name for node in nodes)
    read = tuple(tables[node.name] for node in nodes)

    def side(node: exp.Expr) -> int | None:
        if not isinstance(node, exp.Column):
            return None
        if node.table:
            return aliases.index(node.table) if node.table in aliases else None
        having = [i for i, table in enumerate(read) if any(c.name == node.name for c in table.columns)]
        return having[0] if len(having) == 1 else None

    conjuncts = list(_conjuncts(join.args["on"]))
    if not join.side and query.args.get("where"):
        conjuncts += _conjuncts(query.args["where"].this)
    keys: list[tuple[str, str]] = []
    null_safe: list[bool] = []
    lower: list[int] = []
    upper: list[int] = []
    for each in conjuncts:
        bound = _bound(each, side, read, locate)
        if bound is not None:
            lower += [] if bound[0] is None else [bound[0]]
            upper += [] if bound[1] is None else [bound[1]]
        elif isinstance(each, (exp.EQ, exp.NullSafeEQ)):
            places = (side(each.this), side(each.expression))
            if set(places) == {0, 1}:
                names = (each.this.name, each.expression.name)
                keys.append(names if places == (0, 1) else names[::-1])
                null_safe.append(isinstance(each, exp.NullSafeEQ))
            elif len({side(column) for column in each.find_all(exp.Column)}) > 1:
                raise OracleUnsupported(f"late events where {each.sql()} must hold", locate(each))
    version = nodes[1].args.get("version")
    times = (version.expression.name if version else read[0].rowtime, read[1].rowtime)
    sides = [
        Side(node.name, alias, str(time), tuple(pair[i] for pair in keys))
        for i, (node, alias, time) in enumerate(zip(nodes, aliases, times, strict=True))
    ]
    if version is not None:
        return TemporalJoin(sides[0], sides[1])
    if not lower or not upper:
        return Timeless()
    bounds = Bounds(max(lower), min(upper), _lingering(options, locate(join)))
    return IntervalJoin(sides[0], sides[1], bounds, tuple(null_safe))


def _lingering(options: Mapping[str, str], location: Location) -> int:
    text = options.get(_CLEANUP, "0").strip()
    digits = text.removesuffix("ms").strip()
    if not digits.isdigit() or (digits == text and text != "0"):
        raise OracleUnsupported(f"late events with {_CLEANUP}: {text}", location, "write it in ms")
    return int(digits)


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.And):
        yield from _conjuncts(node.this)
        yield from _conjuncts(node.expression)
    elif isinstance(node, exp.Paren):
        yield from _conjuncts(node.this)
    elif isinstance(node, exp.Between):
        yield exp.GTE(this=node.this, expression=node.args["low"])
        yield exp.LTE(this=node.this, expression=node.args["high"])
    else:
        yield node


def _bound(node: exp.Expr, side, read: tuple[Table, ...], locate: Locate):  # type: ignore[no-untyped-def]
    """What a comparison says of left's time minus right's: (at least, at most), None for neither."""
    if not isinstance(node, (exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE)):
        return None
    one, other = _moment(node.this, locate), _moment(node.expression, locate)
    if one is None or other is None:
        return None
    (a, x), (b, y) = one, other
    places = (side(a), side(b))
    if set(places) != {0, 1} or any(
        column.name != read[place].rowtime for column, place in zip((a, b), places, strict=True)
    ):
        return None
    strict = 1 if isinstance(node, (exp.GT, exp.LT)) else 0
    # a + x <= b + y, so a - b <= y - x; turned around where the right side's time stands first.
    at_most = (y - x - strict) if isinstance(node, (exp.LT, exp.LTE, exp.EQ)) else None
    at_least = (y - x + strict) if isinstance(node, (exp.GT, exp.GTE, exp.EQ)) else None
    if places == (0, 1):
        return at_least, at_most
    return (None if at_most is None else -at_most), (None if at_least is None else -at_least)


def _moment(node: exp.Expr, locate: Locate) -> tuple[exp.Column, int] | None:
    """A column and how many milliseconds are added to it."""
    if isinstance(node, exp.Paren):
        return _moment(node.this, locate)
    if isinstance(node, exp.Column):
        return node, 0
    if isinstance(node, (exp.Add, exp.Sub)) and isinstance(node.expression, exp.Interval):
        inner = _moment(node.this, locate)
        length = interval(node.expression, locate(node))
        if inner is None or length.text("unit") != "MILLISECOND":
            return None
        sign = -1 if isinstance(node, exp.Sub) else 1
        return inner[0], inner[1] + sign * int(length.this.name)
    return None
