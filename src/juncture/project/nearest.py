"""The nearest valid name to one that is not valid."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, valid: Iterable[str], *, none: str = "") -> str:
    """A sentence with the remedy: the nearest name, else all the valid ones, else `none`.

    Args:
        name: what was written.
        valid: the names that exist.
        none: the sentence for when there is no valid name at all.
    """
    names = sorted(set(valid))
    close = nearest(name, names)
    if close is not None:
        return f"did you mean '{close}'?"
    if not names:
        return none
    shown = names[:12]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"use one of {', '.join(shown)}{more}" if len(names) > 1 else f"use {names[0]}"


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """The valid name that is near to the one that was written; None where none is."""
    folded = {candidate.lower(): candidate for candidate in sorted(set(valid), reverse=True)}
    close = get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None
