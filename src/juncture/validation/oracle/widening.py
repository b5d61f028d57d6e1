"""FLOAT beside DECIMAL: Flink takes both as doubles, DuckDB both as floats, by which 0.1 equals 0.1.

Of several values that a FLOAT may equal Flink makes a set of floats, and of a DOUBLE that it is compared with a float:
there 0.1 equals 0.1. What becomes one such set is the planner's choice, so these are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlglot import exp
from sqlglot.expressions import DType

from juncture.errors import Location
from juncture.validation.oracle.tables import Table
from juncture.validation.oracle.unsupported import OracleUnsupported

_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_RECKONED = (exp.Add, exp.Sub, exp.Mul)
_CHOSEN = (exp.Coalesce, exp.Greatest, exp.Least)
_PASSED_ON = (exp.Paren, exp.Neg, exp.Alias, exp.Max, exp.Min)
_KINDS = {DType.FLOAT: "FLOAT", DType.DOUBLE: "DOUBLE", DType.DECIMAL: "DECIMAL"}
_SEVERAL = "FLOAT, or another"


class Kinds:
    """Which columns of a query are FLOAT, DOUBLE or DECIMAL, by their names."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self._names: dict[str, set[str | None]] = {}
        for table in tables:
            for column in table.columns:
                if column.type is not None:
                    self._names.setdefault(column.name, set()).add(_KINDS.get(column.type.this))

    def widen(self, tree: exp.Expr, locate: Callable[[exp.Expr], Location]) -> None:
        """Cast what is FLOAT and stands beside a DECIMAL to DOUBLE, in place; innermost first.

        Raises OracleUnsupported where that depends on which of several columns a name stands for, or on how Flink plans
        a comparison.
        """
        for node in reversed(list(tree.walk())):
            if isinstance(node, exp.Alias):
                self._names.setdefault(node.alias, set()).add(self.of(node.this))
            beside = _beside(node)
            kinds = [self.of(each) for each in beside]
            if _SEVERAL in kinds and not {"FLOAT", "DECIMAL"}.isdisjoint(kinds):
                raise OracleUnsupported(
                    f"{node.sql()}: a name in it is a FLOAT in one place, and of another type in another",
                    locate(node),
                )
            if "FLOAT" in kinds and _is_planned(node, kinds):
                raise OracleUnsupported(f"{node.sql()}: a FLOAT compared with other numbers", locate(node))
            if {"FLOAT", "DECIMAL"} <= set(kinds):
                for each, kind in zip(beside, kinds, strict=True):
                    if kind == "FLOAT":
                        each.replace(exp.Cast(this=each.copy(), to=exp.DataType.build("DOUBLE")))

    def of(self, node: exp.Expr) -> str | None:
        """The kind of a value; None for others, and where it is not known."""
        if isinstance(node, exp.Column):
            kinds = self._names.get(node.name, set())
            if len(kinds) > 1:
                return _SEVERAL if "FLOAT" in kinds else None
            return next(iter(kinds), None)
        if isinstance(node, exp.Literal):
            if node.is_string:
                return None
            return "DOUBLE" if "e" in node.name.lower() else "DECIMAL" if "." in node.name else None
        if isinstance(node, exp.Cast):
            return _KINDS.get(node.args["to"].this)
        if isinstance(node, _PASSED_ON):
            return self.of(node.this)
        if isinstance(node, (*_RECKONED, *_CHOSEN, exp.Case, exp.If)):
            kinds = {self.of(each) for each in _beside(node)}
            if "DOUBLE" in kinds or {"FLOAT", "DECIMAL"} <= kinds:
                return "DOUBLE"
            return next((kind for kind in (_SEVERAL, "FLOAT", "DECIMAL") if kind in kinds), None)
        return None


def _is_planned(node: exp.Expr, kinds: list[str | None]) -> bool:
    """Whether a comparison with a FLOAT may become one of floats."""
    if "DOUBLE" in kinds:
        return isinstance(node, (*_COMPARED, exp.Between, exp.In))
    if "DECIMAL" not in kinds:
        return False
    if isinstance(node, exp.In):
        return True
    return (isinstance(node, exp.EQ) and node.find_ancestor(exp.Or) is not None) or (
        isinstance(node, exp.NEQ) and node.find_ancestor(exp.And) is not None
    )


def _beside(node: exp.Expr) -> list[exp.Expr]:
    """Values that are brought to one type: operands, or those of which one is chosen."""
    if isinstance(node, (*_COMPARED, *_RECKONED)):
        return [node.this, node.expression]
    if isinstance(node, exp.Between):
        return [node.this, node.args["low"], node.args["high"]]
    if isinstance(node, (exp.In, *_CHOSEN)):
        return [node.this, *node.expressions]
    if isinstance(node, exp.Case):
        chosen = [each.args["true"] for each in node.args["ifs"]]
        return [*chosen, *_given(node, "default")]
    if isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        return [node.args["true"], *_given(node, "false")]
    return []


def _given(node: exp.Expr, name: str) -> list[exp.Expr]:
    value = node.args.get(name)
    return [] if value is None else [value]
