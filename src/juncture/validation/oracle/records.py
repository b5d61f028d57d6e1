"""Records of topics as they really are, in a DuckDB database of their own."""

# ruff: noqa: S608 - every name in the SQL is quoted

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from juncture.errors import JunctureError, Location
from juncture.validation.oracle.columns import quoted
from juncture.validation.oracle.unsupported import OracleUnsupported

if TYPE_CHECKING:
    import duckdb

_CHUNK = 100_000


class Record(Protocol):
    """What a record must have; `juncture.kafka.reader.Record` has it. `timestamp` is in milliseconds."""

    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


def require_duckdb() -> None:
    """Raise JunctureError where DuckDB is not installed."""
    try:
        import duckdb  # noqa: F401
    except ImportError:
        raise JunctureError(
            "DuckDB is not installed, and it computes and compares rows",
            remedy="pip install 'juncture[local]'",
        ) from None


class RecordStore:
    """Topics' records, one DuckDB table a topic. Close it, or use it as a context manager.

    Args:
        path: file of the database; in memory if there is none.

    Raises JunctureError where DuckDB is not installed.
    """

    def __init__(self, path: Path | None = None) -> None:
        require_duckdb()
        import duckdb

        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(str(path or ":memory:"))

    def __enter__(self) -> RecordStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def add(self, topic: str, records: Iterable[Record]) -> int:
        """Add records of a topic, in any order; returns how many."""
        import pyarrow as pa

        table = self.table(topic)
        schema = pa.schema(
            [
                ("partition", pa.int32()),
                ("offset", pa.int64()),
                ("timestamp", pa.int64()),
                ("key", pa.binary()),
                ("value", pa.binary()),
            ]
        )
        added = 0
        iterator = iter(records)
        while chunk := list(islice(iterator, _CHUNK)):
            columns = zip(*((r.partition, r.offset, r.timestamp, r.key, r.value) for r in chunk), strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            self.connection.register("$chunk", pa.Table.from_arrays(arrays, schema=schema))
            self.connection.execute(f'INSERT INTO {table} SELECT * FROM "$chunk"')
            self.connection.unregister("$chunk")
            added += len(chunk)
        return added

    def execute(self, sql: str, location: Location | None = None) -> duckdb.DuckDBPyConnection:
        """Run SQL that a value may stop. Raises OracleUnsupported with what DuckDB says then."""
        import duckdb

        try:
            return self.connection.execute(sql)
        except duckdb.Error as error:
            first = str(error).split("\n", 1)[0]
            raise OracleUnsupported(f"this join (DuckDB says: {first})", location) from error

    def table(self, topic: str) -> str:
        """The quoted name of the topic's table, which is made if need be."""
        name = quoted(f"topic:{topic}")
        self.connection.execute(
            f'CREATE TABLE IF NOT EXISTS {name} (partition INTEGER, "offset" BIGINT, "timestamp" BIGINT,'
            ' "key" BLOB, "value" BLOB)'
        )
        return name
