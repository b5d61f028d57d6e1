"""The events of a run: made from a seed, the same bytes each time.

Server events (about 754 bytes) and client events (about 274) of the same requests, in the order in which they arrive:

- server events arrive up to 5 s after their time, one in a hundred a second time, unchanged;
- a share of them has a client event, a minute later on average; 3 % of those are 9 to 14 minutes later, so that some
  are outside the ten minutes; 5 % arrive up to 110 s late, 3 % a second time, and 4 % have a second, other one;
- client events without a server event are 2 % of the server events;
- with three topics, one request in five of those with a client event has a purchase in the quarter of an hour after it.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from bench.joins.formats import Format, from_json

Keys = Literal["unique", "skewed"]
Join = Literal["inner", "left", "right", "full"]
Ints = npt.NDArray[np.int64]

WINDOW = 10
"""A client event joins the server event of its key if it is 0 to this many minutes later, both included."""
SERVER_DELAY_S, CLIENT_DELAY_S = 10, 120
"""How long after its time an event may come, with a margin: what watermarks and grace periods have to allow."""

CLOSING = "closing-"
"""What the key of a closing event begins with."""

COLUMNS = {
    "server": {
        "request_id": "VARCHAR", "member_id": "BIGINT", "page": "VARCHAR", "items": "VARCHAR", "server_ts": "BIGINT",
    },
    "client": {"request_id": "VARCHAR", "event": "VARCHAR", "ua": "VARCHAR", "client_ts": "BIGINT"},
    "purchase": {"request_id": "VARCHAR", "price": "BIGINT", "receipt": "VARCHAR", "purchase_ts": "BIGINT"},
}  # fmt: skip
"""The columns of each topic's values, DuckDB's types by name."""

_BEGIN = 1_700_000_000_000
_LONGEST = 1_000
_DAY_MS = 86_400_000
_MIXER = 0x9E3779B97F4A7C15


class Event(NamedTuple):
    """A record of a topic. `time` and `arrival` are in ms of the epoch."""

    topic: str
    key: bytes
    value: bytes
    time: int
    arrival: int


@dataclass(frozen=True)
class _Stream:
    """Events of one topic by arrival; `text` and `length` say which part of the common text they carry."""

    request: Ints
    time: Ints
    arrival: Ints
    text: Ints
    length: Ints

    def pick(self, where: npt.NDArray[np.bool_], arrival: Ints) -> _Stream:
        return _Stream(self.request[where], self.time[where], arrival, self.text[where], self.length[where])

    def by_arrival(self) -> _Stream:
        order = np.argsort(self.arrival, kind="stable")
        return _Stream(*(column[order] for column in self.columns))

    @property
    def columns(self) -> tuple[Ints, ...]:
        return self.request, self.time, self.arrival, self.text, self.length


@dataclass(frozen=True)
class Workload:
    """What is joined.

    Args:
        events: of all topics together, about; `counts` has them exactly.
        span_s: seconds of event time over which the server events are spread.
        keys: 'unique' is one server event a key; 'skewed' draws keys by rank to the power of -1/2.
        match: per cent of the server events that have a client event.
        topics: 2 or 3.
        payload: how many times as long as that the events' texts are.
        seed: of all that is random.
        format: of the records' values.
        window: minutes that a joined event may come after its server event.
    """

    events: int
    span_s: int = 1800
    keys: Keys = "unique"
    match: int = 84
    topics: int = 2
    payload: int = 1
    seed: int = 7
    format: Format = "json"
    window: int = WINDOW

    @property
    def names(self) -> tuple[str, ...]:
        return ("server", "client", "purchase")[: self.topics]

    @property
    def requests(self) -> int:
        """How many server events there are, second arrivals left out."""
        clicks = self.match / 100
        return max(round(self.events / (1.01 + 0.02 + clicks * (1.07 + 0.2 * (self.topics - 2)))), 1)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Events by topic."""
        return {name: len(stream.time) for name, stream in self._streams.items()}

    @property
    def total(self) -> int:
        """Events of all topics."""
        return sum(self.counts.values())

    def of_topic(self, name: str) -> Iterator[Event]:
        """The events of one topic by arrival."""
        stream, write = self._streams[name], _VALUES[name]
        keys, encode = self._keys, from_json(self.format, COLUMNS[name])
        for request, time, arrival, begin, length in zip(
            *(column.tolist() for column in stream.columns), strict=True
        ):
            key = f"{int(keys[request]) * _MIXER & 0xFFFFFFFFFFFFFFFF:016x}"
            value = write(key, request, self._text[begin : begin + length], time)
            yield Event(name, key.encode(), encode(value.encode()), time, arrival)

    def by_arrival(self) -> Iterator[Event]:
        """The events of all topics by arrival."""
        return heapq.merge(*(self.of_topic(name) for name in self.names), key=lambda event: event.arrival)

    def closing(self, name: str) -> Event:
        """An event of the topic that joins nothing, a day after all others: in each partition, it lets rows come out
        that wait for a partner.
        """
        time = _BEGIN + self.span_s * 1000 + _DAY_MS
        key = f"{CLOSING}{name}"
        value = _VALUES[name](key, 0, "", time).encode()
        return Event(name, key.encode(), from_json(self.format, COLUMNS[name])(value), time, time)

    @cached_property
    def _text(self) -> str:
        # Compresses about as well as what services log.
        pieces = random.Random(self.seed)  # noqa: S311
        return "".join(
            f"urn:item:activity:{pieces.randrange(10**15)}|s={pieces.random():.4f}|r={pieces.randrange(40)};"
            for _ in range(50_000)
        )

    @cached_property
    def _keys(self) -> Ints:
        """The number behind the key of each request, and of the client events that have none."""
        count, orphans = self.requests, self._orphans
        keys = np.arange(count + orphans)
        if self.keys == "skewed":
            drawn = np.random.default_rng(self.seed + 1).random(count)
            keys[:count] = (drawn * drawn * count).astype(np.int64)
        return keys

    @property
    def _orphans(self) -> int:
        return round(self.requests * 0.02)

    @cached_property
    def _streams(self) -> dict[str, _Stream]:
        rng = np.random.default_rng(self.seed)
        count = self.requests
        request = np.arange(count)
        time = _BEGIN + request * self.span_s * 1000 // count
        arrival = time + rng.exponential(500, count).clip(0, 5000).astype(np.int64)
        server = _Stream(request, time, arrival, *self._part(rng, count, 300, _LONGEST))
        again = rng.random(count) < 0.01
        twice = server.pick(again, time[again] + rng.integers(0, 8000, int(again.sum())))
        clicked = rng.random(count) < self.match / 100
        streams = {
            "server": _together(server, twice),
            "client": self._client(rng, request[clicked], time[clicked]),
        }
        if self.topics == 3:
            bought = clicked & (rng.random(count) < 0.2)
            amount = int(bought.sum())
            when = time[bought] + rng.integers(0, 900_000, amount)
            late = rng.exponential(800, amount).clip(0, 8000).astype(np.int64)
            text = self._part(rng, amount, 20, 60)
            streams["purchase"] = _together(_Stream(request[bought], when, when + late, *text))
        return streams

    def _client(self, rng: np.random.Generator, request: Ints, served: Ints) -> _Stream:
        count = len(request)
        later = rng.exponential(60_000, count).clip(1, 840_000).astype(np.int64)
        far = rng.random(count) < 0.03
        later[far] = rng.integers(540_000, 840_000, int(far.sum()))
        slow = rng.random(count) < 0.05
        late = rng.exponential(800, count).clip(0, 8000).astype(np.int64)
        late[slow] = rng.integers(0, 110_000, int(slow.sum()))
        time = served + later
        first = _Stream(request, time, time + late, *self._part(rng, count, 80, 300))
        again = rng.random(count) < 0.03
        twice = first.pick(again, time[again] + rng.integers(0, 110_000, int(again.sum())))
        more = rng.random(count) < 0.04
        amount = int(more.sum())
        when = time[more] + rng.integers(1, 60_000, amount)
        second = _Stream(
            request[more], when, when + rng.integers(0, 3000, amount), *self._part(rng, amount, 80, 300)
        )
        orphans = self._orphans
        when = _BEGIN + rng.integers(0, self.span_s * 1000, orphans)
        alone = _Stream(
            self.requests + np.arange(orphans),
            when,
            when + rng.integers(0, 5000, orphans),
            *self._part(rng, orphans, 80, 300),
        )
        return _together(first, twice, second, alone)

    def _part(self, rng: np.random.Generator, count: int, least: int, most: int) -> tuple[Ints, Ints]:
        begin = rng.integers(0, len(self._text) - _LONGEST * self.payload, count)
        return begin, rng.integers(least, most, count) * self.payload


def _together(*streams: _Stream) -> _Stream:
    columns = (np.concatenate(column) for column in zip(*(each.columns for each in streams), strict=True))
    return _Stream(*columns).by_arrival()


def _server_value(key: str, request: int, text: str, time: int) -> str:
    member = request * 7919 % 1_000_003
    return (
        f'{{"request_id":"{key}","member_id":{member},"page":"feed{request % 50}",'
        f'"items":"{text}","server_ts":{time}}}'
    )


def _client_value(key: str, request: int, text: str, time: int) -> str:
    return f'{{"request_id":"{key}","event":"click{time % 5}","ua":"{text}","client_ts":{time}}}'


def _purchase_value(key: str, request: int, text: str, time: int) -> str:
    return f'{{"request_id":"{key}","price":{time % 9973},"receipt":"{text}","purchase_ts":{time}}}'


_VALUES = {"server": _server_value, "client": _client_value, "purchase": _purchase_value}
