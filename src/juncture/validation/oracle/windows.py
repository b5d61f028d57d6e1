"""Flink's windowing functions in FROM, as queries that give each row its windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlglot import exp
from sqlglot.expressions import DType

from juncture.validation.oracle.casts import milliseconds, sql_of
from juncture.validation.oracle.dialect import WINDOWS
from juncture.validation.oracle.ranking import ARRIVAL, ARRIVED, without
from juncture.validation.oracle.scalars import Locate
from juncture.validation.oracle.tables import Table
from juncture.validation.oracle.timing import Watermarks, watermark_of
from juncture.validation.oracle.unsupported import OracleUnsupported

_ARGUMENTS = {
    "TUMBLE": ("DATA", "TIMECOL", "SIZE", "OFFSET"),
    "HOP": ("DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"),
    "CUMULATE": ("DATA", "TIMECOL", "STEP", "SIZE", "OFFSET"),
}
_OPTIONAL = "OFFSET"


class _Window(NamedTuple):
    """All lengths are in milliseconds. A row has `size // step` windows at most."""

    kind: str
    data: exp.Expr
    time: exp.Column
    step: int
    size: int
    offset: int


def window_functions(
    query: exp.Expr, tables: Mapping[str, Table], locate: Locate, watermarks: Watermarks
) -> None:
    """Replace each TABLE(TUMBLE(...)), HOP and CUMULATE in place by a query.

    Windows are aligned to midnight of the session's time zone for TIMESTAMP_LTZ, as Flink's are. A row without a time
    is in no window, and one that came behind a watermark in none that this had passed.

    Raises OracleUnsupported for other functions and arguments.
    """
    # Innermost first: a window's data may be a query over windows.
    for node in reversed(list(query.find_all(exp.Table))):
        call = node.this
        if not isinstance(call, exp.Anonymous):
            continue
        if call.name.upper() == "TABLE" and len(call.expressions) == 1:
            call = call.expressions[0]
        if not isinstance(call, exp.Anonymous) or call.name.upper() not in WINDOWS:
            raise OracleUnsupported(f"{node.this.sql()[:80]}", locate(node))
        window = _read(call, locate)
        replacement = exp.Subquery(this=_query(window, tables, locate, watermarks))
        for part in ("alias", "pivots", "sample", "joins", "laterals"):
            if node.args.get(part):
                replacement.set(part, node.args[part])
        node.replace(replacement)


def _read(call: exp.Anonymous, locate: Locate) -> _Window:
    kind = call.name.upper()
    given: dict[str, exp.Expr] = {}
    for name, each in zip(_ARGUMENTS[kind], call.expressions, strict=False):
        named = isinstance(each, exp.Kwarg)
        given[each.this.name.upper() if named else name] = each.expression if named else each
    missing = [name for name in _ARGUMENTS[kind] if name not in given and name != _OPTIONAL]
    descriptor = given.get("TIMECOL")
    if missing or len(given) != len(call.expressions) or not set(given) <= set(_ARGUMENTS[kind]):
        raise OracleUnsupported(f"{kind} with these arguments", locate(call))
    times = descriptor.expressions if isinstance(descriptor, exp.Anonymous) else []
    if len(times) != 1 or not isinstance(times[0], exp.Column):
        raise OracleUnsupported(f"{kind}, whose second argument is not DESCRIPTOR(column)", locate(call))
    size = milliseconds(given["SIZE"], locate(call))
    step = next((given[name] for name in ("SLIDE", "STEP") if name in given), given["SIZE"])
    offset = milliseconds(given[_OPTIONAL], locate(call)) if _OPTIONAL in given else 0
    found = _Window(kind, given["DATA"], times[0], milliseconds(step, locate(call)), size, offset)
    if found.step <= 0 or found.size % found.step:
        raise OracleUnsupported(f"{kind}, whose size is no multiple of its step", locate(call))
    return found


def _query(
    window: _Window, tables: Mapping[str, Table], locate: Locate, watermarks: Watermarks
) -> exp.Select:
    """SELECT *, window_start, window_end, window_time FROM the data."""
    data = window.data
    late = watermark_of(data.name, watermarks) if isinstance(data, exp.Table) else None
    column = sql_of(exp.column(window.time.this.copy()))
    local = f"epoch_ms(CAST({column} AS TIMESTAMP))"
    step, size, count = window.step, window.size, window.size // window.step
    aligned = size if window.kind == "CUMULATE" else step
    # Twice, because the rest of a negative number is negative.
    rest = f"(({local} - {window.offset}) % {aligned} + {aligned}) % {aligned}"
    first = f"({local} - {rest})"
    each = f"range(CASE WHEN {column} IS NULL THEN 0 ELSE {count} END)"
    if window.kind == "CUMULATE":
        each = f"range({rest} // {step}, CASE WHEN {column} IS NULL THEN 0 ELSE {count} END)"
        start, end = first, f"{first} + (i + 1) * {step}"
    else:
        start, end = f"{first} - i * {step}", f"{first} - i * {step} + {size}"
    zoned = _is_zoned(window, tables, locate)
    moment = f"epoch_ms({end} - 1)"
    found = {
        "window_start": f"epoch_ms({start})",
        "window_end": f"epoch_ms({end})",
        "window_time": f"CAST({moment} AS TIMESTAMPTZ)" if zoned else moment,
    }
    ended = f" IF epoch_ms({found['window_time']}) > {late}" if late else ""
    columns = [
        exp.alias_(exp.Var(this=f"unnest([{value} for i in {each}{ended}])"), name)
        for name, value in found.items()
    ]
    select = exp.Select(expressions=[exp.Star(), *columns], from_=exp.From(this=data.pop()))
    if late:
        data.set("alias", exp.TableAlias(this=exp.to_identifier(data.alias_or_name)))
        data.set("this", exp.to_identifier(f"{data.name}{ARRIVED}"))
        without(select, {data.alias: ARRIVAL})
    return select


def _is_zoned(window: _Window, tables: Mapping[str, Table], locate: Locate) -> bool:
    """Whether the time is a TIMESTAMP_LTZ. Of a query's column the sources' columns of that name tell."""
    name = window.time.name
    data = window.data
    among = [tables[data.name]] if isinstance(data, exp.Table) and data.name in tables else tables.values()
    kinds = {
        column.type.this
        for table in among
        for column in table.columns
        if column.name == name and column.type is not None
    }
    if len(kinds) != 1 or not kinds <= {DType.TIMESTAMP, DType.TIMESTAMPLTZ}:
        raise OracleUnsupported(f"windows over '{name}', whose type is not known", locate(window.time))
    return kinds == {DType.TIMESTAMPLTZ}
