"""What a case expects of its job between two steps: of its metrics, its state and its sink."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from juncture.errors import JunctureError, Location
from juncture.kafka.reader import Record
from juncture.model.wording import counted
from juncture.validation.cases.case import Arrival, Case, Expectation
from juncture.validation.cases.cells import format_relative
from juncture.validation.cases.timeline import JOIN, Change, Expect
from juncture.validation.harness.comparison import compare_rows, texts_of
from juncture.validation.harness.feed import millis
from juncture.validation.harness.pace import POLL
from juncture.validation.harness.reading import ReadingOrder, place_of
from juncture.validation.harness.staying import StayingJob
from juncture.validation.harness.timeline import Observation
from juncture.validation.oracle.event_time import Place
from juncture.validation.report.difference import Cells, Difference, difference

_SOON = 2.0
"""Seconds within which metrics that are not awaited by a step, such as what was skipped, show what is."""


class Expecting:
    """The expectations of one case, and what must be counted for them."""

    def __init__(self, job: StayingJob, case: Case) -> None:
        self._job, self._case = job, case
        self._state_size: int | None = None
        self.order = ReadingOrder(job.feed)
        self.late = 0
        """Records so far that came at or behind the watermark of the join that takes them."""
        self.behind: dict[int, int] = {}
        """How far, in ms, records of the last step that let some arrive did, by their number in it."""

    def arrive(self, arrivals: Sequence[Arrival]) -> Observation:
        """Let records arrive. One that those before it could make late waits until they were read.

        So it is not chance, but the order of arrival, whether a record comes late. Nor is it what late records of
        several partitions find: each waits for the others.
        """
        feed = self._job.feed
        highest: int | None = None
        self.behind = {}
        seen = self._job.observe()
        batch: list[Arrival] = []
        places: set[Place] = set()
        any_late = False
        for number, each in enumerate(arrivals):
            moment, asked = feed.event_time(each), feed.asks(each)
            late = self.order.may_come_late(each)
            outrun = moment is not None and highest is not None and moment <= highest
            if outrun or ((late or any_late) and places - {place_of(each)}):
                seen = self._read(batch)
                batch, highest, places = [], None, set()
                late = self.order.may_come_late(each)
                any_late = False
            any_late = any_late or late
            places.add(place_of(each))
            watermark = self._job.watermark_for(each.source, seen)
            if moment is not None and watermark is not None and moment <= watermark:
                self.late += 1
                self.behind[number] = watermark - moment
            batch.append(each)
            if asked is not None:
                highest = asked if highest is None else max(highest, asked)
        return self._read(batch)

    def _read(self, batch: Sequence[Arrival]) -> Observation:
        seen = self._job.arrive(batch)
        self.order.read(batch, seen)
        return seen

    @property
    def came_late(self) -> bool:
        """Whether any record so far may have come late."""
        return self.order.perhaps_late or self.late > 0

    def metrics(self, step: Expect) -> Observation:
        """Look at what the job's metrics say. Raises JunctureError with all that is not as expected."""
        deadline = time.monotonic() + _SOON
        while True:
            seen = self._job.observe()
            problems = [*self._watermarks(step, seen), *self._counts(step, seen)]
            if not problems:
                return seen
            if time.monotonic() > deadline:
                raise JunctureError("; ".join(problems), location=step.location)
            time.sleep(POLL)

    def state(self, step: Expect) -> int:
        """Bytes of the job's state, in a checkpoint. Raises JunctureError if that is not as expected."""
        size = self._job.state_size(self._job.checkpoint())
        before, self._state_size = self._state_size, size
        least, most = step.state or (None, None)
        problem = ""
        if (least is not None and size < least) or (most is not None and size > most):
            problem = f"the state has {size} bytes, and not {_bounds(least, most)}"
        elif step.state_since is not None and not _changed(step.state_since, before, size):
            problem = f"the state has {size} bytes after {before}: it has not {step.state_since}"
        if problem:
            raise JunctureError(problem, location=step.location)
        return size

    def absent(self, rows: Expectation, sink: list[Record]) -> None:
        """Raise JunctureError, at its line, for the first row that must not be in the sink and is."""
        wanted = replace(self._case, expectation=rows, oracle=False)
        _, found = compare_rows(wanted, self._job.feed.tables, None, {}, sink)
        missing = {each.location for each in found.deviations if each.expected is not None}
        for row in rows.rows:
            if row.location not in missing:
                raise JunctureError("the job wrote this row, which must be absent", location=row.location)

    def changelog(
        self, columns: tuple[str, ...], changes: tuple[Change, ...], sink: list[Record]
    ) -> Difference:
        """Compare all changes of a changelog sink; those of one key in their order too."""
        table = self._job.feed.tables.sink
        expected = texts_of(
            self._case,
            table,
            columns,
            [json.dumps(_counted(each, table.primary_key), ensure_ascii=False).encode() for each in changes],
        )
        actual = texts_of(
            self._case,
            table,
            columns,
            [(each.value if each.value is not None else each.key) or b"" for each in sink],
        )
        keys = [columns.index(name) for name in table.primary_key if name in columns]
        named = ("$kind", "$change", *columns)
        left: list[tuple[Cells, Location | None]] = [
            (row, change.location)
            for row, change in zip(
                _numbered(expected, [each.kind for each in changes], keys), changes, strict=True
            )
        ]
        kinds = ["delete" if each.value is None else "upsert" for each in sink]
        return difference(named, left, _numbered(actual, kinds, keys))

    def _watermarks(self, step: Expect, seen: Observation) -> list[str]:
        problems = []
        for name, wanted in (step.watermarks or {}).items():
            found = seen.join if name == JOIN else seen.sources[name].watermark
            if found != (None if wanted is None else millis(wanted)):
                whose = "the join" if name == JOIN else f"'{name}'"
                told = self._told(wanted)
                problems.append(f"the watermark of {whose} is {self._job.feed.told(found)}, and not {told}")
        if step.held_by is not None and seen.held_by != step.held_by:
            holder = f"'{seen.held_by}'" if seen.held_by else "no source alone"
            problems.append(f"event time is held back by {holder}, and not by '{step.held_by}'")
        return problems

    def _counts(self, step: Expect, seen: Observation) -> list[str]:
        problems = []
        if step.late is not None and step.late != self.late:
            problems.append(f"{counted(self.late, 'record')} came late, and not {step.late}")
        for source, count in (step.skipped or {}).items():
            found = seen.sources[source]
            if found.skipped != count:
                why = (
                    ": of records that break off in the middle it is not known, as the query's condition on this source"
                    " drops what is left of them"
                    if found.filtered
                    else ""
                )
                were = "was" if found.skipped == 1 else "were"
                told = (
                    f"of '{source}' {counted(found.skipped, 'record')} {were} skipped, and not {count}{why}"
                )
                problems.append(told)
        return problems

    def _told(self, moment: datetime | None) -> str:
        return "none" if moment is None else format_relative(moment, self._case.base)


def _counted(change: Change, key: Sequence[str]) -> dict[str, object]:
    """What a record of a change tells."""
    return {name: value for name, value in change.row.items() if change.kind == "upsert" or name in key}


def _numbered(rows: list[Cells], kinds: Sequence[str], keys: list[int]) -> list[Cells]:
    """Rows with their kind, and the number of the change among those of its key, in front."""
    seen: Counter[Cells] = Counter()
    found = []
    for row, kind in zip(rows, kinds, strict=True):
        key = tuple(row[each] for each in keys)
        seen[key] += 1
        found.append((kind, str(seen[key]), *row))
    return found


def _changed(how: str, before: int | None, now: int) -> bool:
    return before is None or (now > before if how == "grown" else now < before)


def _bounds(least: int | None, most: int | None) -> str:
    if least is None:
        return f"at most {most}"
    return f"at least {least}" if most is None else f"{least} to {most}"
