"""The order in which the job of a case has read its topics, for the oracle: by it the oracle knows what came late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from juncture.validation.cases.case import Arrival
from juncture.validation.harness.feed import Feed
from juncture.validation.harness.timeline import Observation
from juncture.validation.oracle.event_time import NEVER, Place
from juncture.validation.oracle.reading import Read, Reading


class ReadingOrder:
    """What was read, each step confirmed before the next one.

    Args:
        feed: of the case; it knows event times and watermarks.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._ends: Counter[Place] = Counter()
        self._reads: list[Read] = []
        self._covered = 0
        """Reads that are in the state from which the job would start again."""
        self._pushed_since = False
        self._idle: set[str] = set()
        self._highest: dict[Place, int] = {}
        """The watermark, in ms, that a partition's records have asked for."""
        self.arrived: list[Arrival] = []
        """The records of the case so far, in their order."""
        self.perhaps_late = False
        """Whether any of them may have come late."""
        self.unknown: str | None = None
        """Why the order is not known; None while it is."""

    @property
    def reading(self) -> Reading:
        """What was read until now."""
        return Reading(self._feed.partitions, tuple(self._reads))

    def may_come_late(self, arrival: Arrival) -> bool:
        """Whether a record would not be ahead of its own partition's watermark; of any, where topics were idle.

        No operator is further than the partitions that hold it back.
        """
        moment = self._feed.event_time(arrival)
        if moment is None:
            return not arrival.deletes and self._is_computed(arrival.source)
        if self._idle:
            return moment <= max(self._highest.values(), default=NEVER)
        return moment <= self._highest.get(place_of(arrival), NEVER)

    def read(self, batch: Sequence[Arrival], seen: Observation) -> None:
        """These records have arrived and were read, side by side if they are of several partitions."""
        for each in batch:
            place = place_of(each)
            if each.source in self._idle and self._feed.partitions[each.source] > 1:
                self.lose("a topic with several partitions was no longer idle")
            self.perhaps_late = self.perhaps_late or self.may_come_late(each)
            asked = self._feed.asks(each)
            if asked is not None:
                self._highest[place] = max(self._highest.get(place, NEVER), asked)
            self._ends[place] += 1
        self.arrived += batch
        self._add(seen)

    def pushed(self, source: str, seen: Observation) -> None:
        """Records that are not of the case have pushed a topic's watermark."""
        if source in self._idle:
            self.lose("the watermark of an idle topic was pushed")
        self._pushed_since = True
        self._add(seen)

    def fell_idle(self, source: str, seen: Observation) -> None:
        """Every partition of a topic is idle."""
        self._idle.add(source)
        places = (Place(source, each.partition) for each in seen.sources[source].splits)
        self._add(seen, idle=frozenset(places))

    def checkpointed(self) -> None:
        """The job's state holds all that was read until now."""
        self._covered, self._pushed_since = len(self._reads), False

    def restarted(self, seen: Observation) -> None:
        """The job has started again from its latest state, and has read all since then at once."""
        if self._idle:
            self.lose("the job was started again after a topic was idle")
        elif self._pushed_since:
            self.lose("records were read again together with what pushed the watermark")
        del self._reads[self._covered :]
        self._add(seen, restarts=True)

    def lose(self, why: str) -> None:
        """The order is not known from now on."""
        self.unknown = self.unknown or why

    def _is_computed(self, source: str) -> bool:
        """Whether a source's event time is not in its records."""
        table = self._feed.tables.sources[source]
        time = next((each for each in table.columns if each.name == table.rowtime), None)
        return time is not None and (time.computed is not None or time.metadata is not None)

    def _add(
        self, seen: Observation, *, idle: frozenset[Place] = frozenset(), restarts: bool = False
    ) -> None:
        watermarks: dict[Place, int] = {}
        for source, each in seen.sources.items():
            for split in each.splits:
                if split.idle_for and source not in self._idle:
                    self.lose(f"partition {split.partition} of '{source}' fell idle by itself")
                if split.watermark is not None:
                    place = Place(source, split.partition)
                    watermarks[place] = split.watermark
                    self._highest[place] = max(self._highest.get(place, NEVER), split.watermark)
        ends: dict[str, dict[int, int]] = {}
        for place, end in self._ends.items():
            ends.setdefault(place.source, {})[place.partition] = end
        reached = seen.join if len(seen.joins) == 1 else None
        self._reads.append(Read(ends, idle, restarts, watermarks, reached))


def place_of(arrival: Arrival) -> Place:
    """The partition that a record arrives in."""
    return Place(arrival.source, arrival.partition)
