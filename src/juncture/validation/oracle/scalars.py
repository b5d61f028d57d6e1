"""Flink's expressions as DuckDB's: an allow-list, because a wrong answer is worse than none."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from juncture.errors import Location
from juncture.validation.oracle.casts import cast, interval
from juncture.validation.oracle.functions import find, function
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
    exp.Literal,
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
    exp.Var,
)


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
        if not isinstance(each, known) and find(each) is None:
            name = each.name if isinstance(each, exp.Anonymous) else type(each).__name__
            raise OracleUnsupported(f"{name.upper()}: {each.sql()[:80]}", locate(each))
    # A root of its own, so that the node itself can be replaced; innermost first.
    root = exp.Paren(this=node.copy())
    for each in reversed(list(root.walk(prune=lambda each: isinstance(each, exp.Interval)))):
        # Copies keep what they know of their places.
        if isinstance(each, exp.Interval):
            each.replace(interval(each, locate(each)))
        elif isinstance(each, exp.Cast):
            each.replace(cast(each, locate(each)))
        elif find(each) is not None:
            each.replace(function(each, locate(each)))
    result = root.this
    assert isinstance(result, exp.Expr)
    return result.pop()
