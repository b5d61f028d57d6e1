"""What a running job takes, beside what was foretold for it."""

from __future__ import annotations

from math import inf
from typing import Literal

from pydantic import AwareDatetime

from juncture.model.base import Value
from juncture.model.figures import Basis, Range, Unit


class Term(Value):
    """One figure. `measured` is None where it could not be, and `why` says so."""

    name: str
    unit: Unit
    foretold: Range
    basis: Basis
    measured: float | None
    why: str | None = None

    @property
    def off(self) -> float | None:
        """How many times as much as was expected."""
        if self.measured is None or not self.foretold.expected:
            return None
        return self.measured / self.foretold.expected

    @property
    def holds(self) -> bool:
        """Whether it is within its range, as far as is known."""
        return self.measured is None or self.foretold.low <= self.measured <= self.foretold.high


class Verification(Value):
    """The figures of a job over `seconds`, at `rate` records a second, and what is to be known of them."""

    schema_version: Literal[1] = 1
    job: str
    environment: str
    at: AwareDatetime
    seconds: float
    rate: float
    terms: tuple[Term, ...]
    notes: tuple[str, ...]

    @property
    def worst(self) -> Term | None:
        """The term that is off the most, of those that are outside their ranges."""
        outside = [each for each in self.terms if not each.holds and each.off is not None]
        return max(outside, key=lambda each: max(each.off, 1 / each.off) if each.off else inf, default=None)
