"""What is told of how rows meet: a warning where none does, and words for how far a sample can tell."""

from __future__ import annotations

from typing import Any

import pytest

from juncture.capacity.matching import match_checks, told
from juncture.model.traffic import Matching


def met(**more: Any) -> Matching:
    known: dict[str, Any] = {
        "operator": "the join of requests with views", "left": "requests", "right": "views",
        "sampled": (100_000, 40_000), "basis": "counted", "matched": 0.0, "error": 0.01, "rows": 900.0, "pairs": 0,
        "bound": 600_000, "covered": 1.0, "delay_median": None, "delay_most": None, "apart": 0, "apart_by": None,
        "searched": 0.0, "repeated": (0.0, 0.5), "hottest": 0.1,
    }  # fmt: skip
    return Matching(**{**known, **more})


SEEN = {"matched": 0.37, "error": 0.03, "pairs": 333, "delay_median": 38_200.0, "delay_most": 180_000.0}


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"apart": 20, "apart_by": 1.0}, ["warned"]),
        ({"apart": 19, "apart_by": 1.0, "searched": 900.0}, []),
        ({"searched": 300.0}, ["warned"]),
        ({"searched": 299.0}, []),
        ({"pairs": 1, "apart": 900, "apart_by": 1.0}, []),
    ],
)
def test_it_warns_where_keys_meet_nowhere_or_out_of_the_bounds_alone(
    more: dict[str, Any], outcome: list[str]
) -> None:
    assert [each.outcome for each in match_checks([met(**more)])] == outcome


def test_it_warns_of_event_times_that_can_not_be_read() -> None:
    (check,) = match_checks([met(unread=(0.0, 0.5), searched=900.0)])
    assert check.message.startswith("50 % of 40,000 sampled records of views have an event time that")
    assert list(match_checks([met(unread=(0.49, 0.49))])) == []
    assert list(match_checks([met(unread=(1.0, 1.0), bound=None)])) == []
    lines = list(told(met(**SEEN, unread=(0.01, 0.009))))
    assert lines[2].endswith("does not read, and so no partner: 1 % of 100,000 sampled records of requests")
    assert (
        "  no event time of one side can be read in 100,000 records"
        in list(told(met(covered=0.0, unread=(0.0, 1.0))))[1]
    )


def test_it_says_how_far_rows_with_equal_keys_are() -> None:
    (check,) = match_checks([met(apart=40, apart_by=-1_800_000.0)])
    assert (
        "of 40 sampled records of views with the key of one of requests, none lies within the bounds"
        in check.message
    )
    assert check.message.endswith("30 min earlier")


@pytest.mark.parametrize(
    ("more", "first", "second"),
    [
        (
            {"covered": 0.0, "rows": 0.0, "within": 20.0},
            "how many of views meet one of requests is not known: each is taken to meet one",
            "brokers answer too slowly: in 20 s it was not found which records lie within the bounds",
        ),
        (
            SEEN,
            "37 % ± 3 % of views meet one of requests, 38.2 s later (99 %: 3 min later)",
            "counted: 900 of 40,000 records of views, with all their partners among 100,000 records of requests;"
            " keys that came before: 0 % of requests, 50 % of views",
        ),
        (
            {**SEEN, "basis": "estimated"},
            "37 % ± 3 % of views meet one of requests",
            "estimated: 333 pairs in 100,000 records of requests and 40,000 records of views, all over the bounds of"
            " 10 min, as good as 900 counted;",
        ),
        (
            {**SEEN, "basis": "estimated", "covered": 0.5},
            "37 % ± 3 % or more of views meet one of requests",
            "in 5 min of the bounds of 10 min",
        ),
        ({**SEEN, "bound": None}, "37 % ± 3 % or more of views", "the last 100,000 records of requests"),
        (
            {"covered": 0.0},
            "how many of views meet one of requests is not known",
            "no two of 100,000 records",
        ),
        ({}, "none of views was seen to meet one of requests: at most 1 % do", "counted: 900 of"),
        (
            {"apart": 7, "apart_by": 60_000.0},
            "; 7 have the key of one outside of the join's bounds, 60.0 s",
            "",
        ),
    ],
)
def test_it_says_what_the_share_rests_on(more: dict[str, Any], first: str, second: str) -> None:
    lines = list(told(met(**more)))
    assert first in lines[0]
    assert second in lines[1]


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"looked": "all", "places": (0.37,)}, "these are all records of both topics"),
        ({}, "these are the last records of the topics: those before them were not looked at"),
        (
            {"looked": "places", "places": (0.004, 0.95, 0.76)},
            "in 3 places all over the topics, the oldest first: 0.4 %, 95 %, 76 %",
        ),
        ({"looked": "places", "places": (0.4,)}, "these are from one place in the topics"),
    ],
)
def test_it_says_where_was_looked(more: dict[str, Any], where: str) -> None:
    assert list(told(met(**SEEN, **more)))[2] == f"  {where}"


def test_of_joins_without_bounds_and_of_slow_brokers_it_says_no_more() -> None:
    assert len(list(told(met(**{**SEEN, "bound": None})))) == 2
    assert len(list(told(met(covered=0.0, rows=0.0, within=20.0)))) == 2
