"""Which joins of a new version don't run together with others, so that those keep the state that they have."""

from __future__ import annotations

from collections.abc import Sequence

from juncture.verdicts.version import Version


def first_apart(old: Version, chain: Sequence[str]) -> str | None:
    """The first join of a chain that has to begin an operator; None if the state is as good as it is together.

    Args:
        old: the version whose state is gone on from.
        chain: uids of joins of a new version that can run together, as its plan was compiled with them.
    """
    for uid in chain[1:]:
        if uid in old.apart:
            return uid
    for size in range(len(chain) - 1, 0, -1):
        kept = tuple(chain[:size])
        if kept[0] in old.event_joins and old.chain_of(kept[0]) == kept:
            return None if chain[size] in old.event_joins else chain[size]
    return None
