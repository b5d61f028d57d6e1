"""The rows of the join that DuckDB makes of the topics, and how long an engine's took."""

# ruff: noqa: S608  the SQL is ours
from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pyarrow as pa
from bench.joins.rows import Rows, Shape
from bench.joins.topics import Sent, Topics
from bench.joins.workload import CLOSING, COLUMNS, Join, Workload

Form = Literal["join", "forward"]
"""What an engine writes: the joined rows, or, without state, a `match` share of the server events in their shape."""

_LONG = ("items", "ua", "receipt")
"""Columns of which only the hash is kept."""


class Oracle(Rows):
    """The expected rows of some topics, of each form. Close it.

    Args:
        workload: what was written to the topics; only the number of topics, `match`, format and window count.
        join: its kind, between the server events and each other topic. Closing events have no rows.
    """

    def __init__(self, workload: Workload, join: Join = "inner") -> None:
        super().__init__(format=workload.format)
        self._workload, self._join = workload, join

    def read(self, topics: Topics) -> None:
        """Read the input topics, and compute the rows of each form."""
        for name, topic in topics.inputs.items():
            self.load(name, topics.kafka, topic, Shape(COLUMNS[name], _LONG))
        names = self._workload.names
        columns = {name: kind for topic in names for name, kind in COLUMNS[topic].items()}
        shape = Shape(columns, _LONG)
        joins = "".join(
            f" {self._join} JOIN {name} ON {name}.request_id = server.request_id"
            f" AND {name}.{name}_ts BETWEEN server_ts AND server_ts + {self._workload.window * 60_000}"
            for name in names[1:]
        )
        key = f"coalesce({', '.join(f'{name}.request_id' for name in names)})"
        joined = [key if name == "request_id" else name for name in columns]
        self.expect(
            "join",
            shape,
            f"SELECT hash({', '.join(joined)}) AS h FROM server{joins} WHERE {key} NOT LIKE '{CLOSING}%'",
        )
        empty = {"VARCHAR": "''", "BIGINT": "0"}
        forwarded = [
            name if name in COLUMNS["server"] else f"hash({empty[kind]})" if name in _LONG else empty[kind]
            for name, kind in columns.items()
        ]
        where = f"member_id % 100 < {self._workload.match}"
        self.expect("forward", shape, f"SELECT hash({', '.join(forwarded)}) AS h FROM server WHERE {where}")

    def delays(self, sent: Sequence[Sent], quantiles: Sequence[float]) -> tuple[float, ...]:
        """Quantiles of the ms from handing over the later event of a pair to the broker's having its row.

        Of the rows that `compare` read last, without the first quarter, in which engines warm up, and without events
        that were sent twice.
        """
        columns: dict[str, list[object]] = {"topic": [], "request_id": [], "time": [], "sent": []}
        for each in sent:
            for column, value in zip(columns.values(), each, strict=True):
                column.append(value)
        self.duck.register("sent_batch", pa.table(columns))
        self.duck.execute(
            "CREATE OR REPLACE TABLE sent AS SELECT topic, request_id, time, any_value(sent) AS sent FROM sent_batch"
            " GROUP BY ALL HAVING count(*) = 1"
        )
        self.duck.unregister("sent_batch")
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
        answer = self.duck.sql(
            f"SELECT quantile_cont(delay, {list(quantiles)}) FROM ({pairs}) WHERE due >= {warm}"
        ).fetchall()[0][0]
        return tuple(map(float, answer or ()))
