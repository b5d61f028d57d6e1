"""The rows of Nexmark's joins that DuckDB makes of the topics, from the queries as they are published."""

# ruff: noqa: S608  the SQL is ours
from __future__ import annotations

from collections.abc import Sequence

from bench.joins.rows import Rows, Shape
from bench.joins.topics import Topics

_SOURCES = {
    "person": {
        "id": "BIGINT", "name": "VARCHAR", "city": "VARCHAR", "state": "VARCHAR", "dateTime": "TIMESTAMP",
    },
    "auction": {
        "id": "BIGINT", "itemName": "VARCHAR", "description": "VARCHAR", "initialBid": "BIGINT", "reserve": "BIGINT",
        "dateTime": "TIMESTAMP", "expires": "TIMESTAMP", "seller": "BIGINT", "category": "BIGINT", "extra": "VARCHAR",
    },
    "bid": {
        "auction": "BIGINT", "bidder": "BIGINT", "price": "BIGINT", "channel": "VARCHAR", "url": "VARCHAR",
        "dateTime": "TIMESTAMP", "extra": "VARCHAR",
    },
}  # fmt: skip
_TEXTS = ("description", "extra", "url", "bid_extra", "auction_extra")
"""Columns of which only the hash is kept."""

_AUCTION = (
    "A.itemName, A.description, A.initialBid, A.reserve, A.dateTime, A.expires, A.seller, A.category, A.extra"
)
_RESULTS = {
    "q3": (
        {"name": "VARCHAR", "city": "VARCHAR", "state": "VARCHAR", "id": "BIGINT"},
        "SELECT hash(P.name, P.city, P.state, A.id) AS h FROM auction A JOIN person P ON A.seller = P.id"
        " WHERE A.category = 10 AND P.state IN ('OR', 'ID', 'CA')",
    ),
    "q7": (
        {"auction": "BIGINT", "price": "BIGINT", "bidder": "BIGINT", "dateTime": "TIMESTAMP", "extra": "VARCHAR"},
        "SELECT hash(B.auction, B.price, B.bidder, B.dateTime, B.extra) AS h FROM bid B JOIN ("
        "SELECT max(price) AS price, time_bucket(INTERVAL 10 SECOND, dateTime) AS begins FROM bid GROUP BY begins"
        ") W ON W.price = B.price AND B.dateTime BETWEEN W.begins AND W.begins + INTERVAL 10 SECOND",
    ),
    "q8": (
        {"id": "BIGINT", "name": "VARCHAR", "starttime": "TIMESTAMP"},
        "SELECT hash(id, name, starttime) AS h FROM ("
        "SELECT DISTINCT id, name, time_bucket(INTERVAL 10 SECOND, dateTime) AS starttime FROM person"
        ") JOIN (SELECT DISTINCT seller AS id, time_bucket(INTERVAL 10 SECOND, dateTime) AS starttime FROM auction"
        ") USING (id, starttime)",
    ),
    "q9_bids": (
        {
            "id": "BIGINT", **{name: _SOURCES["auction"][name] for name in list(_SOURCES["auction"])[1:]},
            "auction": "BIGINT", "bidder": "BIGINT", "price": "BIGINT", "bid_dateTime": "TIMESTAMP",
            "bid_extra": "VARCHAR",
        },
        f"SELECT hash(A.id, {_AUCTION}, B.auction, B.bidder, B.price, B.dateTime, B.extra) AS h"
        " FROM auction A JOIN bid B ON A.id = B.auction WHERE B.dateTime BETWEEN A.dateTime AND A.expires",
    ),
    "q20": (
        {
            "auction": "BIGINT", "bidder": "BIGINT", "price": "BIGINT", "channel": "VARCHAR", "url": "VARCHAR",
            "bid_dateTime": "TIMESTAMP", "bid_extra": "VARCHAR", "itemName": "VARCHAR", "description": "VARCHAR",
            "initialBid": "BIGINT", "reserve": "BIGINT", "auction_dateTime": "TIMESTAMP", "expires": "TIMESTAMP",
            "seller": "BIGINT", "category": "BIGINT", "auction_extra": "VARCHAR",
        },
        f"SELECT hash(B.auction, B.bidder, B.price, B.channel, B.url, B.dateTime, B.extra, {_AUCTION}) AS h"
        " FROM bid B JOIN auction A ON B.auction = A.id WHERE A.category = 10",
    ),
}  # fmt: skip

INPUTS = {
    "q3": ("person", "auction"),
    "q7": ("bid",),
    "q8": ("person", "auction"),
    "q9_bids": ("auction", "bid"),
    "q20": ("auction", "bid"),
}
"""The topics that each query reads."""


class Oracle(Rows):
    """The expected rows of queries. Close it."""

    def read(self, topics: Topics, queries: Sequence[str]) -> None:
        """Read the input topics, those of their events that may join, and compute the rows of each query."""
        for name, topic in topics.inputs.items():
            columns = _SOURCES[name]
            self.load(name, topics.kafka, topic, Shape(columns, _TEXTS))
            self.duck.execute(f"DELETE FROM {name} WHERE {next(iter(columns))} < 0")
        for query in queries:
            columns, select = _RESULTS[query]
            self.expect(query, Shape(columns, _TEXTS), select)
