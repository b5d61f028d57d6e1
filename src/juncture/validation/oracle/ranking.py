"""ROW_NUMBER as Flink's deduplication and Top-N know it: the rows of one moment in the order of their arrival."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from juncture.validation.oracle.casts import raw, sql_of
from juncture.validation.oracle.columns import quoted
from juncture.validation.oracle.scalars import Locate
from juncture.validation.oracle.tables import Table
from juncture.validation.oracle.unsupported import OracleUnsupported

ARRIVED = "$arrived"
"""Behind a source's name: the view of its rows with `$partition` and `$offset`."""
ARRIVAL = ("$partition", "$offset")

RANKING: tuple[type[exp.Expr], ...] = (exp.Window, exp.RowNumber, exp.Order, exp.Ordered)
"""The nodes that this module takes care of."""

_MARK = "juncture.ranking"
_LIMITS = {exp.EQ: 0, exp.LTE: 0, exp.LT: -1}


def mark_row_numbers(query: exp.Expr, tables: Mapping[str, Table], locate: Locate) -> None:
    """Have the SELECT of each ROW_NUMBER read its rows with their arrival, in place; `row_numbers` uses it.

    Raises OracleUnsupported where no condition limits the number, and where its rows are not a source's.
    """
    for window in list(query.find_all(exp.Window)):
        if not isinstance(window.this, exp.RowNumber):
            raise OracleUnsupported(f"{window.sql()[:80]}", locate(window))
        select = window.find_ancestor(exp.Select)
        alias = window.parent.alias if isinstance(window.parent, exp.Alias) else ""
        ordered = window.args["order"].expressions if window.args.get("order") else []
        if select is None or not ordered or window.args.get("spec"):
            raise OracleUnsupported("ROW_NUMBER without ORDER BY", locate(window))
        limit = limit_of(query, alias)
        if limit is None:
            raise OracleUnsupported(
                f"ROW_NUMBER without a condition such as {alias or 'n'} <= 1", locate(window)
            )
        source = _arrived(select, tables)
        if source is None:
            raise OracleUnsupported("ROW_NUMBER over rows that are not a topic's own", locate(window))
        without(select, {select.args["from_"].this.alias_or_name: ARRIVAL})
        first = ordered[0]
        by_time = len(ordered) == 1 and first.this.name in (source.rowtime, "window_time")
        last = limit == 1 and by_time and bool(first.args.get("desc"))
        window.meta[_MARK] = (limit, last)


def row_numbers(query: exp.Expr) -> None:
    """Let each ROW_NUMBER, rewritten for DuckDB, decide rows of the same rank by their arrival, as Flink does.

    A deduplication by event time, descending, keeps the last of them, all others the first. Between partitions
    the order is chance: the SQL fails where the result depends on it.
    """
    for window in list(query.find_all(exp.Window)):
        limit, last = window.meta[_MARK]
        keys = [sql_of(each) for each in window.args.get("partition_by") or []]
        order = window.args["order"].expressions
        ranked = ", ".join(sql_of(each) for each in order)
        partition, offset = (quoted(name) for name in ARRIVAL)
        by_key = f"PARTITION BY {', '.join(keys)}" if keys else ""
        same = f"PARTITION BY {', '.join([*keys, *(sql_of(each.this) for each in order)])}"
        several = f"min({partition}) OVER ({same}) <> max({partition}) OVER ({same})"
        window.replace(
            raw(
                f"CASE WHEN {several} AND rank() OVER ({by_key} ORDER BY {ranked}) <= {limit}"
                " THEN error('ROW_NUMBER of rows of the same rank from several partitions') ELSE"
                f" row_number() OVER ({by_key} ORDER BY {ranked}, {offset} {'DESC' if last else 'ASC'}) END"
            )
        )


def _arrived(select: exp.Select, tables: Mapping[str, Table]) -> Table | None:
    """Have the SELECT read a source's rows with their arrival. None if it reads anything else."""
    origin = select.args.get("from_")
    node = origin.this if origin is not None and not select.args.get("joins") else None
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select):
        inside = node.this
        if inside.args.get("group") or inside.args.get("distinct") or inside.find(exp.AggFunc):
            return None
        found = _arrived(inside, tables)
        if found is not None and not any(isinstance(each, exp.Star) for each in inside.expressions):
            inside.set("expressions", [*inside.expressions, *(_quoted(name) for name in ARRIVAL)])
        return found
    name = node.name.removesuffix(ARRIVED) if isinstance(node, exp.Table) else ""
    if not isinstance(node, exp.Table) or name not in tables or node.args.get("version"):
        return None
    table = tables[name]
    if table.is_changelog:
        return None
    if not node.alias:
        node.set("alias", exp.TableAlias(this=exp.to_identifier(node.name)))
    node.set("this", exp.to_identifier(f"{table.name}{ARRIVED}"))
    for star in select.find_all(exp.Star):
        star.set("except_", None)
    return table


def _quoted(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def without(select: exp.Select, hidden: Mapping[str, tuple[str, ...]]) -> None:
    """Leave columns that are only ours out of each * of a SELECT. `hidden` are their names, by the table's alias."""
    for each in select.expressions:
        star = each.this if isinstance(each, exp.Column) else each
        if isinstance(star, exp.Star):
            owner = each.table if isinstance(each, exp.Column) else ""
            names = hidden.get(owner, ()) if owner else {n for found in hidden.values() for n in found}
            if names:
                star.set("except_", [exp.to_identifier(name, quoted=True) for name in sorted(names)])


def limit_of(query: exp.Expr, alias: str) -> int | None:
    """The highest number that is asked for: of 'rn = 1', 'rn <= 3' and 'rn < 4'."""
    found = [
        int(each.expression.name) + _LIMITS[type(each)]
        for each in query.find_all(*_LIMITS)
        if isinstance(each.this, exp.Column)
        and each.this.name == alias
        and isinstance(each.expression, exp.Literal)
        and each.expression.name.isdigit()
    ]
    return max(found, default=None) if alias else None
