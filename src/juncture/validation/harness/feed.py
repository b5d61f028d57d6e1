"""What a case has written to its sources' topics, and what its job must have read and reached by then."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from juncture.errors import JunctureError
from juncture.kafka.writer import Writer
from juncture.model.rendered import RenderedJob
from juncture.validation.cases.case import Arrival
from juncture.validation.cases.cells import format_relative, moment_of
from juncture.validation.cases.lateness import watermark_delay
from juncture.validation.cases.schema import JobTables, read_tables
from juncture.validation.harness.pushers import Pushers
from juncture.validation.harness.timeline import Observation

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NO_TIME = _EPOCH + timedelta(days=1)
"""A watermark that makes nothing late, and closes nothing."""

Positions = Mapping[str, Mapping[int, int]]
"""The next offset to be read, by source and partition."""


@dataclass
class Partition:
    """What was written to one partition: of each record the watermark, in ms, that it asks for, None for none."""

    asks: list[int | None] = field(default_factory=list)
    stalled: bool = False

    def asked_since(self, offset: int, end: int | None = None) -> int | None:
        """The watermark that the last record from `offset` on, and before `end`, asks for."""
        return next((each for each in reversed(self.asks[offset:end]) if each is not None), None)


class Feed:
    """The source topics of one case.

    Args:
        writer: writes to them.
        partitions: of each source's topic; at least as many as its job's parallelism.
        base: what times are told relative to.
    """

    def __init__(self, writer: Writer, partitions: Mapping[str, int], base: datetime) -> None:
        self._writer, self._wanted, self._base = writer, dict(partitions), base
        self._written: dict[str, dict[int, Partition]] = {}
        self._topics: dict[str, str] = {}
        self._delays: dict[str, tuple[str, timedelta] | None] = {}
        self._last_time = 1
        self._lock = threading.RLock()
        self.pushers = Pushers()
        self.pushed: dict[str, int] = {}
        """Records by source that only push its watermark."""
        self.tables: JobTables

    def adopt(self, rendered: RenderedJob, topics: Mapping[str, str]) -> None:
        """Write for this job from now on; topics that it shares with the one before stay as they are.

        Args:
            rendered: the job as deployed.
            topics: those that it reads and writes here, by table.
        """
        self.tables, self._topics = read_tables(rendered), dict(topics)
        self._delays = {
            each.name: watermark_delay(each) for each in rendered.statements if each.kind == "source"
        }
        for source in self.tables.sources:
            count = max(rendered.job.parallelism, self._wanted.get(source, 1))
            self._written.setdefault(source, {number: Partition() for number in range(count)})

    @property
    def partitions(self) -> dict[str, int]:
        """How many partitions each source's topic has."""
        return {source: len(self._written[source]) for source in self.tables.sources}

    @property
    def positions(self) -> dict[str, dict[int, int]]:
        """The ends of all topics."""
        return {
            source: {number: len(each.asks) for number, each in found.items()}
            for source, found in self._written.items()
        }

    @property
    def records(self) -> dict[str, int]:
        """How many records of the case each topic holds, pushers left out."""
        return {
            source: sum(found.values()) - self.pushed.get(source, 0)
            for source, found in self.positions.items()
        }

    def event_time(self, arrival: Arrival) -> int | None:
        """In ms; None for a record without one, or of a table without a watermark."""
        rule = self._delays[arrival.source]
        return None if rule is None or arrival.deletes else event_millis(arrival.row.get(rule[0]))

    def asks(self, arrival: Arrival) -> int | None:
        """The watermark, in ms, that a record asks for."""
        return self._asked(arrival.source, self.event_time(arrival))

    def write(self, arrival: Arrival) -> None:
        """Hand over one record."""
        value = None if arrival.deletes else json.dumps(arrival.row, ensure_ascii=False).encode()
        key = self._key(arrival.source, arrival.row)
        self._put(arrival.source, arrival.partition, value, key, self.event_time(arrival))

    def malformed(self, source: str, text: str, partition: int) -> None:
        """Hand over a record whose value is `text`."""
        self._put(source, partition, text.encode(), None, None)

    def push(self, source: str, watermark: datetime, since: Positions) -> int:
        """Hand over a pusher for each partition that is not stalled and behind; the watermark in ms.

        Args:
            source: whose watermark is pushed.
            watermark: to where.
            since: from where the job has read; what it read before its last start asks for nothing any more.

        Raises JunctureError for a source without a watermark, or with one that can't be pushed.
        """
        rule = self._delays[source]
        if rule is None:
            raise JunctureError(
                f"'{source}' has no watermark", remedy="a table without WATERMARK FOR can't be waited for"
            )
        goal = millis(watermark)
        for number, partition in self._written[source].items():
            asked = partition.asked_since(since.get(source, {}).get(number, 0))
            if not partition.stalled and (asked is None or asked < goal):
                self._push(source, number, watermark, rule)
        return goal

    def keep_active(self, source: str) -> None:
        """Write a record to each partition that asks for the watermark it has already, or for none to speak of."""
        rule = self._delays[source]
        assert rule is not None
        for number, partition in self._written[source].items():
            with self._lock:
                asked = partition.asked_since(0)
                watermark = NO_TIME if asked is None else _EPOCH + timedelta(milliseconds=asked)
                self._push(source, number, watermark, rule)
        self.flush()

    def stall(self, source: str, partition: int) -> None:
        """Let no pusher go to this partition any more."""
        self._written[source][partition].stalled = True

    def flush(self) -> None:
        """Wait until the broker has it all."""
        self._writer.flush()

    def unread(self, seen: Observation, since: Positions, until: Positions) -> str | None:
        """What the job has still to read, or which watermark to take from it; None if it has done all that.

        Args:
            seen: the job's metrics.
            since: where it began at its last start.
            until: where it must have come to.
        """
        for source in self.tables.sources:
            for split in seen.sources[source].splits:
                partition = self._written[source][split.partition]
                first = since.get(source, {}).get(split.partition, 0)
                end = until[source][split.partition]
                left = end - 1 - (split.offset if split.offset is not None else first - 1)
                if left > 0:
                    return f"partition {split.partition} of '{source}' has {left} records that are not read"
                asked = partition.asked_since(first, end)
                if asked is not None and (split.watermark is None or split.watermark < asked):
                    return (
                        f"partition {split.partition} of '{source}' has no watermark of its last record yet"
                    )
        return None

    def below(self, seen: Observation, source: str, goal: int) -> str | None:
        """Which partitions hold a source's watermark below `goal`, in ms; None if none does."""
        reached = seen.sources[source]
        if reached.watermark is not None and reached.watermark >= goal:
            return None
        behind = [
            f"partition {each.partition} "
            + ("has seen no record" if each.watermark is None else f"stands at {self.told(each.watermark)}")
            for each in reached.splits
            if not each.idle and (each.watermark is None or each.watermark < goal)
        ]
        at = f"the watermark of '{source}' stands at {self.told(reached.watermark)} and not {self.told(goal)}"
        return f"{at}: {', '.join(behind)}" if behind else at

    def told(self, watermark: int | None) -> str:
        """A watermark in ms as a case would write it."""
        if watermark is None:
            return "none"
        return format_relative(_EPOCH + timedelta(milliseconds=watermark), self._base)

    def _key(self, source: str, row: Mapping[str, object]) -> bytes | None:
        table = self.tables.sources[source]
        if not table.is_changelog:
            return None
        return json.dumps({name: row[name] for name in table.primary_key}).encode()

    def _push(self, source: str, number: int, watermark: datetime, rule: tuple[str, timedelta]) -> None:
        with self._lock:  # of pushers made at once two could be equal
            row = self.pushers.row(self.tables.sources[source], rule[0], watermark + rule[1])
            value = json.dumps(row, ensure_ascii=False).encode()
            self._put(source, number, value, self._key(source, row), millis(watermark + rule[1]))
            self.pushed[source] = self.pushed.get(source, 0) + 1

    def _put(
        self, source: str, partition: int, value: bytes | None, key: bytes | None, moment: int | None
    ) -> None:
        with self._lock:
            # Kafka's timestamps are the events' own: by them a topic is rewound.
            self._last_time = self._last_time if moment is None else max(moment, 1)
            self._writer.write(self._topics[source], value, key, self._last_time, partition)
            self._written[source][partition].asks.append(self._asked(source, moment))

    def _asked(self, source: str, moment: int | None) -> int | None:
        rule = self._delays[source]
        return None if moment is None or rule is None else moment - rule[1] // timedelta(milliseconds=1)


def millis(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def event_millis(text: object) -> int | None:
    """A timestamp of a record's JSON in milliseconds since 1970; None for anything else. Without a zone it is UTC."""
    return millis(moment_of(text)) if isinstance(text, str) else None
