"""What brokers are asked for by the connector's own client, in the planner's process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from juncture.deploy.environment.connection import Connection
from juncture.errors import JunctureError
from juncture.kafka.connection import java_client
from juncture.model.brokers import Brokers

DescribeBrokers = Callable[[Mapping[str, str], Sequence[str], str], Brokers]
"""A planner's `describe_brokers`."""

_NOBODY = "ANONYMOUS"
"""How Kafka calls a user that has not logged in."""


def brokers_of(ask: DescribeBrokers, connection: Connection, topics: Iterable[str]) -> Brokers:
    """What they tell of themselves and these topics; what they don't is in `refused`."""
    kafka = connection.kafka
    user = kafka.security.username if kafka.security.mechanism is not None else None
    try:
        found = ask(java_client(kafka), sorted(set(topics)), user or _NOBODY)
    except JunctureError as error:
        found = Brokers(count=0, refused=dict.fromkeys(("disks", "quotas"), error.problem))
    refused = {what: connection.redact(why) for what, why in found.refused.items()}
    return found.model_copy(update={"refused": refused})
