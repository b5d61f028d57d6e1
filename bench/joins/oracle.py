"""The rows that DuckDB makes of the topics, and whether an engine's are the same."""

# ruff: noqa: S608  the SQL is ours
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import duckdb
import pyarrow as pa
from bench.joins.topics import Sent, Topics
from bench.joins.workload import WINDOW_MS, Workload

from juncture.kafka.reader import Record, read_topic
from juncture.model.environment import Kafka

Form = Literal["join", "forward"]
"""What an engine writes: the joined rows, or, without state, a `match` share of the server events in their shape."""

_BATCH = 50_000
_COLUMNS = {
    "server": {
        "request_id": "VARCHAR", "member_id": "BIGINT", "page": "VARCHAR", "items": "VARCHAR", "server_ts": "BIGINT",
    },
    "client": {"request_id": "VARCHAR", "event": "VARCHAR", "ua": "VARCHAR", "client_ts": "BIGINT"},
    "purchase": {"request_id": "VARCHAR", "price": "BIGINT", "receipt": "VARCHAR", "purchase_ts": "BIGINT"},
}  # fmt: skip
_LONG = ("items", "ua", "receipt")
"""Columns of which only the hash is kept."""


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


class Oracle:
    """The expected rows of some topics. Close it.

    Args:
        workload: what was written to the topics; of the workload itself only the number of topics and `match` count.
        memory: what DuckDB may take, for instance '4GB'; beyond that it uses a temporary folder.
    """

    def __init__(self, workload: Workload, memory: str = "4GB") -> None:
        self._workload = workload
        self._duck = duckdb.connect(":memory:", config={"memory_limit": memory})
        self._columns = {name: kind for topic in workload.names for name, kind in _COLUMNS[topic].items()}
        self._hash = f"hash({', '.join(self._columns)})"

    def close(self) -> None:
        self._duck.close()

    def read(self, topics: Topics) -> None:
        """Read the input topics, and compute the rows of each form."""
        for name, topic in topics.inputs.items():
            self._load(name, topics.kafka, topic, _COLUMNS[name])
        joins = "".join(
            f" JOIN {name} ON {name}.request_id = server.request_id"
            f" AND {name}.{name}_ts BETWEEN server_ts AND server_ts + {WINDOW_MS}"
            for name in self._workload.names[1:]
        )
        columns = [f"server.{name}" if name == "request_id" else name for name in self._columns]
        self._expect("join", f"SELECT hash({', '.join(columns)}) AS h FROM server{joins}")
        empty = {"VARCHAR": "''", "BIGINT": "0"}
        forwarded = [
            name if name in _COLUMNS["server"] else f"hash({empty[kind]})" if name in _LONG else empty[kind]
            for name, kind in self._columns.items()
        ]
        where = f"member_id % 100 < {self._workload.match}"
        self._expect("forward", f"SELECT hash({', '.join(forwarded)}) AS h FROM server WHERE {where}")

    def expected(self, form: Form) -> int:
        """How many rows an engine has to write."""
        return self._number(f"SELECT coalesce(sum(n), 0) FROM expected_{form}")

    def compare(self, topics: Topics, form: Form) -> Comparison:
        """Read the result's topic, and hold its rows against the expected ones, each as often as it has to come."""
        self._load("found", topics.kafka, topics.result, self._columns)
        self._duck.execute(
            f"CREATE OR REPLACE TABLE counted AS SELECT {self._hash} AS h, count(*) AS n FROM found GROUP BY h"
        )
        differences = (
            f"SELECT sum(greatest(coalesce(e.n, 0) - coalesce(c.n, 0), 0)),"
            f" sum(greatest(coalesce(c.n, 0) - coalesce(e.n, 0), 0)),"
            f" sum(h::HUGEINT * coalesce(c.n, 0)) % 18446744073709551616::HUGEINT"
            f" FROM expected_{form} AS e FULL JOIN counted AS c USING (h)"
        )
        missing, extra, digest = self._duck.sql(differences).fetchall()[0]
        found = self._number("SELECT count(*) FROM found")
        return Comparison(
            self.expected(form), found, int(missing or 0), int(extra or 0), f"{int(digest or 0):016x}"
        )

    def delays(self, sent: Sequence[Sent], quantiles: Sequence[float]) -> tuple[float, ...]:
        """Quantiles of the ms from handing over the later event of a pair to the broker's having its row.

        Of the rows that `compare` read last, without the first quarter, in which engines warm up, and without events
        that were sent twice.
        """
        columns: dict[str, list[object]] = {"topic": [], "request_id": [], "time": [], "sent": []}
        for each in sent:
            for column, value in zip(columns.values(), each, strict=True):
                column.append(value)
        self._duck.register("sent_batch", pa.table(columns))
        self._duck.execute(
            "CREATE OR REPLACE TABLE sent AS SELECT topic, request_id, time, any_value(sent) AS sent FROM sent_batch"
            " GROUP BY ALL HAVING count(*) = 1"
        )
        self._duck.unregister("sent_batch")
        names = self._workload.names
        joins = " ".join(
            f"JOIN sent AS {name} ON {name}.topic = '{name}' AND {name}.request_id = found.request_id"
            f" AND {name}.time = found.{name}_ts"
            for name in names
        )
        latest = f"greatest({', '.join(f'{name}.sent' for name in names)})"
        pairs = f"SELECT taken_at - {latest} AS delay, {latest} AS due FROM found {joins}"
        begin = min(each.at for each in sent)
        warm = begin + (max(each.at for each in sent) - begin) / 4
        answer = self._duck.sql(
            f"SELECT quantile_cont(delay, {list(quantiles)}) FROM ({pairs}) WHERE due >= {warm}"
        ).fetchall()[0][0]
        return tuple(map(float, answer or ()))

    def _expect(self, form: Form, select: str) -> None:
        self._duck.execute(
            f"CREATE TABLE expected_{form} AS SELECT h, count(*) AS n FROM ({select}) GROUP BY h"
        )

    def _number(self, query: str) -> int:
        return int(self._duck.sql(query).fetchall()[0][0])

    def _load(self, table: str, kafka: Kafka, topic: str, columns: dict[str, str]) -> None:
        kinds = ", ".join(f"{name} {'UBIGINT' if name in _LONG else kind}" for name, kind in columns.items())
        shape = "{" + ", ".join(f'"{name}": "{kind}"' for name, kind in columns.items()) + "}"
        values = ", ".join(f"hash(fields.{name})" if name in _LONG else f"fields.{name}" for name in columns)
        self._duck.execute(f"CREATE OR REPLACE TABLE {table} ({kinds}, taken_at BIGINT)")
        for batch in _batches(read_topic(kafka, topic)):
            self._duck.register("batch", batch)
            self._duck.execute(
                f"INSERT INTO {table} SELECT {values}, taken_at"
                f" FROM (SELECT json_transform(value, '{shape}') AS fields, taken_at FROM batch)"
            )
            self._duck.unregister("batch")


def _batches(records: Iterator[Record]) -> Iterator[pa.Table]:
    while batch := list(islice(records, _BATCH)):
        yield pa.table(
            {
                "value": pa.array([each.value for each in batch], pa.binary()).cast(pa.string()),
                "taken_at": pa.array([each.timestamp for each in batch], pa.int64()),
            }
        )
