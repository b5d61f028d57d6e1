"""Topics without records, and how what rests on their rates is told."""

from __future__ import annotations

from collections.abc import Iterable

from juncture.checks.wording import listed
from juncture.model.capacity import Check
from juncture.model.traffic import Traffic


def silent_topics(traffic: Iterable[Traffic]) -> tuple[str, ...]:
    """The topics that have no records, in quotes, each once."""
    return tuple(dict.fromkeys(f"'{each.topic}'" for each in traffic if each.until is None))


def have_none(silent: tuple[str, ...]) -> str:
    """ "'taps' has no records", or "'taps' and 'orders' have no records"."""
    return f"{listed(silent)} {'has' if len(silent) == 1 else 'have'} no records"


def at_least(check: Check, silent: tuple[str, ...]) -> Check:
    """A check that was made with the rates there are, of which these topics' are taken as 0: it does not pass. One that
    did not pass needs even more."""
    if not silent or check.outcome != "passed":
        return check
    message = f"{check.message}; that is the least, as {have_none(silent)}"
    return check.model_copy(update={"outcome": "unknown", "message": message})
