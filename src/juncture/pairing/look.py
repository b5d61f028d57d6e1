"""Looks at how the rows of joins meet in their topics: reads what tells it, and no more."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from juncture.kafka.offsets import Offsets
from juncture.model.environment import Kafka
from juncture.model.plan import PlanNode
from juncture.model.timed import TimeBounds
from juncture.model.traffic import FEWEST_APART, Matching
from juncture.pairing.alike import alike_but_for
from juncture.pairing.clock import Late
from juncture.pairing.estimate import estimated
from juncture.pairing.layout import Log
from juncture.pairing.meeting import Met, counted, hottest, quantile, repeated
from juncture.pairing.reading import Taken, Topic, last_rows, rows_around
from juncture.pairing.sides import Sides

_SECONDS = 20.0
"""After which nothing more is asked for, for one join."""
_SEEN = 0.5
"""The share of the time in which rows were looked for below which none is no sign that there are none."""
_WIDE = 60_000
"""Milliseconds around each other in which rows are looked for at the least, where none is within the bounds."""


def matchings(
    kafka: Kafka,
    joins: Sequence[Sides],
    logs: Mapping[str, tuple[str, Offsets, Offsets]],
    named: Callable[[PlanNode], str],
) -> dict[int, Matching]:
    """How the rows of joins meet, by the id of the join; those of which nothing is known are left out.

    Args:
        kafka: where, with placeholders expanded.
        joins: of `sides_of_joins`.
        logs: the topic of each table, its first offsets and its ends.
        named: a join in words.

    Raises Refused and Unreachable as reading does.
    """
    found = {}
    for sides in joins:
        if not all(each.table in logs for each in (sides.left, sides.right)):
            continue
        left, right = (Topic(each, Log(*logs[each.table])) for each in (sides.left, sides.right))
        if left.log.held and right.log.held and (made := _matching(kafka, sides, left, right)) is not None:
            found[sides.node.id] = made.model_copy(update={"operator": named(sides.node)})
    return found


def _matching(kafka: Kafka, sides: Sides, left: Topic, right: Topic) -> Matching | None:
    bounds, until = sides.bounds, time.monotonic() + _SECONDS
    try:
        taken = rows_around(kafka, left, right, bounds, True, until) if bounds is not None else None
    except Late:
        return _unknown(left, right, bounds)
    met = met_in(taken, bounds) if taken is not None and bounds is not None else None
    if met is None and bounds is not None and time.monotonic() >= until:
        return _unknown(left, right, bounds)
    if met is None:
        # Without times that meet, or without bounds, the last rows tell what they can.
        taken = last_rows(kafka, left, right)
        last = counted(taken.left, taken.right, bounds)
        met = last if last is None or bounds is None else replace(last, covered=0.0, error=1.0)
    if met is None or taken is None:
        return None
    searched, apart = met.rows if bounds is None else 0.0, met.apart
    looked = taken
    if bounds is not None and not met.pairs and len(apart) < FEWEST_APART:
        # Event times may be what is wrong: rows that were written about the same time are looked at.
        reach = 2 * max(abs(bounds.lower), abs(bounds.upper), _WIDE)
        wide = TimeBounds(left_time=0, right_time=0, lower=-reach, upper=reach)
        try:
            others = rows_around(kafka, left, right, wide, False, until)
        except Late:
            others = None
        near = met_in(others, wide) if others is not None else None
        if others is not None and near is not None:
            searched, looked = near.rows if near.seen >= _SEEN else 0.0, others
            seen = counted(others.left_events, others.right_events, bounds)
            apart = max(apart, seen.apart if seen is not None else (), key=len)
    return Matching(
        operator="",
        left=left.side.table,
        right=right.side.table,
        sampled=(len(taken.left), len(taken.right)),
        basis=met.basis,
        matched=met.matched,
        error=met.error,
        rows=met.rows,
        pairs=met.pairs,
        bound=bounds.upper - bounds.lower if bounds is not None else None,
        covered=met.covered,
        delay_median=quantile(met.delays, 0.5),
        delay_most=quantile(met.delays, 0.99),
        apart=len(apart),
        apart_by=statistics.median(apart) if apart else None,
        searched=searched,
        alike_but_for=None
        if met.pairs or apart
        else alike_but_for((key for key, _ in looked.left), (key for key, _ in looked.right)),
        repeated=(repeated(taken.left), repeated(taken.right)),
        hottest=max(hottest(taken.left), hottest(taken.right)),
    )


def _unknown(left: Topic, right: Topic, bounds: TimeBounds | None) -> Matching:
    """Brokers did not answer soon enough."""
    return Matching(
        operator="",
        left=left.side.table,
        right=right.side.table,
        sampled=(0, 0),
        basis="estimated",
        matched=0.0,
        error=1.0,
        rows=0.0,
        pairs=0,
        bound=bounds.upper - bounds.lower if bounds is not None else None,
        covered=0.0,
        delay_median=None,
        delay_most=None,
        apart=0,
        apart_by=None,
        searched=0.0,
        repeated=(0.0, 0.0),
        hottest=0.0,
        within=_SECONDS,
    )


def met_in(taken: Taken, bounds: TimeBounds) -> Met | None:
    """How rows meet that were read around each other: by counting, where rows have all their partners there."""
    drawn = taken.drawn
    if drawn is None:
        return None
    found = counted(taken.left, taken.right, bounds, drawn.window) if drawn.share == 1 else None
    return found or estimated(taken.left, taken.right, bounds, drawn)
