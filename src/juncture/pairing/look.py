"""Looks at how the rows of joins meet in their topics: reads what tells it, and no more."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from juncture.kafka.offsets import Offsets
from juncture.model.environment import Kafka
from juncture.model.plan import PlanNode
from juncture.model.timed import TimeBounds
from juncture.model.traffic import FEWEST_APART, Matching
from juncture.pairing.alike import alike_but_for
from juncture.pairing.clock import Late
from juncture.pairing.layout import Log
from juncture.pairing.meeting import Met, counted, quantile
from juncture.pairing.places import Look, Seen, looks, met_in
from juncture.pairing.pooled import pooled
from juncture.pairing.reading import Taken, Timed, Topic, last_rows, rows_around, timed
from juncture.pairing.sides import Sides

_SECONDS = 20.0
"""After which nothing more is asked for, for one join."""
_SEEN = 0.5
"""The share of the time in which rows were looked for below which none is no sign that there are none."""
_WIDE = 60_000
"""Milliseconds around each other in which rows are looked for at the least, where none is within the bounds."""
_UNKNOWN = Met("estimated", 0.0, 1.0, 0.0, 0, 0.0, 0.0, (), ())

Looked = Literal["all", "places", "end"]


def matchings(
    kafka: Kafka,
    joins: Sequence[Sides],
    logs: Mapping[str, tuple[str, Offsets, Offsets]],
    named: Callable[[PlanNode], str],
    only_ends: Collection[str] = (),
) -> dict[int, Matching]:
    """How the rows of joins meet, by the id of the join; those of which nothing is known are left out.

    Args:
        kafka: where, with placeholders expanded.
        joins: of `sides_of_joins`.
        logs: the topic of each table, its first offsets and its ends.
        named: a join in words.
        only_ends: tables with which it is looked at the ends of topics alone, and not all over them.

    Raises Refused and Unreachable as reading does.
    """
    found = {}
    for sides in joins:
        tables = {sides.left.table, sides.right.table}
        if not tables <= logs.keys():
            continue
        left, right = (Topic(each, Log(*logs[each.table])) for each in (sides.left, sides.right))
        if left.log.held and right.log.held:
            made = _matching(kafka, sides, left, right, not tables & set(only_ends))
            if made is not None:
                found[sides.node.id] = made.model_copy(update={"operator": named(sides.node)})
    return found


def _matching(kafka: Kafka, sides: Sides, left: Topic, right: Topic, all_over: bool) -> Matching | None:
    bounds, until = sides.bounds, time.monotonic() + _SECONDS
    seen: Seen | None = None
    where: Looked = "end"
    try:
        if bounds is not None and all_over:
            seen = looks(kafka, left, right, bounds, _SECONDS)
            where = "end" if seen is None else "all" if seen.is_all else "places"
        if bounds is not None and seen is None:
            taken = _at_the_end(kafka, left, right, bounds, True, until)
            met = met_in(taken, bounds) if taken is not None else None
            seen = Seen([Look.at(met, taken)], taken) if met is not None and taken is not None else None
    except Late:
        return _told(left, right, bounds, _UNKNOWN, within=_SECONDS)
    if seen is None and bounds is not None and time.monotonic() >= until:
        return _told(left, right, bounds, _UNKNOWN, within=_SECONDS)
    if seen is None:
        # Without times that meet, or without bounds, the last rows tell what they can.
        taken, is_all = last_rows(kafka, left, right)
        where = "all" if is_all else "end"
        last = counted(taken.left, taken.right, bounds)
        if last is None:
            return None
        last = last if bounds is None else replace(last, covered=0.0, error=1.0)
        seen = Seen([Look.at(last, taken)], taken)
    met, some = pooled([each.met for each in seen.looks]), seen.some
    searched = met.rows if bounds is None else 0.0
    if bounds is not None and not met.pairs and len(met.apart) < FEWEST_APART:
        met, searched, some = _by_writing(kafka, left, right, bounds, until, met, some)
    differ = None if met.pairs or met.apart else _keys_differ(some)
    return _told(left, right, bounds, met, seen.looks, where, searched, differ)


def _at_the_end(
    kafka: Kafka, left: Topic, right: Topic, bounds: TimeBounds, by_event: bool, until: float
) -> Taken | None:
    ours, theirs = (Timed(each.side, timed(kafka, each, by_event, until)) for each in (left, right))
    return rows_around(kafka, ours, theirs, bounds, by_event, until)


def _by_writing(
    kafka: Kafka, left: Topic, right: Topic, bounds: TimeBounds, until: float, met: Met, looked: Taken
) -> tuple[Met, float, Taken]:
    """The same with rows apart that were written about the same time, how many were looked for among these, and these:
    event times may be what is wrong."""
    reach = 2 * max(abs(bounds.lower), abs(bounds.upper), _WIDE)
    wide = TimeBounds(left_time=0, right_time=0, lower=-reach, upper=reach)
    try:
        others = _at_the_end(kafka, left, right, wide, False, until)
    except Late:
        others = None
    near = met_in(others, wide) if others is not None else None
    if others is None or near is None:
        return met, 0.0, looked
    seen = counted(others.left_events, others.right_events, bounds)
    apart = max(met.apart, seen.apart if seen is not None else (), key=len)
    return replace(met, apart=apart), near.rows if near.seen >= _SEEN else 0.0, others


def _keys_differ(looked: Taken) -> str | None:
    return alike_but_for((key for key, _ in looked.left), (key for key, _ in looked.right))


def _told(
    left: Topic,
    right: Topic,
    bounds: TimeBounds | None,
    met: Met,
    looked: Sequence[Look] = (),
    where: Looked = "end",
    searched: float = 0.0,
    differ: str | None = None,
    within: float | None = None,
) -> Matching:
    """What was found at some places, together and at each; `within` so many seconds nothing was."""
    sampled = (sum(each.sampled[0] for each in looked), sum(each.sampled[1] for each in looked))
    unread = (sum(each.unread[0] for each in looked), sum(each.unread[1] for each in looked))
    return Matching(
        operator="",
        left=left.side.table,
        right=right.side.table,
        sampled=sampled,
        looked=where,
        places=tuple(each.met.matched for each in reversed(looked)),
        basis=met.basis,
        matched=met.matched,
        error=met.error,
        rows=met.rows,
        pairs=met.pairs,
        bound=bounds.upper - bounds.lower if bounds is not None else None,
        covered=met.covered,
        delay_median=quantile(met.delays, 0.5),
        delay_most=quantile(met.delays, 0.99),
        apart=len(met.apart),
        apart_by=statistics.median(met.apart) if met.apart else None,
        searched=searched,
        alike_but_for=differ,
        repeated=(_repeated(looked, 0), _repeated(looked, 1)),
        hottest=max((each.hottest for each in looked), default=0.0),
        unread=(unread[0] / max(sampled[0], 1), unread[1] / max(sampled[1], 1)),
        within=within,
    )


def _repeated(looked: Sequence[Look], side: int) -> float:
    """By the place with most rows of a side: a key may come again some time later."""
    return max(((each.sampled[side], each.repeated[side]) for each in looked), default=(0, 0.0))[1]
