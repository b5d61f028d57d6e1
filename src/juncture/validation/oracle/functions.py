"""Flink's functions as DuckDB's. One of the same name is taken over only where it means the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sqlglot import exp

from juncture.errors import Location
from juncture.model.wording import counted
from juncture.validation.oracle.casts import WHOLE, is_a, raw, refusal, sql_of
from juncture.validation.oracle.unsupported import OracleUnsupported

_MILLIS = {"SECOND": 1000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
_FORMATS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSS": "%g"}
_TIMES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
# Java makes several letters of one of these, or another one at a word's end. DuckDB does not.
_UPPER_DIFFERS = "[\u00df\u0149\u01f0\u0390\u03b0\u0587\u1e96-\u1e9a\u1f50-\u1fff\ufb00-\ufb17]"
_LOWER_DIFFERS = "[\u0130\u03a3]"

Rewritten = Callable[[exp.Expr, Location], str]


def _text_case(name: str, differs: str) -> Rewritten:
    def rewritten(node: exp.Expr, location: Location) -> str:
        text = sql_of(node.this)
        return (
            f"CASE WHEN regexp_matches({text}, '{differs}')"
            f" THEN error('{name} of ' || {text}) ELSE {name}({text}) END"
        )

    return rewritten


def _like(node: exp.Expr, location: Location) -> str:
    text, pattern = sql_of(node.this), sql_of(node.expression)
    return f"CASE WHEN contains({pattern}, '\\') THEN error('LIKE with a backslash') ELSE {text} LIKE {pattern} END"


def _concat(node: exp.Expr, location: Location) -> str:
    # DuckDB's CONCAT skips NULL.
    return " || ".join(f"({sql_of(each)})" for each in node.expressions)


def _concat_ws(node: exp.Expr, location: Location) -> str:
    return f"concat_ws({', '.join(sql_of(each) for each in node.expressions)})"


def _extreme(name: str) -> Rewritten:
    def rewritten(node: exp.Expr, location: Location) -> str:
        # DuckDB's skip NULL.
        values = [sql_of(each) for each in (node.this, *node.expressions)]
        unknown = " OR ".join(f"({each}) IS NULL" for each in values)
        return f"CASE WHEN {unknown} THEN NULL ELSE {name}({', '.join(values)}) END"

    return rewritten


def _substring(node: exp.Expr, location: Location) -> str:
    start, length = node.args.get("start"), node.args.get("length")
    if not _natural(start, 1) or not (length is None or _natural(length, 0)):
        raise OracleUnsupported(f"{node.sql()}: positions that are not written as numbers from 1", location)
    rest = f", {sql_of(length)}" if length is not None else ""
    return f"substring({sql_of(node.this)}, {start.name if start else 1}{rest})"


def _length(node: exp.Expr, location: Location) -> str:
    text = sql_of(node.this)
    return f"CASE WHEN typeof({text}) = 'VARCHAR' THEN length({text}) ELSE {refusal('CHAR_LENGTH', text)} END"


def _trim(node: exp.Expr, location: Location) -> str:
    if any(value for name, value in node.args.items() if name != "this"):
        raise OracleUnsupported(node.sql(), location)
    return f"trim({sql_of(node.this)}, ' ')"


def _replace(node: exp.Expr, location: Location) -> str:
    searched = node.expression
    if not isinstance(searched, exp.Literal) or not searched.name:
        raise OracleUnsupported(f"{node.sql()}: the text to replace is not written out", location)
    return f"replace({sql_of(node.this)}, {sql_of(searched)}, {sql_of(node.args['replacement'])})"


def _divide(node: exp.Expr, location: Location) -> str:
    # Of other numbers the result's type, which a further division depends on, is not known here.
    left, right = sql_of(node.this), sql_of(node.expression)
    return (
        f"CASE WHEN {is_a(left, WHOLE)} AND {is_a(right, WHOLE)}"
        f" THEN TRY_CAST({left} AS BIGINT) // TRY_CAST({right} AS BIGINT)"
        f" ELSE error('division of ' || typeof({left}) || ' by ' || typeof({right})) END"
    )


def _modulo(node: exp.Expr, location: Location) -> str:
    left, right = sql_of(_bare(node.this)), sql_of(_bare(node.expression))
    return (
        f"CASE WHEN {is_a(left, WHOLE)} AND {is_a(right, WHOLE)} THEN ({left}) % ({right})"
        f" ELSE {refusal('MOD', left)} END"
    )


def _rounded(name: str) -> Rewritten:
    def rewritten(node: exp.Expr, location: Location) -> str:
        value, to = sql_of(node.this), node.args.get("to")
        if to is None:
            return f"{name}({value})"
        if name != "floor" or to.name.upper() not in _FIELDS:
            raise OracleUnsupported(node.sql(), location)
        moment = f"date_trunc('{to.name.lower()}', {value})"
        return f"CASE WHEN {is_a(value, _TIMES)} THEN {moment} ELSE {refusal('FLOOR', value)} END"

    return rewritten


def _field(name: str | None = None) -> Rewritten:
    def rewritten(node: exp.Expr, location: Location) -> str:
        field = name or node.name.upper()
        if field not in _FIELDS:
            raise OracleUnsupported(node.sql(), location)
        moment = node.expression if isinstance(node, exp.Extract) else node.this
        return f"CAST(date_part('{field.lower()}', {sql_of(_bare(moment))}) AS BIGINT)"

    return rewritten


def _element(node: exp.Expr, location: Location) -> str:
    (index,) = node.expressions
    held = sql_of(node.this)
    if isinstance(index, exp.Literal) and index.is_string:
        return f"{held}[{sql_of(index)}]"
    if _natural(index, 0):
        # sqlglot counts from 0 inside of its trees.
        return f"{held}[{int(index.name) + 1}]"
    raise OracleUnsupported(f"{node.sql()}: an index that is not written as a number from 1", location)


def _difference(node: exp.Expr, location: Location) -> str:
    unit, first, second = _arguments(node, 3, location)
    size = _MILLIS.get(unit.name.upper())
    if size is None:
        raise OracleUnsupported(f"{node.sql()[:80]}: only SECOND to DAY", location)
    a, b = sql_of(first), sql_of(second)
    return (
        f"CASE WHEN typeof({a}) = typeof({b}) AND {is_a(a, _TIMES)}"
        f" THEN (epoch_ms({b}) - epoch_ms({a})) // {size} ELSE {refusal('TIMESTAMPDIFF', a)} END"
    )


def _add(node: exp.Expr, location: Location) -> str:
    unit, count, moment = _arguments(node, 3, location)
    size = _MILLIS.get(unit.name.upper())
    if size is None:
        raise OracleUnsupported(f"{node.sql()[:80]}: only SECOND to DAY", location)
    return f"({sql_of(moment)}) + to_milliseconds(CAST({sql_of(count)} AS BIGINT) * {size})"


def _format(node: exp.Expr, location: Location) -> str:
    moment, pattern = _arguments(node, 2, location)
    if not isinstance(pattern, exp.Literal):
        raise OracleUnsupported(f"{node.sql()}: the format is not written out", location)
    written = ""
    for match in re.finditer(r"'(?P<quoted>[^']+)'|(?P<letters>([A-Za-z])\3*)|(?P<other>.)", pattern.name):
        if match["letters"] is not None and match["letters"] not in _FORMATS:
            raise OracleUnsupported(f"{node.sql()}: '{match['letters']}' in a format", location)
        text = match["quoted"] or match["other"] or ""
        written += _FORMATS[match["letters"]] if match["letters"] else text.replace("%", "%%")
    value, text = sql_of(moment), written.replace("'", "''")
    return f"CASE WHEN {is_a(value, _TIMES)} THEN strftime({value}, '{text}') ELSE {refusal('DATE_FORMAT', value)} END"


def _from_epoch(node: exp.Expr, location: Location) -> str:
    number, precision = _arguments(node, 2, location)
    micros = {"0": 1_000_000, "3": 1000}.get(precision.name)
    if micros is None:
        raise OracleUnsupported(f"{node.sql()}: only the precisions 0 and 3", location)
    value = sql_of(number)
    moment = f"make_timestamptz(TRY_CAST({value} AS BIGINT) * {micros})"
    return f"CASE WHEN {is_a(value, WHOLE)} THEN {moment} ELSE {refusal('TO_TIMESTAMP_LTZ', value)} END"


def _json_value(node: exp.Expr, location: Location) -> str:
    text, path = _arguments(node, 2, location)
    if not isinstance(path, exp.Literal) or not re.fullmatch(r"\$(\.[A-Za-z_]\w*|\[\d+\])+", path.name):
        raise OracleUnsupported(f"{node.sql()}: only paths like '$.a.b[0]', written out", location)
    value, at = sql_of(text), sql_of(path)
    kind = f"json_type(CASE WHEN json_valid({value}) THEN {value} END, {at})"
    return (
        f"CASE WHEN {kind} IN ('VARCHAR', 'UBIGINT', 'BIGINT', 'BOOLEAN')"
        f" THEN json_extract_string({value}, {at})"
        f" WHEN {kind} = 'DOUBLE' THEN error('JSON_VALUE of a number with a fraction') END"
    )


def _cardinality(node: exp.Expr, location: Location) -> str:
    return f"len({sql_of(_arguments(node, 1, location)[0])})"


FUNCTIONS: Mapping[type[exp.Expr], Rewritten] = {
    exp.Bracket: _element,
    exp.Ceil: _rounded("ceil"),
    exp.Concat: _concat,
    exp.ConcatWs: _concat_ws,
    exp.Day: _field("DAY"),
    exp.Div: _divide,
    exp.Extract: _field(),
    exp.Floor: _rounded("floor"),
    exp.Greatest: _extreme("greatest"),
    exp.Hour: _field("HOUR"),
    exp.Length: _length,
    exp.Least: _extreme("least"),
    exp.Like: _like,
    exp.Lower: _text_case("lower", _LOWER_DIFFERS),
    exp.Minute: _field("MINUTE"),
    exp.Mod: _modulo,
    exp.Month: _field("MONTH"),
    exp.Replace: _replace,
    exp.Second: _field("SECOND"),
    exp.Substring: _substring,
    exp.Trim: _trim,
    exp.Upper: _text_case("upper", _UPPER_DIFFERS),
    exp.Year: _field("YEAR"),
}
"""What sqlglot has a name for."""

NAMED: Mapping[str, Rewritten] = {
    "CARDINALITY": _cardinality,
    "DATE_FORMAT": _format,
    "JSON_VALUE": _json_value,
    "TIMESTAMPADD": _add,
    "TIMESTAMPDIFF": _difference,
    "TO_TIMESTAMP_LTZ": _from_epoch,
}
"""What it reads as a function of that name."""


def find(node: exp.Expr) -> Rewritten | None:
    """How a function's node is rewritten, if it is one that is known."""
    if isinstance(node, exp.Anonymous):
        return NAMED.get(node.name.upper())
    return FUNCTIONS.get(type(node))


def function(node: exp.Expr, location: Location) -> exp.Expr:
    """A known function in DuckDB's SQL; its arguments are already. Raises OracleUnsupported."""
    rewritten = find(node)
    assert rewritten is not None
    return raw(rewritten(node, location))


def _arguments(node: exp.Expr, count: int, location: Location) -> list[exp.Expr]:
    if len(node.expressions) != count:
        raise OracleUnsupported(f"{node.sql()[:80]}: it is known with {counted(count, 'argument')}", location)
    return list(node.expressions)


def _natural(node: exp.Expr | None, least: int) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and int(node.name) >= least


def _bare(node: exp.Expr) -> exp.Expr:
    """Without the wrapper that sqlglot puts around some functions' arguments."""
    return node.this if isinstance(node, (exp.TsOrDsToDate, exp.TsOrDsToTimestamp)) else node
