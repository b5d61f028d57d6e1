"""The offsets that a position stands for, looked up once for each topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from juncture.errors import Refused
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.model.startpoint import (
    AtOffset,
    AtOffsets,
    AtTimestamp,
    BeforeNow,
    DeploymentOffsets,
    Earliest,
    EndPoint,
    GroupOffsets,
    Latest,
    PartitionPosition,
    Position,
    SavepointOffsets,
    epoch_millis,
)

Offsets = Mapping[int, int]


@dataclass(frozen=True)
class Snapshot:
    """How far topics had been read at a savepoint or checkpoint. `told` says whose it is and where it lies."""

    told: str
    offsets: Mapping[str, Offsets]


Snapshots = Callable[[DeploymentOffsets | SavepointOffsets], Snapshot]
"""Finds what a deployment or a savepoint holds. Raises Refused where it is not there, or can't be read."""


@dataclass(frozen=True)
class Found:
    """Offsets by partition, without those of which nothing is known.

    `time` is the timestamp that they were looked for by, and `past` the partitions that have no committed record as
    new as it; `told` is whose they are, `who` who knows only these partitions.
    """

    offsets: Offsets
    time: datetime | None = None
    past: frozenset[int] = frozenset()
    told: str | None = None
    who: str | None = None


class Lookup:
    """Asks the brokers, and whoever knows snapshots.

    Args:
        admin: the cluster of the topics.
        topics: all that will be asked for; each must exist.
        snapshots: finds those that positions name.
        now: the moment from which durations count.

    Raises Unreachable if the brokers do not answer.
    """

    def __init__(self, admin: Admin, topics: Iterable[str], snapshots: Snapshots, now: datetime) -> None:
        self._admin, self._snapshots, self._now = admin, snapshots, now
        names = sorted(set(topics))
        self.first = offsets.earliest(admin, names)
        self._found: dict[tuple[str, str], Found] = {}

    def find(self, topic: str, position: Position | PartitionPosition | EndPoint) -> Found:
        """The offsets of a topic. Raises Refused where what is named is not there."""
        key = (topic, position.model_dump_json())
        if key not in self._found:
            self._found[key] = self._find(topic, position)
        return self._found[key]

    def _find(self, topic: str, position: Position | PartitionPosition | EndPoint) -> Found:
        match position:
            case Earliest():
                return Found(self.first[topic])
            case Latest():
                return Found(offsets.latest(self._admin, [topic])[topic])
            case AtTimestamp(timestamp=moment):
                return self._at(topic, moment)
            case BeforeNow(before_now=duration):
                return self._at(topic, self._now - duration)
            case AtOffset(offset=offset):
                return Found(dict.fromkeys(self.first[topic], offset))
            case AtOffsets(offsets=named):
                return Found(named, who="`offsets`")
            case GroupOffsets(group=group):
                return self._group(topic, group)
            case DeploymentOffsets() | SavepointOffsets():
                return self._snapshot(topic, position)

    def _at(self, topic: str, moment: datetime) -> Found:
        ends = offsets.latest(self._admin, [topic])[topic]
        found = offsets.at_timestamp(self._admin, [topic], epoch_millis(moment))[topic]
        past = frozenset(partition for partition, end in ends.items() if found[partition] >= end)
        return Found(found, time=moment, past=past)

    def _group(self, topic: str, group: str) -> Found:
        held = offsets.committed(self._admin, group, [topic]).get(topic, {})
        if not held:
            raise Refused(
                f"the consumer group '{group}' has committed no offset of the topic '{topic}'",
                remedy="correct the group's name, or start at earliest or latest",
            )
        return Found(held, who=f"the group '{group}'")

    def _snapshot(self, topic: str, position: DeploymentOffsets | SavepointOffsets) -> Found:
        snapshot = self._snapshots(position)
        held = snapshot.offsets.get(topic)
        if not held:
            others = ", ".join(sorted(snapshot.offsets)) or "none"
            raise Refused(
                f"{snapshot.told} holds no offsets of the topic '{topic}'",
                remedy=f"name another; the topics that it holds offsets of: {others}",
            )
        return Found(held, told=snapshot.told, who=snapshot.told)
