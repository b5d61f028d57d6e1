"""How the sampled rows of two sides meet: by key, and within the join's bounds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from tests.unit.capacity.test_written import plan

from juncture.capacity.matching import match_checks, matching_of
from juncture.model.timed import interval_bounds
from juncture.model.traffic import Matching

PLAN = plan("INNER")
(JOIN,) = PLAN.of_kind("interval-join")
BOUNDS = interval_bounds(JOIN)
BEGAN = datetime(2026, 3, 1, tzinfo=timezone.utc)


def met(delay: float, rows: int = 40) -> Matching:
    """A right row for each left one, so many ms after it."""
    samples = {
        table: [
            {
                f"{table}_id": f"k{number}",
                f"{table}_at": (BEGAN + timedelta(seconds=number, milliseconds=after)).isoformat(),
            }
            for number in range(rows)
        ]
        for table, after in (("requests", 0.0), ("views", delay))
    }
    (found,) = matching_of(PLAN, samples)
    return found


@pytest.mark.parametrize(
    ("delay", "within"),
    [
        (-BOUNDS.upper, True),
        (-BOUNDS.upper - 1, False),
        (-BOUNDS.lower, True),
        (-BOUNDS.lower + 1, False),
    ],
)
def test_rows_of_one_key_meet_within_the_bounds_alone(delay: int, within: bool) -> None:
    found = met(delay)
    assert (found.matched, found.apart) == ((1.0, 0.0) if within else (0.0, 1.0))
    assert (found.delay_median, found.apart_by) == ((delay, None) if within else (None, delay))
    assert [each.outcome for each in match_checks([found])] == ([] if within else ["warned"])


def test_a_join_of_which_nothing_lies_within_its_bounds_is_told_of_with_how_far_it_is() -> None:
    (check,) = match_checks([met(-1_800_000 - BOUNDS.upper)])
    assert (
        "of 40 sampled records of views with the key of one of requests none lies within the bounds"
        in check.message
    )
    assert check.message.endswith("earlier")
