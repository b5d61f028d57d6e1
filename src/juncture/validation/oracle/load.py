"""Typed tables from records, as Flink's source would read them."""

from __future__ import annotations

# ruff: noqa: S608 - every name in the SQL is quoted
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlglot import exp

from juncture.errors import Location
from juncture.model.rendered import PAYLOAD, PAYLOAD_FORMAT
from juncture.validation.oracle.columns import duckdb_type, from_json, quoted, refuse_alike
from juncture.validation.oracle.odd import AGAIN, read_again, reads_whole
from juncture.validation.oracle.ranking import ARRIVAL, ARRIVED
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.scalars import rewrite
from juncture.validation.oracle.tables import Column, Table
from juncture.validation.oracle.unsupported import OracleUnsupported
from juncture.validation.oracle.widening import Kinds

Excluded = Mapping[str, Mapping[int, Sequence[range]]]
"""Records that the join must not see, by topic and partition: ranges of offsets."""

_METADATA = {
    "partition": "partition",
    "offset": '"offset"',
    "timestamp": 'make_timestamptz("timestamp" * 1000)',
    PAYLOAD: "text",
}


@dataclass(frozen=True)
class Loaded:
    """A table that was loaded, and what its topic held.

    `records` is every record, `malformed` those that are not JSON objects, `deletions` those without a
    value, `excluded` those that were left out on request; the rest are `rows`. `unusable` are columns
    that cannot be computed, and where they stand.
    """

    table: Table
    records: int
    rows: int
    malformed: int
    deletions: int
    excluded: int
    unusable: dict[str, Location]


def load(store: RecordStore, table: Table, excluded: Excluded | None = None) -> Loaded:
    """Make views of a table's rows: NAME, and for a changelog topic NAME$versions.

    NAME holds the table's columns; of a changelog topic, the latest row of each key. NAME$arrived has every row, with
    `$partition` and `$offset`; NAME$events those that were not read, too, and `$timestamp`; NAME$versions adds `$from`
    and `$to`, the event times between which a row was its key's valid one.

    Raises OracleUnsupported for a connector, format or type that the oracle does not read.
    """
    if table.value_format not in ("json", PAYLOAD_FORMAT):
        raise OracleUnsupported(
            f"the format '{table.value_format}' of '{table.name}'", table.location, "use the format 'json'"
        )
    refuse_alike("the column", (column.name for column in table.columns), table.location)
    raw = store.table(table.topic)
    connection = store.connection
    connection.execute(
        'CREATE OR REPLACE TEMP TABLE "$excluded" (partition INTEGER, first BIGINT, after BIGINT)'
    )
    ranges = [
        (partition, each.start, each.stop)
        for partition, found in (excluded or {}).get(table.topic, {}).items()
        for each in found
    ]
    if ranges:
        connection.executemany('INSERT INTO "$excluded" VALUES (?, ?, ?)', ranges)

    values = [column for column in table.columns if column.type is not None and column.metadata is None]
    iso = (table.value_option("timestamp-format.standard") or "SQL").upper() == "ISO-8601"
    paths = [_path(column) for column in values]
    unknown = read_again(store, table, values, paths)
    found = [
        f"{from_json(column.type, f'fields[{position}]', iso, column.location)} AS {quoted(column.name)}"
        for position, column in enumerate(values, 1)
        if column.type is not None
    ]
    derived, unusable = _derived(table)
    unusable |= unknown
    name = quoted(f"{table.name}$events")
    store.execute(
        f"""
        CREATE OR REPLACE TABLE {name} AS
        WITH readable AS (
            SELECT r.*, "value" IS NULL AS deletion, TRY(decode("value")) AS text,
                CASE WHEN a.partition IS NULL THEN TRY(decode("value")) ELSE a.text END AS fields_text,
                EXISTS (SELECT 1 FROM "$excluded" x WHERE x.partition = r.partition
                        AND r."offset" >= x.first AND r."offset" < x.after) AS excluded
            FROM {raw} AS r LEFT JOIN {AGAIN} AS a ON a.partition = r.partition AND a."offset" = r."offset"
        ), checked AS (
            SELECT *, COALESCE(CASE WHEN json_valid(fields_text) THEN json_type(fields_text) END, '') AS shape
            FROM readable
        ), split AS (
            SELECT *, CASE WHEN shape = 'OBJECT' THEN json_extract_string(fields_text, [{", ".join(paths)}])
                      ELSE list_value({", ".join(["NULL"] * len(values))}) END AS fields
            FROM checked
        )
        SELECT {", ".join(found)}, {_metadata(table)} partition AS "$partition", "offset" AS "$offset",
            "timestamp" AS "$timestamp", "key" AS "$key", deletion AS "$deletion", shape AS "$shape",
            excluded AS "$excluded"
        FROM split
        """,
        table.location,
    )
    return _views(store, table, derived, unusable)


