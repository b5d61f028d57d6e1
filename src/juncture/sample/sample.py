"""A sample: three waves of records and the account of what is in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

from juncture.sample.stream import Wave

BASE = datetime(2026, 1, 5, 10, tzinfo=timezone.utc)
"""The first server event's time, unless another is given."""


@dataclass(frozen=True)
class Ledger:
    """How many there are, of the records to be written, in all topics together.

    `server` and `client` are events, each counted once; `duplicates` are records that repeat one and
    `malformed` records that break off. Of the client events, `orphans` belong to no server event,
    `beyond` lie outside the join's window, `null_keys` have no key. `late` are the second wave's events,
    `closing` those that push the watermark.
    """

    server: int
    client: int
    duplicates: int
    orphans: int
    beyond: int
    null_keys: int
    malformed: int
    late: int
    closing: int

    @property
    def records(self) -> int:
        """Everything that is written."""
        return self.server + self.client + self.duplicates + self.malformed + self.late + self.closing

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return {**asdict(self), "records": self.records}


@dataclass(frozen=True)
class Shape:
    """What a generator needs to know.

    Args:
        events: how many server events.
        seed: the same seed gives the same records.
        base: time of the first event, milliseconds of the epoch.
        span: milliseconds of event time that the server events are spread over.
        partitions: of each topic; each gets closing events of its own.
    """

    events: int
    seed: int
    base: int
    span: int
    partitions: int


@dataclass(frozen=True)
class Sample:
    """What to write, in this order: `main`; `closing`, which takes the watermark past all of it; and `late`.

    The late events must not be written before the job's watermark has passed the main wave: they lie so far
    behind it that every one of them is too late for the join, whatever the order they are read in.
    `output` is the topic that the example's job writes. `partitions` is how many each of `topics` must have,
    for the closing events to reach all of them.
    """

    name: str
    topics: tuple[str, ...]
    output: str
    partitions: int
    main: Wave
    closing: Wave
    late: Wave
    ledger: Ledger

    @property
    def watermark(self) -> int:
        """Event time that the job's watermark has passed when all of `main` was used, in milliseconds."""
        return max(int(part.stream.times.max()) for part in self.main.parts)


Generator = Callable[[Shape], Sample]
