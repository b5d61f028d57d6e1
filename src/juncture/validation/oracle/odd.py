"""Which records DuckDB reads otherwise than Flink, found in DuckDB: the many others are read by DuckDB alone."""

from __future__ import annotations

# ruff: noqa: S608 - every name in the SQL is quoted
from collections.abc import Mapping, Sequence

from sqlglot import exp
from sqlglot.expressions import DType

from juncture.errors import Location
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.rereading import CUT, NESTED, TEXT, Reader, Unknown
from juncture.validation.oracle.tables import Column, Table
from juncture.validation.oracle.unsupported import OracleUnsupported

AGAIN = '"$again"'
"""The table of those records: `partition`, `offset`, and `text`, NULL where Flink skips the record."""

# DuckDB takes NaN and infinity for numbers, and a comma behind the last of several values.
_LENIENT = r"[:\[,]\s*[+-]?(nan|inf)|,\s*[}\]]"
# It takes a number with a fraction for a double, of which 15 digits are exact.
_LONG = "[0-9.]{17}"
_TWICE = "len(names) <> len(list_distinct(names))"


def read_again(
    store: RecordStore, table: Table, columns: Sequence[Column], paths: Sequence[str]
) -> dict[str, Location]:
    """Fill AGAIN with a table's odd records, as Flink reads them; returns the columns that can't be computed.

    Args:
        store: holds the table's topic.
        table: one whose format is JSON.
        columns: those that are in the records' values.
        paths: where these stand in them, as DuckDB's literals.

    Raises OracleUnsupported where it is not known what Flink makes of a record.
    """
    import pyarrow as pa

    types = {each.name: each.type for each in columns if each.type is not None}
    reader = Reader(types, reads_whole(table))
    places = {each.name: each.location for each in columns}
    found = []
    for partition, offset, text in store.execute(
        _odd(store, table, dict(zip(paths, types.values(), strict=True)))
    ).fetchall():
        try:
            found.append({"partition": partition, "offset": offset, "text": reader.read(text)})
        except Unknown as unknown:
            raise OracleUnsupported(
                f"the record at offset {offset} of partition {partition} of '{table.topic}', which has"
                f" {unknown.what} in '{unknown.column}'",
                places[unknown.column],
            ) from None
    schema = pa.schema([("partition", pa.int32()), ("offset", pa.int64()), ("text", pa.string())])
    store.connection.register("$read", pa.Table.from_pylist(found, schema))
    store.execute(f'CREATE OR REPLACE TEMP TABLE {AGAIN} AS SELECT * FROM "$read"')
    store.connection.unregister("$read")
    return {name: places[name] for name in reader.unknown}


def reads_whole(table: Table) -> bool:
    """Whether Flink takes the table's records whole, and not token by token."""
    return (table.value_option("decode.json-parser.enabled") or "true").lower() == "false"


def _odd(store: RecordStore, table: Table, paths: Mapping[str, exp.DataType]) -> str:
    raw = store.table(table.topic)
    suspects: dict[str, list[str]] = {}
    for path, written in paths.items():
        suspects.setdefault(_suspect(written), []).append(path)
    doubtful = [
        f"list_has_any(json_type(text, [{', '.join(found)}]), [{kinds}])" for kinds, found in suspects.items()
    ]
    if any(written.this == DType.DECIMAL for written in paths.values()):
        doubtful.append(f"regexp_matches(text, '{_LONG}')")
    # Most records name the same fields as any other. Where a filter stands above it, DuckDB computes `names` at each
    # place that names it anew.
    return f"""
        WITH readable AS (
            SELECT partition, "offset", TRY(decode("value")) AS text FROM {raw} WHERE "value" IS NOT NULL
        ), named AS (
            SELECT *, CASE WHEN valid AND json_type(text) = 'OBJECT' THEN json_keys(text) END AS names
            FROM (SELECT *, COALESCE(json_valid(text), FALSE) AS valid FROM readable)
        ), usual AS MATERIALIZED (
            SELECT names, {_TWICE} AS twice FROM named WHERE names IS NOT NULL LIMIT 1
        ), judged AS MATERIALIZED (
            SELECT partition, "offset", CASE
                WHEN NOT valid THEN regexp_matches(text, '^\\s*\\x{{FEFF}}?\\s*[{{]')
                WHEN CASE WHEN names = (SELECT names FROM usual) THEN (SELECT twice FROM usual)
                     ELSE {_TWICE} END THEN TRUE
                ELSE regexp_matches(text, '{_LENIENT}', 'i') OR {" OR ".join(doubtful) or "FALSE"} END AS odd
            FROM named
        )
        SELECT partition, "offset", decode("value") FROM judged JOIN {raw} USING (partition, "offset") WHERE odd
    """


def _suspect(written: exp.DataType) -> str:
    """The kinds of JSON, as DuckDB's literals, that a column of this type reads otherwise."""
    if written.this in NESTED:
        return "'DOUBLE', 'OBJECT', 'ARRAY', 'VARCHAR', 'BOOLEAN', 'BIGINT', 'UBIGINT'"
    if written.this in TEXT or written.this in CUT:
        return "'DOUBLE', 'OBJECT', 'ARRAY'"
    return "'OBJECT', 'ARRAY'"
