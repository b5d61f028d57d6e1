"""Hot keys of a part of the topics, and what is said of those that were not seen."""

from __future__ import annotations

import pytest
from tests.unit.capacity.test_written import TRAFFIC, plan

from juncture.capacity.hotkeys import find_keys
from juncture.capacity.hotrows import hot_key_checks
from juncture.capacity.rates import Rates
from juncture.capacity.samples import Sample
from juncture.model.capacity import Check
from juncture.model.flow import Flow


def places(*hot: int, table: str = "requests") -> Sample:
    """An hour apart, with 100 rows each, of which so many have the key."""
    return Sample(
        [
            [
                {
                    f"{table}_id": "hot" if row * 37 % 100 < count else f"{table}-{place}-{row}",
                    f"{table}_at": f"2026-03-01T{place:02}:00:{row // 2:02}Z",
                }
                for row in range(100)
            ]
            for place, count in enumerate(hot)
        ]
    )


def test_a_key_that_came_in_a_part_of_the_topics_has_the_share_that_it_had_there() -> None:
    flow = Flow(plan("INNER"), lambda table: False)
    both = {
        "requests": places(*[50] * 5, *[0] * 5),
        "views": places(*[20] * 4, *[0] * 6, table="views"),
    }
    ((rows,),) = [Rates(flow, TRAFFIC, find_keys(flow, both).hot).hot_rows()]
    assert rows.shares == pytest.approx((0.5, 0.2), abs=0.01)
    assert rows.places == (4, 10)
    # For longer than the bounds: they go on for as long as these, though not for the half of what the topics hold.
    assert rows.rate.expected == pytest.approx(50 * 6 * 600, rel=0.05)
    assert rows.formula.endswith("s of the bounds; shares are those in 4 of 10 places of the topics")
    (check,) = hot_key_checks([rows])
    assert ", in 4 of 10 places of the topics" in check.message


def test_of_a_small_topic_that_has_it_all_along_and_a_large_one_that_has_not_the_latter_is_told() -> None:
    flow = Flow(plan("INNER"), lambda table: False)
    both = {"requests": places(50), "views": places(*[20] * 4, *[0] * 6, table="views")}
    ((rows,),) = [Rates(flow, TRAFFIC, find_keys(flow, both).hot).hot_rows()]
    assert rows.places == (4, 10)


def searched(left: Sample, right: Sample) -> list[Check]:
    flow = Flow(plan("INNER"), lambda table: False)
    both = {"requests": left, "views": right}
    found = find_keys(flow, both)
    return list(hot_key_checks(Rates(flow, TRAFFIC, found.hot).hot_rows(), found.searches))


def test_where_none_is_seen_it_says_in_how_much_it_was_looked_for() -> None:
    (check,) = searched(places(*[0] * 10), places(*[0] * 10, table="views"))
    assert (check.outcome, check.message) == (
        "passed",
        "none seen, in 1,000 records of requests and 1,000 of views, from 10 places of each: one that has 1.7 % of both"
        " all along would be (95 %); one that came between these places alone would not",
    )
    (check,) = searched(places(0), places(0, table="views"))
    assert check.message.endswith("of views: one that has 16.4 % of both all along would be (95 %)")
    (check,) = searched(places(0), places(*[0] * 10, table="views"))
    assert check.message == (
        "none seen, in 100 records of requests and 1,000 of views, from 1 place of requests and 10 of views: one that"
        " has 16.4 % of both all along would be (95 %); one that came between these places alone would not"
    )
    (check,) = searched(places(*[50] * 10), places(*[20] * 10, table="views"))
    assert check.outcome in ("warned", "failed")


def test_few_records_tell_nothing() -> None:
    few = Sample([[{"views_id": str(number)} for number in range(9)]], is_all=True)
    (check,) = searched(places(0), few)
    assert (check.outcome, check.message) == (
        "unknown",
        "100 records of requests and 9 of views are too few to see any",
    )
