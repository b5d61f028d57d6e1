"""What the oracle says when it cannot compute a join: never a guess, never silence."""

from __future__ import annotations

from juncture.errors import JunctureError, Location


class OracleUnsupported(JunctureError):
    """The SQL means something that the oracle does not reproduce. `location` is the author's place."""

    def __init__(self, what: str, location: Location | None = None, remedy: str | None = None) -> None:
        super().__init__(
            f"the oracle cannot compute {what}",
            location=location,
            remedy=remedy or "compare this job's rows in another way; the oracle would be guessing",
        )
