"""Inputs of interval joins that start, or end, too far apart for their rows to match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from juncture.model.duration import format_duration
from juncture.model.report import Finding
from juncture.model.resolved import JoinWindow, PartitionRange, ResolvedSource
from juncture.startpoints.reporter import Reporter, utc


@dataclass(frozen=True)
class _Side:
    """Times of one input, as far as its records' Kafka timestamps are its rows' event times.

    `first` is that of the first row that is read, `whole_from` that of the last row before it, from which on none is
    missing; None where nothing was ever before what is read. `last` is that of the last row if the reading ends.
    """

    source: ResolvedSource
    first: datetime
    whole_from: datetime | None
    last: datetime | None


def apart(
    report: Reporter, sources: Sequence[ResolvedSource], windows: Sequence[JoinWindow], now: datetime
) -> Iterator[Finding]:
    """For each join, rows of one input whose matches would lie before where the other starts.

    Args:
        sources: resolved, with their records' times.
        windows: of the job's interval joins.
        now: the moment they were resolved.
    """
    sides = {source.table: _side(source, now) for source in sources}
    for window in windows:
        if window.left not in sides or window.right not in sides or window.left == window.right:
            continue
        left, right = sides[window.left], sides[window.right]
        lower, upper = timedelta(milliseconds=window.lower), timedelta(milliseconds=window.upper)
        never = _never(report, left, right, lower, upper)
        if never is not None:
            yield never
            continue
        # A left row's matches are from its time less `upper` to its time less `lower`; and the other way round.
        yield from _missing(report, left, right, left.first - upper)
        yield from _missing(report, right, left, right.first + lower)


def _never(report: Reporter, left: _Side, right: _Side, lower: timedelta, upper: timedelta) -> Finding | None:
    gap = timedelta()
    early, late = left, right
    if left.last is not None and left.last - lower < right.first:
        gap = right.first - (left.last - lower)
    elif right.last is not None and right.last + upper < left.first:
        early, late, gap = right, left, left.first - (right.last + upper)
    if not gap:
        return None
    one, other = early.source.table, late.source.table
    return report.finding(
        "inputs-apart",
        # Not an error: a topic may have been written long after the events that it holds.
        "warning",
        other,
        f"no row of {one} can match one of {other}: {one} ends at {utc(early.last)}, {other} starts at"
        f" {utc(late.first)}, and the join's bounds leave {_span(gap)} between them",
        f"start {other} at least {_span(gap)} earlier, or let {one} end later",
    )


def _missing(report: Reporter, rows: _Side, others: _Side, needed: datetime) -> Iterator[Finding]:
    """Rows of one side whose matches would be before where the other is whole."""
    if others.whole_from is None or others.whole_from <= needed:
        return
    gap = others.whole_from - needed
    one, other = rows.source.table, others.source.table
    gone = all(each.start <= each.log_start for each in others.source.partitions)
    if gone:
        remedy = f"its log begins there: start {one} {_span(gap)} later, or take it that rows are missing"
    else:
        remedy = f"start {other} at {utc(needed)} or before, that is {_span(gap)} earlier"
    yield report.finding(
        "inputs-apart",
        "warning",
        other,
        f"the first {_span(gap)} of {one}, from {utc(rows.first)} on, may miss rows of {other}, which is read from"
        f" {utc(others.whole_from)} on: the join's bounds reach back to {utc(needed)}",
        remedy,
    )


def _side(source: ResolvedSource, now: datetime) -> _Side:
    begins = {each: each.first_at or each.asked_time or now for each in source.partitions}
    whole = [_whole_from(each, now) for each in source.partitions if not each.follows_the_log]
    ends = [each.last_at or begin for each, begin in begins.items()]
    return _Side(
        source=source,
        first=min(begins.values()),
        whole_from=max(whole, default=None),
        last=max(ends) if source.bounded else None,
    )


def _whole_from(partition: PartitionRange, now: datetime) -> datetime:
    """From when on nothing of a partition is missing. Of what its log has removed nobody knows how old that was."""
    asked = partition.asked_time if partition.start > partition.log_start else None
    return partition.before_at or asked or partition.first_at or now


def _span(gap: timedelta) -> str:
    """A duration as minutes where it is long enough, rounded up, as who starts so much earlier must start early enough:
    '12 min', '90 s'."""
    if gap >= timedelta(days=2):
        return f"{-(-gap // timedelta(days=1)):,} days"
    if gap >= timedelta(minutes=2):
        return f"{-(-gap // timedelta(minutes=1)):,} min"
    return format_duration(timedelta(seconds=-(-gap // timedelta(seconds=1))))
