"""By what the rows of a join's sides meet, as its plan has it."""

from __future__ import annotations

import json

import pytest
from tests.unit.model.test_timed import LEFT_TIME, RIGHT_TIME, call, plan, plus, ref

from juncture.pairing.sides import Sides, sides_of_joins
from juncture.planner.plan import read_plan

MINUTE = 60_000
BETWEEN = (
    call(">=", ref(RIGHT_TIME), ref(LEFT_TIME)),
    call("<=", ref(RIGHT_TIME), plus(LEFT_TIME, 10 * MINUTE)),
)


def sides(*conditions: dict[str, object], kind: str) -> Sides:
    (found,) = sides_of_joins(read_plan(json.dumps(plan(*conditions, kind=kind))))
    return found


@pytest.mark.parametrize("kind", ["SEMI", "ANTI"])
def test_exists_and_not_exists_have_the_bounds_of_their_condition(kind: str) -> None:
    found = sides(*BETWEEN, kind=kind)
    assert (found.left.table, found.right.table) == ("page_impressions", "page_clicks")
    assert found.left.time
    assert found.right.time
    assert found.bounds is not None
    assert (found.bounds.lower, found.bounds.upper) == (-10 * MINUTE, 0)


@pytest.mark.parametrize(
    ("conditions", "kind"), [(BETWEEN[:1], "SEMI"), (BETWEEN[1:], "ANTI"), (BETWEEN, "INNER")]
)
def test_without_both_bounds_or_as_a_regular_join_there_are_none(
    conditions: tuple[dict[str, object], ...], kind: str
) -> None:
    found = sides(*conditions, kind=kind)
    assert found.bounds is None
    assert (found.left.time, found.right.time) == ("", "")
