"""One case, whichever kind it is."""

from __future__ import annotations

from juncture.errors import Refused
from juncture.validation.cases.case import Case
from juncture.validation.harness.compiling import Compiled
from juncture.validation.harness.medium import Session
from juncture.validation.harness.outcome import Outcome
from juncture.validation.harness.plain import run_plain
from juncture.validation.harness.session import WarmSession
from juncture.validation.harness.stepping import run_steps


def run_case(session: Session, case: Case, version: Compiled | None = None) -> Outcome:
    """Run one case. What is wrong with the case, its job or its rows is in the outcome.

    Args:
        session: what it runs on.
        case: what arrives, and what must come out.
        version: what runs in place of the case's job; the expected rows stay those of the job itself.

    Raises Unreachable if the broker, the cluster or the planner is gone: other cases would fail as well.
    """
    if not case.steps:
        return run_plain(session, case, version)
    if not isinstance(session, WarmSession):
        error = Refused(
            "a case with steps needs a broker", location=case.location, remedy="run it without --files"
        )
        return Outcome(case, "expect", {}, error=error)
    return run_steps(session, case, version)
