"""What several places of the same two topics tell together."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import sqrt

from juncture.pairing.meeting import RULE_OF_THREE, Delay, Met

_STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)
"""Of so few places, from two on, by how many of their standard errors their mean may be off (95 %)."""
_NORMAL = 1.96
"""The same where the standard error is known."""


def mean_error(shares: Sequence[float], errors: Sequence[float]) -> float:
    """How far the mean of some places, in their order, may be from that of all there are (95 %).

    By what each may be off itself, and by how much more those next to each other differ than that explains.

    Args:
        shares: of each place.
        errors: by how much each may be off (95 %).
    """
    count = len(shares)
    own = sum(each**2 for each in errors) / count
    if count < 2:
        return sqrt(own)
    differ = sum((one - other) ** 2 for one, other in pairwise(shares)) / 2 / (count - 1)
    more = max(differ - own / _NORMAL**2, 0.0)
    return sqrt((own + _STUDENT[min(count, len(_STUDENT) + 1) - 2] ** 2 * more) / count)


def pooled(mets: Sequence[Met]) -> Met:
    """Each place, in their order, stands for as many right rows, whatever was read of it."""
    if len(mets) == 1:
        return mets[0]
    matched = statistics.fmean(each.matched for each in mets)
    rows = sum(each.rows for each in mets)
    error = mean_error([each.matched for each in mets], [each.error for each in mets])
    if matched in (0, 1):
        error = min(RULE_OF_THREE / max(rows, RULE_OF_THREE), error)
    return Met(
        basis="counted" if all(each.basis == "counted" for each in mets) else "estimated",
        matched=matched,
        error=min(error, 1.0),
        rows=rows,
        pairs=sum(each.pairs for each in mets),
        covered=min(each.covered for each in mets),
        seen=min(each.seen for each in mets),
        delays=tuple(_alike(mets)),
        apart=tuple(apart for each in mets for apart in each.apart),
    )


def _alike(mets: Sequence[Met]) -> Iterator[Delay]:
    """The delays of all, those of each place together as many as its share of rows with a partner."""
    for each in mets:
        whole = sum(weight for _, weight in each.delays)
        for delay, weight in each.delays:
            yield delay, weight / whole * each.matched
