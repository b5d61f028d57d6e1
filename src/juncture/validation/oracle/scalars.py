"""Flink's expressions as DuckDB's: an allow-list, because a wrong answer is worse than none."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp
from sqlglot.expressions import DType

from juncture.errors import Location
from juncture.validation.oracle.columns import duckdb_type, unit
from juncture.validation.oracle.unsupported import OracleUnsupported

Locate = Callable[[exp.Expr], Location]

_SAME_IN_BOTH: tuple[type[exp.Expr], ...] = (
    exp.Add,
    exp.Alias,
    exp.And,
    exp.Between,
    exp.Boolean,
    exp.Case,
    exp.Coalesce,
    exp.Column,
    exp.DataType,
    exp.DataTypeParam,
    exp.ColumnDef,
    exp.Dot,
    exp.DPipe,
    exp.EQ,
    exp.GT,
    exp.GTE,
    exp.Identifier,
    exp.If,
    exp.In,
    exp.Is,
    exp.Like,
    exp.Literal,
    exp.Lower,
    exp.LT,
    exp.LTE,
    exp.Mul,
    exp.Neg,
    exp.NEQ,
    exp.Not,
    exp.Null,
    exp.Nullif,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.Or,
    exp.Paren,
    exp.Sub,
    exp.Tuple,
    exp.Upper,
    exp.Var,
)
_FIELDS = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1000}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_TEXT_LIKE = ("VARCHAR", "TINYINT", "SMALLINT", "INTEGER", "BIGINT")


def rewrite(node: exp.Expr, locate: Locate, allowed: tuple[type[exp.Expr], ...] = ()) -> exp.Expr:
    """A copy of an expression that means in DuckDB what it meant in Flink.

    Args:
        node: read in Flink's dialect.
        locate: the author's place of a node.
        allowed: further kinds of nodes that the caller takes care of.

    Raises OracleUnsupported, at the node's place, for anything that is not known to be the same.
    """

    known = (*_SAME_IN_BOTH, *allowed, exp.Interval, exp.Cast)
    for each in node.walk(prune=lambda each: isinstance(each, exp.Interval)):
        if not isinstance(each, known):
            name = each.name if isinstance(each, exp.Anonymous) else type(each).__name__
            raise OracleUnsupported(f"{name.upper()}: {each.sql()[:80]}", locate(each))
    # A root of its own, so that the node itself can be replaced; innermost first.
    root = exp.Paren(this=node.copy())
    for each in reversed([each for each in root.walk() if isinstance(each, (exp.Interval, exp.Cast))]):
        changed = _interval(each, locate) if isinstance(each, exp.Interval) else _cast(each, locate)
        each.replace(changed)
    result = root.this
    assert isinstance(result, exp.Expr)
    return result.pop()


def _interval(node: exp.Interval, locate: Locate) -> exp.Expr:
    written, unit_node = node.this, node.args.get("unit")
    if not isinstance(written, exp.Literal) or unit_node is None:
        raise OracleUnsupported(f"the interval {node.sql()}", locate(node))
    if isinstance(unit_node, exp.IntervalSpan):
        first, last = unit_node.this.name.upper(), unit_node.expression.name.upper()
    else:
        first = last = (
            unit_node.name if isinstance(unit_node, exp.Var) else type(unit_node).__name__
        ).upper()
        first = last = first.removesuffix("S")
    sign = -1 if written.name.strip().startswith("-") else 1
    parts = re.split(r"[ :-]+", written.name.strip().lstrip("+-"))
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    for sizes, target in ((_FIELDS, "MILLISECOND"), (_MONTHS, "MONTH")):
        names = list(sizes)
        if target == "MONTH" and first != last:
            names = ["YEAR", "MONTH"]
        if first in names and last in names:
            span = names[names.index(first) : names.index(last) + 1]
            if len(span) == len(numbers):
                total = sign * round(sum(n * sizes[name] for n, name in zip(numbers, span, strict=True)))
                return exp.Interval(this=exp.Literal.string(str(total)), unit=exp.Var(this=target))
    raise OracleUnsupported(f"the interval {node.sql()}", locate(node))


def _cast(node: exp.Cast, locate: Locate) -> exp.Expr:
    written, inner = node.args["to"], node.this
    location = locate(node)
    target = duckdb_type(written, location)
    safe = isinstance(node, exp.TryCast)
    cast = "TRY_CAST" if safe else "CAST"
    sql = inner.sql("duckdb", identify=True)
    if written.this in (DType.TIMESTAMP, DType.TIMESTAMPLTZ):
        return _raw(f"date_trunc('{unit(written, location)}', {cast}({sql} AS {target}))")
    if target in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT"):
        # Flink cuts fractions off, DuckDB rounds; `trunc` takes numbers only.
        return _raw(f"{cast}(trunc({sql}) AS {target})")
    if target == "VARCHAR":
        if isinstance(inner, exp.Null):
            return _raw(f"{cast}({sql} AS VARCHAR)")
        kinds = ", ".join(f"'{kind}'" for kind in _TEXT_LIKE)
        refusal = f"error('CAST of ' || typeof({sql}) || ' to STRING')"
        return _raw(f"CASE WHEN typeof({sql}) IN ({kinds}) THEN CAST({sql} AS VARCHAR) ELSE {refusal} END")
    if target in ("DOUBLE", "FLOAT", "DATE") or written.this == DType.DECIMAL:
        return _raw(f"{cast}({sql} AS {target})")
    raise OracleUnsupported(f"a cast to {written.sql()}", location)


def _raw(sql: str) -> exp.Expr:
    # Already DuckDB's: sqlglot writes a Var as it is.
    return exp.Paren(this=exp.Var(this=sql))
