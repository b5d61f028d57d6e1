"""Rows that DuckDB makes of topics, and whether an engine's are the same."""

# ruff: noqa: S608  the SQL is ours
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import duckdb
import pyarrow as pa
from bench.joins.formats import Convert, Format, to_json

from juncture.kafka.reader import Record, read_topic
from juncture.model.environment import Kafka

_BATCH = 50_000


@dataclass(frozen=True)
class Comparison:
    """Rows expected, rows found, and how many of each kind differ; `digest` is a sum of the found rows' hashes."""

    expected: int
    found: int
    missing: int
    extra: int
    digest: str

    @property
    def same(self) -> bool:
        return self.missing == self.extra == 0

    @property
    def missing_percent(self) -> float:
        return 100 * self.missing / max(self.expected, 1)

    @property
    def extra_percent(self) -> float:
        return 100 * self.extra / max(self.expected, 1)


@dataclass(frozen=True)
class Shape:
    """The columns of a topic's rows: DuckDB types by name, and those of which only the hash is kept."""

    columns: Mapping[str, str]
    hashed: Collection[str] = ()

    def hash(self) -> str:
        """The SQL of a loaded row's hash."""
        return f"hash({', '.join(self.columns)})"


class Rows:
    """Tables of topics, and the rows expected of them, by the name of their form. Close it.

    Args:
        memory: what DuckDB may take, for instance '4GB'; beyond that it uses a temporary folder.
        format: of the records' values.
    """

    def __init__(self, memory: str = "4GB", format: Format = "json") -> None:
        self._format = format
        self.duck = duckdb.connect(":memory:", config={"memory_limit": memory})
        self._shapes: dict[str, Shape] = {}

    def close(self) -> None:
        self.duck.close()

    def load(self, table: str, kafka: Kafka, topic: str, shape: Shape) -> None:
        """Make a table of a topic's records, with `taken_at`, their timestamp, as one more column."""
        kinds = ", ".join(
            f"{name} {'UBIGINT' if name in shape.hashed else kind}" for name, kind in shape.columns.items()
        )
        fields = "{" + ", ".join(f'"{name}": "{kind}"' for name, kind in shape.columns.items()) + "}"
        values = ", ".join(
            f"if(fields.{name} IS NULL, NULL, hash(fields.{name}))"
            if name in shape.hashed
            else f"fields.{name}"
            for name in shape.columns
        )
        self.duck.execute(f"CREATE OR REPLACE TABLE {table} ({kinds}, taken_at BIGINT)")
        for batch in _batches(read_topic(kafka, topic), to_json(self._format, shape.columns)):
            self.duck.register("batch", batch)
            self.duck.execute(
                f"INSERT INTO {table} SELECT {values}, taken_at"
                f" FROM (SELECT json_transform(value, '{fields}') AS fields, taken_at FROM batch)"
            )
            self.duck.unregister("batch")

    def expect(self, form: str, shape: Shape, select: str) -> None:
        """The rows of a form are of this shape; `select` yields the hash of each, as h."""
        self._shapes[form] = shape
        self.duck.execute(
            f"CREATE TABLE expected_{form} AS SELECT h, count(*) AS n FROM ({select}) GROUP BY h"
        )

    def expected(self, form: str) -> int:
        """How many rows an engine has to write."""
        return self._number(f"SELECT coalesce(sum(n), 0) FROM expected_{form}")

    def compare(self, kafka: Kafka, topic: str, form: str) -> Comparison:
        """Read the result's topic, and hold its rows against the expected ones, each as often as it has to come."""
        shape = self._shapes[form]
        self.load("found", kafka, topic, shape)
        self.duck.execute(
            f"CREATE OR REPLACE TABLE counted AS SELECT {shape.hash()} AS h, count(*) AS n FROM found GROUP BY h"
        )
        differences = (
            f"SELECT sum(greatest(coalesce(e.n, 0) - coalesce(c.n, 0), 0)),"
            f" sum(greatest(coalesce(c.n, 0) - coalesce(e.n, 0), 0)),"
            f" sum(h::HUGEINT * coalesce(c.n, 0)) % 18446744073709551616::HUGEINT"
            f" FROM expected_{form} AS e FULL JOIN counted AS c USING (h)"
        )
        missing, extra, digest = self.duck.sql(differences).fetchall()[0]
        found = self._number("SELECT count(*) FROM found")
        return Comparison(
            self.expected(form), found, int(missing or 0), int(extra or 0), f"{int(digest or 0):016x}"
        )

    def _number(self, query: str) -> int:
        return int(self.duck.sql(query).fetchall()[0][0])


def _batches(records: Iterator[Record], decode: Convert) -> Iterator[pa.Table]:
    while batch := list(islice(records, _BATCH)):
        yield pa.table(
            {
                "value": pa.array([decode(each.value or b"") for each in batch], pa.binary()).cast(
                    pa.string()
                ),
                "taken_at": pa.array([each.timestamp for each in batch], pa.int64()),
            }
        )
