"""Which events a row of the sink came from, or should have come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import combinations, islice, product
from typing import Literal

from juncture.errors import Location
from juncture.validation.cases.case import Arrival, Case
from juncture.validation.cases.cells import format_relative
from juncture.validation.harness.feed import event_millis
from juncture.validation.report.difference import Cells, Difference
from juncture.validation.report.html_job import JobPicture

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NULL = "null"
_TRIED = 2000
"""Combinations of events that are looked at for one row: there may be thousands that are alike."""


@dataclass(frozen=True)
class SinkRow:
    """A row that the job wrote, or should have written.

    Args:
        state: 'written' is as expected.
        cells: the expected ones; those that were written, where none were expected.
        actual: what was written in place of `cells`, where that differs.
        events: numbers of the arrivals that it is made of, from 0 and ascending; empty where they are not known.
        location: the line of the expectation.
        reason: why it is missing, where that is known.
    """

    state: Literal["written", "missing", "different", "extra"]
    cells: Cells
    events: tuple[int, ...]
    actual: Cells | None = None
    location: Location | None = None
    reason: str | None = None


def sink_rows(case: Case, found: Difference, job: JobPicture) -> tuple[SinkRow, ...]:
    """All rows of a case, those that are not as expected last."""
    tracer = _Tracer(case, found.columns, job)
    rows = [SinkRow("written", cells, tracer.events(cells)) for cells in found.same]
    for each in found.deviations:
        cells = each.expected if each.expected is not None else each.actual
        assert cells is not None
        actual = each.actual if each.expected is not None else None
        events = tracer.events(each.actual if each.actual is not None else cells)
        rows.append(SinkRow(each.kind, cells, events, actual, each.location, each.reason))
    return tuple(rows)


def event_time(arrival: Arrival, job: JobPicture) -> int | None:
    """In ms of the epoch; None where its table has no watermark, or the record no time."""
    rule = job.delays.get(arrival.source)
    return None if rule is None or arrival.deletes else event_millis(arrival.row.get(rule[0]))


def relative(millis: int, base: datetime) -> str:
    """A time in ms of the epoch as a case would write it."""
    return format_relative(_EPOCH + timedelta(milliseconds=millis), base)


class _Tracer:
    def __init__(self, case: Case, columns: Sequence[str], job: JobPicture) -> None:
        self._case, self._job = case, job
        self._columns = [(i, *job.columns[name]) for i, name in enumerate(columns) if name in job.columns]
        self._used: Counter[tuple[Cells, tuple[int, ...]]] = Counter()

    def events(self, cells: Cells) -> tuple[int, ...]:
        """The events of a row; others for each of several rows that are alike."""
        narrowed = {source: self._alike(cells, source) for source in self._job.sources}
        named = {source for _, source, _ in self._columns}
        absent = {
            source
            for source in named
            if all(cells[i] == _NULL for i, whose, _ in self._columns if whose == source)
        }
        sources = [each for each in self._job.sources if narrowed[each] and each not in absent]
        candidates = [narrowed[each] for each in sources]
        tuples = list(self._joined(candidates, True)) or list(self._joined(candidates, False))
        if not tuples:
            # No keys are equal: those that the row's own values name.
            sources = [each for each in sources if each in named and len(narrowed[each]) == 1]
            tuples = [tuple(narrowed[each][0] for each in sources)]
        elif len(tuples) > 1 and not named:
            return ()
        chosen = min(tuples, key=lambda each: self._used[cells, each])
        self._used[cells, chosen] += 1
        return tuple(sorted(chosen))

    def _alike(self, cells: Cells, source: str) -> list[int]:
        """The events of a source that have the row's values."""
        wanted = [(cells[i], column) for i, whose, column in self._columns if whose == source]
        return [
            number
            for number, each in enumerate(self._case.arrivals)
            if each.source == source
            and not each.deletes
            and all(self._same(text, each.row.get(column)) for text, column in wanted)
        ]

    def _same(self, text: str, value: object) -> bool:
        if value is None or isinstance(value, bool):
            return text == {None: _NULL, True: "true", False: "false"}[value]
        if isinstance(value, (list, dict)):
            return True  # written in another way in each format
        if isinstance(value, (int, float)):
            try:
                return float(text) == value
            except ValueError:
                return False
        if text in (str(value), f"'{value}'"):
            return True
        try:
            moment = event_millis(value)
        except ValueError:
            return False
        return moment is not None and text == relative(moment, self._case.base)

    def _joined(self, candidates: list[list[int]], in_time: bool) -> Iterator[tuple[int, ...]]:
        """One event of each source, each two of which have equal keys and, if asked for, times that may join."""
        for each in islice(product(*candidates), _TRIED):
            if each and all(
                self._keys_equal(a, b) and (not in_time or self._in_time(a, b))
                for a, b in combinations(each, 2)
            ):
                yield each

    def _keys_equal(self, one: int, other: int) -> bool:
        a, b = self._case.arrivals[one], self._case.arrivals[other]
        for group in self._job.keys:
            mine = [a.row.get(column) for source, column in group if source == a.source]
            theirs = [b.row.get(column) for source, column in group if source == b.source]
            if mine and theirs and not set(map(str, mine)) & set(map(str, theirs)):
                return False
        return True

    def _in_time(self, one: int, other: int) -> bool:
        a, b = self._case.arrivals[one], self._case.arrivals[other]
        for bound in self._job.bounds:
            for left, right in ((a, b), (b, a)):
                if (left.source, right.source) != (
                    bound.left[0],
                    bound.right[0],
                ) or bound.lower == bound.upper:
                    continue
                times = event_millis(left.row.get(bound.left[1])), event_millis(right.row.get(bound.right[1]))
                if (
                    times[0] is not None
                    and times[1] is not None
                    and not (bound.lower <= times[0] - times[1] <= bound.upper)
                ):
                    return False
        return True
