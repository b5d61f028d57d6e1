"""What the cause of a job's failure tells: which part of its surroundings was not there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from juncture.model.observation import FailureSeen, Observation

RECENT = 600_000
"""Milliseconds for which what a job failed of is told."""
_KEPT, _BY_DEFAULT = "web.exception-history-size", 16
"""Flink's option for how many failures it keeps."""
RENEWED = 3.0
"""Seconds for which Flink tells the same of a job's subtasks."""

_OF_BROKERS = re.compile(
    r"kafka|broker|node assignment|not present in metadata|awaiting (InitProducerId|EndTxn|AddOffsets)"
    r"|since batch creation|before the position for partition|DisconnectException",
    re.IGNORECASE,
)
_OF_SLOTS = re.compile(
    r"NoResourceAvailable|acquire the minimum required resources|slot request.*timed? ?out", re.I
)


def of_brokers(cause: str) -> bool:
    """Whether a job failed of Kafka's brokers, as far as its exception says so."""
    return bool(_OF_BROKERS.search(cause))


def of_slots(cause: str) -> bool:
    """Whether a job failed as there were too few slots for it."""
    return bool(_OF_SLOTS.search(cause))


def recent(seen: Observation) -> tuple[FailureSeen, ...]:
    """What the job failed of lately, the newest first, the ends of its waits for slots among them."""
    now = seen.at.timestamp() * 1000
    return tuple(each for each in seen.failures if now - each.at < RECENT)


def is_over(failed: Sequence[int], now: float) -> bool:
    """Whether none came for twice as long as there ever was from one to the next; moments in ms, the newest first."""
    gaps = [later - earlier for later, earlier in pairwise(failed)]
    return now - failed[0] > 2 * max(gaps, default=0)


def lately(seen: Observation) -> float:
    """The ms that `recent` is about: the job may be younger than that, and Flink tells of its last failures alone."""
    kept = seen.options.get(_KEPT, "")
    all_told = len(seen.failures) < (int(kept) if kept.isdecimal() else _BY_DEFAULT)
    since = RECENT if all_told or not seen.failures else seen.at.timestamp() * 1000 - seen.failures[-1].at
    return min(seen.running * 1000, since, RECENT)


def slots_needed(seen: Observation) -> int:
    """The slots that the job takes, as all its operators share them."""
    return max((each.parallelism for each in seen.vertices), default=1)


def lacks_slots(seen: Observation) -> bool:
    """Whether the job has no slots now for some of its subtasks: there are too few, or others have them."""
    if seen.slots is not None and seen.slots < slots_needed(seen):
        return True
    newest = next(iter(seen.failures), None)
    if newest is not None and of_slots(newest.cause) and (seen.state != "RUNNING" or seen.waiting):
        return True
    return seen.waiting > 0 and seen.seconds > RENEWED
