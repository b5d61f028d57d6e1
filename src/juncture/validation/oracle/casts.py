"""Flink's intervals and casts as DuckDB's, with the refusals that only a value can decide."""

from __future__ import annotations

import re

from sqlglot import exp
from sqlglot.expressions import DType

from juncture.errors import Location
from juncture.validation.oracle.columns import duckdb_type, unit
from juncture.validation.oracle.unsupported import OracleUnsupported

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
FRACTIONAL = ("FLOAT", "DOUBLE")

_FIELDS = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1000}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_WHOLE_TEXT = "[+-]?[0-9]+"
_NUMBER_TEXT = "[+-]?[0-9]+([.][0-9]+)?"
_DATE_TEXT = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME_TEXT = _DATE_TEXT + " [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?"


def raw(sql: str) -> exp.Expr:
    """A part of a tree that is DuckDB's SQL already."""
    # sqlglot writes a Var as it is.
    return exp.Paren(this=exp.Var(this=sql))


def sql_of(node: exp.Expr) -> str:
    """DuckDB's SQL of a node whose parts are rewritten."""
    return node.sql("duckdb", identify=True)


def refusal(what: str, value: str) -> str:
    """SQL that fails where it is reached: `what` is not computed for values of this type."""
    return f"error('{what} of ' || typeof({value}))"


def is_a(value: str, kinds: tuple[str, ...]) -> str:
    """SQL that says whether a value is of one of DuckDB's types."""
    return f"typeof({value}) IN ({', '.join(repr(kind) for kind in kinds)})"


def milliseconds(node: exp.Expr, location: Location) -> int:
    """The length of a day-time interval. Raises OracleUnsupported."""
    changed = interval(node, location) if isinstance(node, exp.Interval) else None
    if changed is None or changed.text("unit") != "MILLISECOND":
        raise OracleUnsupported(f"{node.sql()} as a length of time", location)
    return int(changed.this.name)


def interval(node: exp.Interval, location: Location) -> exp.Interval:
    """The interval in milliseconds, or in months. Raises OracleUnsupported."""
    written, unit_node = node.this, node.args.get("unit")
    if not isinstance(written, exp.Literal) or unit_node is None:
        raise OracleUnsupported(f"the interval {node.sql()}", location)
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
    raise OracleUnsupported(f"the interval {node.sql()}", location)


def cast(node: exp.Cast, location: Location) -> exp.Expr:
    """CAST and TRY_CAST. Flink cuts fractions off where DuckDB rounds, and reads and writes other text.

    Raises OracleUnsupported for a type that is not known to be cast alike. For a value of which that is not
    known the SQL fails.
    """
    written, inner = node.args["to"], node.this
    target = duckdb_type(written, location)
    value = sql_of(inner)
    if isinstance(inner, exp.Null):
        return raw(f"CAST(NULL AS {target})")
    if written.this in (DType.TIMESTAMP, DType.TIMESTAMPLTZ):
        moment = _from_text(value, target, _TIME_TEXT, f"CAST({value} AS {target})")
        return raw(f"date_trunc('{unit(written, location)}', {moment})")
    if written.this == DType.DATE:
        return raw(_from_text(value, target, _DATE_TEXT, f"CAST({value} AS DATE)"))
    if target in WHOLE:
        # The text of a number is exact where it has no exponent, which doubles may have.
        exact = f"CAST(split_part(CAST({value} AS VARCHAR), '.', 1) AS {target})"
        cut = f"CAST(trunc(TRY_CAST({value} AS DOUBLE)) AS {target})"
        number = f"CASE WHEN {is_a(value, FRACTIONAL)} THEN {cut} ELSE {_of_exact(value, target, exact)} END"
        return raw(_from_text(value, target, _WHOLE_TEXT, number))
    if target in FRACTIONAL:
        return raw(_from_text(value, target, _NUMBER_TEXT, f"CAST({value} AS {target})"))
    if written.this == DType.DECIMAL:
        exact = _of_exact(value, target, f"CAST({value} AS {target})")
        return raw(_from_text(value, target, _NUMBER_TEXT, exact))
    if target == "VARCHAR" and written.this != DType.CHAR:
        return raw(_to_text(value, written))
    raise OracleUnsupported(f"a cast to {written.sql()}", location)


def _of_exact(value: str, target: str, then: str) -> str:
    condition = f"{is_a(value, WHOLE)} OR typeof({value}) LIKE 'DECIMAL%'"
    return f"CASE WHEN {condition} THEN {then} ELSE {refusal(f'CAST to {target}', value)} END"


def _from_text(value: str, target: str, pattern: str, otherwise: str) -> str:
    """A cast that takes text of one form; other text may be read otherwise by Flink, or fail the job."""
    text = f"TRY_CAST({value} AS VARCHAR)"
    return (
        f"CASE WHEN typeof({value}) <> 'VARCHAR' THEN {otherwise} WHEN {text} IS NULL THEN NULL"
        f" WHEN regexp_full_match({text}, '{pattern}') THEN CAST({text} AS {target})"
        f" ELSE error('CAST to {target} of the text ' || {text}) END"
    )


def _to_text(value: str, written: exp.DataType) -> str:
    text = (
        f"CASE WHEN {is_a(value, ('VARCHAR', 'DATE', *WHOLE))} THEN CAST({value} AS VARCHAR)"
        f" WHEN typeof({value}) = 'BOOLEAN' THEN upper(CAST({value} AS VARCHAR))"
        f" ELSE {refusal('CAST to STRING', value)} END"
    )
    return f"left({text}, {written.expressions[0].name})" if written.expressions else text
