"""Cases that a test makes itself, as docs/guides/validation.md shows it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from juncture.validation.cases.case_file import make_cases
from juncture.validation.generate.strategies import cases_for
from juncture.validation.harness.runner import run_case

EARLY = [["impression_id", "served_at"], ["i1", "+00:00"]]
CLICKS = [["click_id", "impression_id", "clicked_at"], ["c1", "i1", "+05:00"]]


@pytest.mark.parametrize("origin", ["checkpoint", "savepoint"])
def test_a_click_joins_after_a_restart(juncture_session, origin):
    steps = [
        {"arrive": [{"page_impressions": EARLY}]},
        {"checkpoint": None},
        {"restart": origin},
        {"arrive": [{"page_clicks": CLICKS}]},
    ]
    data = {"job": "impression_clicks", "cases": [{"name": "a click joins", "steps": steps}]}
    (case,) = make_cases(juncture_session.project, juncture_session.environment, data)
    assert run_case(juncture_session, case).passed


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_clicks_join_as_the_oracle_says(juncture_session, data):
    case = data.draw(cases_for(juncture_session.job("impression_clicks")))
    assert run_case(juncture_session, case).passed
