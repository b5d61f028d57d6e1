"""The SELECT of a join, as DuckDB's SQL over the views that `load` makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from juncture.errors import Location
from juncture.model.rendered import Statement
from juncture.validation.oracle.dialect import parse, place
from juncture.validation.oracle.scalars import rewrite
from juncture.validation.oracle.tables import Table
from juncture.validation.oracle.unsupported import OracleUnsupported

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
)


@dataclass(frozen=True)
class Query:
    """`sql` for DuckDB; `into` names the sink's columns it fills, or is empty for all of them in order."""

    sql: str
    into: tuple[str, ...]
    tables: tuple[str, ...]


def translate(insert: Statement, tables: Mapping[str, Table]) -> Query:
    """Translate an INSERT's query. `tables` are the sources by name.

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
    query = rewrite(query, locate, _QUERY)
    names = {cte.alias for cte in query.find_all(exp.CTE)}
    used: dict[str, None] = {}
    # Copies keep what they know of their places.
    for node in list(query.find_all(exp.Table)):
        if node.name in names and not node.db:
            continue
        if node.name not in tables:
            raise OracleUnsupported(f"the table '{node.name}', which is no source here", locate(node))
        used[node.name] = None
        version = node.args.get("version")
        node.set("db", None)
        node.set("catalog", None)
        if version is not None:
            _as_of(node, version, tables[node.name], locate(node))
    return Query(query.sql("duckdb", identify=True), into, tuple(used))


def columns_named(insert: Statement) -> dict[str, Location]:
    """Every column that the query names, and '*' where it takes all, with the first place of each."""
    found: dict[str, Location] = {}
    for node in parse(insert).find_all(exp.Column, exp.Star):
        if isinstance(node, exp.Star) and isinstance(node.parent, exp.Count):
            continue
        name = "*" if isinstance(node, exp.Star) or isinstance(node.this, exp.Star) else node.name
        found.setdefault(name, place(node, insert))
    return found


def _as_of(node: exp.Table, version: exp.Expr, table: Table, location: Location) -> None:
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
    join.set("on", exp.and_(on.copy(), valid))
    select = join.parent
    for star in select.find_all(exp.Star) if isinstance(select, exp.Select) else ():
        if isinstance(star.parent, (exp.Select, exp.Column)) and star.find_ancestor(exp.Select) is select:
            owner = star.parent
            if isinstance(owner, exp.Column) and owner.table != alias:
                continue
            star.set("except_", [exp.to_identifier("$from"), exp.to_identifier("$to")])
