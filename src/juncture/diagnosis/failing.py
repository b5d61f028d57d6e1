"""What the cause of a job's failure tells: which part of its surroundings was not there."""

from __future__ import annotations

import re

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
