"""A rule: an id, a severity, a docstring that documents it, and a check."""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from juncture.checks.case import Case
from juncture.errors import Location
from juncture.model.report import Finding, Severity

_PARTS = re.compile(
    r"(?P<summary>.+?)\n\n(?P<reason>.+?)\n\nAnti-pattern:\n\n```sql\n(?P<bad>.+?)\n```\n\n"
    r"Best practice:\n\n```sql\n(?P<good>.+?)\n```",
    re.DOTALL,
)


@dataclass(frozen=True)
class RuleDoc:
    """The parts of a rule's docstring; `bad` and `good` are SQL files of a project, each after its path."""

    summary: str
    reason: str
    bad: str
    good: str

    @property
    def markdown(self) -> str:
        """All of it as Markdown, without a heading."""
        return (
            f"{self.summary}\n\n{self.reason}\n\nAnti-pattern:\n\n```sql\n{self.bad}\n```\n\n"
            f"Best practice:\n\n```sql\n{self.good}\n```\n"
        )


class Rule(ABC):
    """One kind of finding. A subclass has a file of its own in checks/rules/."""

    id: ClassVar[str]
    severity: ClassVar[Severity]

    @abstractmethod
    def check(self, case: Case) -> Iterator[Finding]:
        """Every place of the job where the rule is broken."""

    @classmethod
    def doc(cls) -> RuleDoc:
        """The documentation; ValueError where the docstring lacks a part."""
        parts = _PARTS.fullmatch(inspect.getdoc(cls) or "")
        if parts is None:
            raise ValueError(f"the docstring of {cls.__name__} lacks a part, or has them in another order")
        return RuleDoc(**parts.groupdict())

    def finding(
        self, case: Case, at: Location, message: str, remedy: str, *, severity: Severity | None = None
    ) -> Finding:
        """A finding of this rule."""
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            job=case.rendered.job.name,
            message=message,
            location=at,
            remedy=remedy,
        )
