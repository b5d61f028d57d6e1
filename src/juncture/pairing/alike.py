"""Keys that differ only in how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from juncture.pairing.sides import Key

_BEFORE_DIGITS = re.compile(r"^\D+(?=\d)")
_WAYS = (
    ("capitals, or blanks around them", lambda text: text.strip().casefold()),
    ("zeros in front", lambda text: text.strip().lstrip("0")),
    ("signs that are no letters or digits", lambda text: "".join(filter(str.isalnum, text)).casefold()),
    ("what stands before their digits", lambda text: _BEFORE_DIGITS.sub("", text)),
)
"""What may differ, and a key without it."""
_MOST = 0.5
"""The share of the keys of the side that has fewer, from which on they are told to be alike but for that."""


def alike_but_for(left: Iterable[Key], right: Iterable[Key]) -> str | None:
    """In what the keys of two sides differ that have none in common, if most are the same else."""
    ours, theirs = ({key for key in side if None not in key} for side in (left, right))
    for what, plain in _WAYS:
        first, second = (
            {tuple(plain(each or "") for each in key) for key in side} for side in (ours, theirs)
        )
        if len(first & second) > min(len(first), len(second)) * _MOST:
            return what
    return None
