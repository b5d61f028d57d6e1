"""The SELECT of a join, as DuckDB's SQL over the views that `load` makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from juncture.errors import Location
from juncture.model.rendered import Statement
from juncture.validation.oracle.dialect import parse, place
from juncture.validation.oracle.ranking import ARRIVAL, RANKING, mark_row_numbers, row_numbers, without
from juncture.validation.oracle.scalars import Locate, rewrite
from juncture.validation.oracle.tables import Table
from juncture.validation.oracle.timing import Timing, keep_apart, version_found
from juncture.validation.oracle.unsupported import OracleUnsupported
from juncture.validation.oracle.widening import Kinds
from juncture.validation.oracle.windows import window_functions

_QUERY: tuple[type[exp.Expr], ...] = (
    exp.Count,
    exp.CTE,
    exp.Distinct,
    exp.Except,
    exp.Exists,
    exp.From,
    exp.Group,
    exp.Having,
    exp.Intersect,
    exp.Join,
    exp.Max,
    exp.Min,
    exp.Select,
    exp.Star,
    exp.Subquery,
    exp.Sum,
    exp.Table,
    exp.TableAlias,
    exp.Union,
    exp.Version,
    exp.Where,
    exp.With,
    *RANKING,
)


@dataclass(frozen=True)
class Query:
    """`sql` for DuckDB; `into` names the sink's columns it fills, or is empty for all of them in order."""

    sql: str
    into: tuple[str, ...]
    tables: tuple[str, ...]


def translate(insert: Statement, tables: Mapping[str, Table], timing: Timing | None = None) -> Query:
    """Translate an INSERT's query. `tables` are the sources by name; `timing` what some came too late for.

    Raises OracleUnsupported, at the author's place, for all that the oracle does not reproduce.
    """
    tree = parse(insert)

    def locate(node: exp.Expr) -> Location:
        return place(node, insert)

    query = tree.expression if isinstance(tree, exp.Insert) else tree
    if not isinstance(query, exp.Query):
        raise OracleUnsupported("a statement that is not INSERT INTO ... SELECT", locate(tree))
    into: tuple[str, ...] = ()
    if isinstance(tree, exp.Insert) and isinstance(tree.this, exp.Schema):
        into = tuple(column.name for column in tree.this.expressions)
    query = query.copy()
    used = _used(query, tables, locate)
    Kinds(tables[name] for name in used).widen(query, locate)
    window_functions(query, tables, locate, timing.watermarks if timing else {})
    if timing is not None:
        keep_apart(query, timing)
    mark_row_numbers(query, tables, locate)
    query = rewrite(query, locate, _QUERY)
    row_numbers(query)
    for node in list(query.find_all(exp.Table)):
        version = node.args.get("version")
        if version is not None:
            _as_of(node, version, tables[node.name], locate(node), timing)
    for select in query.find_all(exp.Select):
        _without_empty_groups(select)
    return Query(query.sql("duckdb", identify=True), into, used)


def _used(query: exp.Expr, tables: Mapping[str, Table], locate: Locate) -> tuple[str, ...]:
    """The sources that the query reads; their names lose what stands before them."""
    names = {cte.alias for cte in query.find_all(exp.CTE)}
    used: dict[str, None] = {}
    for node in query.find_all(exp.Table):
        if isinstance(node.this, exp.Anonymous) or (node.name in names and not node.db):
            continue
        if node.name not in tables:
            raise OracleUnsupported(f"the table '{node.name}', which is no source here", locate(node))
        used[node.name] = None
        node.set("db", None)
        node.set("catalog", None)
    return tuple(used)


def _without_empty_groups(select: exp.Select) -> None:
    """Without GROUP BY, Flink has no row as long as none came; SQL has one of nothing."""
    aggregates = [
        each
        for part in select.expressions
        for each in part.find_all(exp.AggFunc)
        if each.find_ancestor(exp.Select) is select and not isinstance(each.parent, exp.Window)
    ]
    if aggregates and not select.args.get("group"):
        some = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(0))
        having = select.args.get("having")
        select.set("having", exp.Having(this=exp.and_(having.this.copy(), some) if having else some))


def columns_named(insert: Statement) -> dict[str, Location]:
    """Every column that the query names, and '*' where it takes all, with the first place of each."""
    found: dict[str, Location] = {}
    for node in parse(insert).find_all(exp.Column, exp.Star):
        if isinstance(node, exp.Star) and isinstance(node.parent, exp.Count):
            continue
        name = "*" if isinstance(node, exp.Star) or isinstance(node.this, exp.Star) else node.name
        found.setdefault(name, place(node, insert))
    return found


def _as_of(
    node: exp.Table, version: exp.Expr, table: Table, location: Location, timing: Timing | None
) -> None:
    """Turn `t FOR SYSTEM_TIME AS OF x` into the versions of `t` between whose times x lies."""
    join = node.parent
    moment = version.expression
    if not isinstance(join, exp.Join) or version.args.get("kind") != "AS OF":
        raise OracleUnsupported("FOR SYSTEM_TIME outside of a join", location)
    if not table.is_changelog or table.rowtime is None or not isinstance(moment, exp.Column):
        raise OracleUnsupported(
            f"'{table.name}' as of a time: it is no changelog topic with an event time", location
        )
    alias = node.alias or node.name
    if not node.alias:
        node.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    node.set("version", None)
    node.set("this", exp.to_identifier(f"{table.name}$versions"))
    valid = exp.and_(
        exp.GTE(this=moment.copy(), expression=exp.column("$from", table=alias)),
        exp.LT(this=moment.copy(), expression=exp.column("$to", table=alias)),
    )
    on = join.args.get("on")
    if on is None:
        raise OracleUnsupported("a temporal join without ON", location)
    join.set("on", exp.and_(on.copy(), version_found(valid, timing)))
    select = join.parent
    if isinstance(select, exp.Select):
        without(select, {alias: ("$from", "$to", *ARRIVAL)})
