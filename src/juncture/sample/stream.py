"""Events of one topic as columns, the order in which they arrive, and the records they become."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

Encoder: TypeAlias = Callable[[Ints], tuple[list[bytes | None], list[bytes]]]
"""Keys and values of the events at these positions."""


class Record(NamedTuple):
    """A record to be written. `timestamp` is the event time in milliseconds of the epoch.

    Without a `partition` the key's hash chooses it.
    """

    topic: str
    key: bytes | None
    value: bytes
    timestamp: int
    partition: int | None = None


@dataclass(frozen=True)
class Stream:
    """The events of one topic: event times in milliseconds, and how the rest of an event is written."""

    topic: str
    times: Ints
    encode: Encoder


@dataclass(frozen=True)
class Deliveries:
    """Which events of a stream arrive, and when; an event may arrive more than once.

    `events` are positions in the stream, `arrivals` milliseconds of the epoch, `cut` marks records that
    break off in the middle. `partitions` is given where the key's hash must not choose.
    """

    stream: Stream
    events: Ints
    arrivals: Ints
    cut: Flags
    partitions: Ints | None = None

    def records(self, chosen: Ints) -> Iterator[Record]:
        """The records of the deliveries at these positions, in the order given."""
        events = self.events[chosen]
        topic = self.stream.topic
        keys, values = self.stream.encode(events)
        for position in np.flatnonzero(self.cut[chosen]).tolist():
            values[position] = values[position][: len(values[position]) * 2 // 3]
        partitions: list[int | None] = (
            [None] * len(events) if self.partitions is None else self.partitions[chosen].tolist()
        )
        times: list[int] = self.stream.times[events].tolist()
        for key, value, time, partition in zip(keys, values, times, partitions, strict=True):
            yield Record(topic, key, value, time, partition)


@dataclass(frozen=True)
class Wave:
    """Deliveries of several topics that are written together, in the order of their arrival."""

    parts: tuple[Deliveries, ...]

    @property
    def size(self) -> int:
        """How many records it writes."""
        return sum(len(part.events) for part in self.parts)

    def batches(self, size: int = 20_000) -> Iterator[list[Record]]:
        """Records of at most `size` a list; each topic's are in the order of arrival.

        Only the columns stay in memory: a batch is encoded when it is asked for.
        """
        arrivals = np.concatenate([part.arrivals for part in self.parts])
        owner = np.repeat(np.arange(len(self.parts)), [len(part.arrivals) for part in self.parts])
        position = np.concatenate([np.arange(len(part.arrivals)) for part in self.parts])
        order = np.argsort(arrivals, kind="stable")
        for start in range(0, len(order), size):
            chunk = order[start : start + size]
            yield [
                record
                for index, part in enumerate(self.parts)
                for record in part.records(position[chunk][owner[chunk] == index])
            ]


def iso(times: Ints) -> list[str]:
    """Milliseconds of the epoch as Flink's JSON format reads them: '2026-01-05T10:00:00.123Z'."""
    text = np.datetime_as_string(times.astype("datetime64[ms]"), unit="ms")
    return [f"{each}Z" for each in text.tolist()]
