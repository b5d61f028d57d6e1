"""What became of a case."""

from __future__ import annotations

from dataclasses import dataclass

from juncture.errors import JunctureError, Location
from juncture.validation.cases.case import Case
from juncture.validation.harness.timeline import Reached
from juncture.validation.report.difference import Difference


@dataclass(frozen=True)
class Outcome:
    """What became of a case. `against` is 'expect', 'oracle', or 'expect and oracle' if the rows equal both's.

    `seconds` are by step. `timeline` is of a case with steps: each that was begun, the last one with its problem
    if it was not reached.

    `difference` is None where the case could not be run to its end; `error` then says why. `at` is the line of the
    expectation that the difference is about, None for the one at the case's end.
    """

    case: Case
    against: str
    seconds: dict[str, float]
    difference: Difference | None = None
    error: JunctureError | None = None
    timeline: tuple[Reached, ...] = ()
    at: Location | None = None

    @property
    def passed(self) -> bool:
        return self.error is None and self.difference is not None and self.difference.equal
