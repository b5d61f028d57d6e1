"""What a check found."""

from __future__ import annotations

from typing import Literal

from juncture.errors import Location
from juncture.model.base import Value

Severity = Literal["error", "warning"]


class Finding(Value):
    """One thing that is wrong, at its place in the author's file.

    `rule` is the rule's id ('unbounded-state'); `job` the job it was found in;
    `remedy` what to write instead.
    A silenced finding is kept, with its reason, and does not count.
    """

    rule: str
    severity: Severity
    job: str
    message: str
    location: Location
    remedy: str
    silenced: str | None = None
