"""What the brokers of a Kafka cluster keep of topics, and how much they let a user read and write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from juncture.model.base import Value

_READ, _WRITE = "consumer_byte_rate", "producer_byte_rate"
_PRECEDENCE = (("user", "client-id"), ("user",), ("client-id",))
"""What a quota may be of, as Kafka prefers them; of these, a named user before users by default."""


class Stored(Value):
    """A topic on the brokers' disks, in bytes: `once`, one replica of each partition, and `in_all`."""

    once: int
    in_all: int


class Quota(Value):
    """How many bytes a second each broker lets a user read or write, and whose quota that is."""

    rate: float
    whose: str


class Brokers(Value):
    """How many there are, topics by name, bytes that are free on their disks, and the quotas that hold for a user.

    `usable` is None where the brokers don't tell it. A quota is None where there is none; those of a certain client id
    are left out. `refused` says why something is not known, by 'disks' and 'quotas'.
    """

    count: int
    stored: dict[str, Stored] = {}
    usable: int | None = None
    read: Quota | None = None
    write: Quota | None = None
    refused: dict[str, str] = {}

    @classmethod
    def told(cls, answer: Mapping[str, Any]) -> Brokers:
        """From what the planner answers (juncture.planner.brokers)."""
        return cls(
            count=answer["brokers"],
            stored={
                topic: Stored(once=once, in_all=in_all) for topic, (once, in_all) in answer["stored"].items()
            },
            usable=answer["usable"],
            read=_holding(answer["quotas"], _READ),
            write=_holding(answer["quotas"], _WRITE),
            refused=answer["refused"],
        )


def _holding(quotas: Sequence[Mapping[str, Any]], key: str) -> Quota | None:
    """The most specific one that has the key."""
    found = [
        (_PRECEDENCE.index(parts), each["entity"].get("user") is None, each)
        for each in quotas
        if key in each["values"] and each["entity"].get("client-id") is None
        if (parts := tuple(name for name in ("user", "client-id") if name in each["entity"])) in _PRECEDENCE
    ]
    if not found:
        return None
    # A user's own goes before users by default, whatever they are combined with.
    _, _, each = min(found, key=lambda one: ("user" not in one[2]["entity"], one[1], one[0]))
    return Quota(rate=each["values"][key], whose=_named(each["entity"]))


def _named(entity: Mapping[str, Any]) -> str:
    nouns = {"user": ("the user", "users"), "client-id": ("the client", "clients")}
    parts = [
        f"{nouns[kind][1]} by default" if name is None else f"{nouns[kind][0]} '{name}'"
        for kind, name in sorted(entity.items(), reverse=True)
    ]
    return " and ".join(parts)
