"""A rule of diagnosis: an id, an effect, a docstring that documents it, and an examination."""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from juncture.diagnosis.patient import Patient
from juncture.errors import Location
from juncture.model.diagnosis import Diagnosis, Effect, Evidence

LEAST = 0.05
"""What costs less is not told."""
_PARTS = re.compile(
    r"(?P<summary>.+?)\n\n(?P<reason>.+?)\n\nSeen by: (?P<seen>.+?)\n\nChange: (?P<change>.+)", re.DOTALL
)


@dataclass(frozen=True)
class RuleDoc:
    """The parts of a rule's docstring."""

    summary: str
    reason: str
    seen: str
    change: str

    @property
    def markdown(self) -> str:
        """All of it as Markdown, without a heading."""
        return f"{self.summary}\n\n{self.reason}\n\n**Seen by:** {self.seen}\n\n**Change:** {self.change}\n"


class Rule(ABC):
    """One cause. A subclass has a file of its own in diagnosis/rules/.

    `steady` rules need a job that ran all through the observation.
    """

    id: ClassVar[str]
    effect: ClassVar[Effect]
    steady: ClassVar[bool] = True

    @abstractmethod
    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        """Every case of the cause; `found` are those of the rules before this one."""

    @classmethod
    def doc(cls) -> RuleDoc:
        """The documentation; ValueError where the docstring lacks a part."""
        parts = _PARTS.fullmatch(inspect.getdoc(cls) or "")
        if parts is None:
            raise ValueError(f"the docstring of {cls.__name__} lacks a part, or has them in another order")
        return RuleDoc(**parts.groupdict())

    def diagnosis(
        self,
        cost: float,
        operator: str,
        message: str,
        location: Location | None,
        evidence: Sequence[tuple[str, str, str]],
        remedy: str,
        *,
        effect: Effect | None = None,
        past: bool = False,
    ) -> Diagnosis:
        """A finding of this rule; evidence is (what, value, where it comes from)."""
        return Diagnosis(
            rule=self.id,
            effect=effect or self.effect,
            cost=round(min(max(cost, 0.0), 1.0), 3),
            operator=operator,
            message=message,
            location=location,
            evidence=tuple(
                Evidence(what=what, value=value, source=source) for what, value, source in evidence
            ),
            remedy=remedy,
            past=past,
        )
