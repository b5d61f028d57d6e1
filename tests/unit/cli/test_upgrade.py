"""What `juncture upgrade --plan` shows."""

from __future__ import annotations

import io

import pytest

from juncture.cli.output import Text
from juncture.cli.upgrade import view_plan
from juncture.deploy.upgrading.upgrade import UpgradePlan
from juncture.model.verdict import OperatorVerdict, StateVerdict


@pytest.mark.parametrize(
    ("millis", "told"),
    [
        (None, "not whole again"),
        (0, "whole again after 0 ms of event time"),
        (1500, "whole again after 1.5 s of event time"),
    ],
)
def test_a_gap_tells_when_the_state_is_whole_again(millis: int | None, told: str) -> None:
    """A join whose bounds are one moment keeps rows for no time."""
    operator = OperatorVerdict(uid="u", operator="the join", verdict="KEEP_WITH_GAP", gap_millis=millis)
    state = StateVerdict(operators=(operator,))
    printed = io.StringIO()
    plan = UpgradePlan(job="j", environment="e", before=1, runs=True, state=state, checked=())
    view_plan(Text(printed, str), plan)
    assert printed.getvalue().splitlines()[1] == f"KEEP_WITH_GAP  the join, {told}"