def _views(
    store: RecordStore, table: Table, derived: dict[str, str], unusable: dict[str, Location]
) -> Loaded:
    connection, events = store.connection, quoted(f"{table.name}$events")
    row = connection.execute(
        f"""SELECT count(*), count(*) FILTER ("$deletion"),
                   count(*) FILTER (NOT "$deletion" AND "$shape" <> 'OBJECT'),
                   count(*) FILTER ("$shape" = 'ARRAY'),
                   count(*) FILTER ("$excluded"),
                   count(*) FILTER (NOT "$excluded" AND "$shape" = 'OBJECT')
            FROM {events}"""
    ).fetchone()
    assert row is not None
    records, deletions, malformed, arrays, left_out, rows = row
    if arrays and reads_whole(table) and table.value_format != PAYLOAD_FORMAT:
        # Then they are a row for each element; else they are skipped.
        raise OracleUnsupported(f"JSON arrays as records of '{table.topic}'", table.location)
    columns = ", ".join(
        f"{derived[c.name]} AS {quoted(c.name)}" if c.name in derived else quoted(c.name)
        for c in table.columns
        if c.name not in unusable
    )
    usable = 'NOT "$excluded" AND "$shape" = \'OBJECT\''
    name = quoted(table.name)
    if table.is_changelog:
        changes = 'NOT "$excluded" AND ("$deletion" OR "$shape" = \'OBJECT\')'
        latest = (
            f"SELECT * FROM {events} WHERE {changes} QUALIFY row_number() OVER "
            '(PARTITION BY "$key" ORDER BY "$partition" DESC, "$offset" DESC) = 1'
        )
        connection.execute(
            f'CREATE OR REPLACE VIEW {name} AS SELECT {columns} FROM ({latest}) WHERE NOT "$deletion"'
        )
        _versions(store, table, columns, changes)
    else:
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {columns} FROM {events} WHERE {usable}")
    arrived, arrival = quoted(table.name + ARRIVED), ", ".join(quoted(each) for each in ARRIVAL)
    connection.execute(
        f"CREATE OR REPLACE VIEW {arrived} AS SELECT {columns}, {arrival} FROM {events} WHERE {usable}"
    )
    return Loaded(table, records, rows, malformed, deletions, left_out, unusable)


def _versions(store: RecordStore, table: Table, columns: str, changes: str) -> None:
    if table.rowtime is None:
        return
    # Two versions of the same moment: the later record is the valid one, the earlier valid for no time.
    store.execute(
        f"""
        CREATE OR REPLACE TABLE {quoted(table.name + "$versions")} AS
        SELECT {columns}, {", ".join(quoted(each) for each in ARRIVAL)}, {quoted(table.rowtime)} AS "$from",
            COALESCE(lead({quoted(table.rowtime)}) OVER (
                PARTITION BY "$key" ORDER BY {quoted(table.rowtime)}, "$partition", "$offset"
            ), 'infinity') AS "$to"
        FROM {quoted(table.name + "$events")}
        WHERE {changes} AND NOT "$deletion"
        """,
        table.location,
    )


def _derived(table: Table) -> tuple[dict[str, str], dict[str, Location]]:
    """SQL of the computed columns, and those that cannot be computed."""
    derived: dict[str, str] = {}
    unusable: dict[str, Location] = {}
    kinds = Kinds([table])
    for column in table.columns:
        if column.metadata is not None and column.metadata not in (*_METADATA, "topic"):
            unusable[column.name] = column.location
        elif column.computed is not None:
            try:
                computed = exp.Paren(this=column.computed.copy())
                kinds.widen(computed, partial(_at, column.location))
                found = rewrite(computed, partial(_at, column.location))
                derived[column.name] = found.sql("duckdb", identify=True)
            except OracleUnsupported:
                unusable[column.name] = column.location
    return derived, unusable


def _at(location: Location, node: exp.Expr) -> Location:
    return location


def _metadata(table: Table) -> str:
    parts = []
    for column in table.columns:
        if column.metadata is None or column.type is None:
            continue
        if column.metadata == "topic":
            parts.append(f"{exp.Literal.string(table.topic).sql()} AS {quoted(column.name)}, ")
        elif column.metadata in _METADATA:
            value = f"CAST({_METADATA[column.metadata]} AS {duckdb_type(column.type, column.location)})"
            parts.append(f"{value} AS {quoted(column.name)}, ")
    return "".join(parts)


def _path(column: Column) -> str:
    escaped = column.name.replace("\\", "\\\\").replace('"', '\\"')
    return exp.Literal.string(f'$."{escaped}"').sql()
