"""Whether the event time of a new version goes on where that of the version before it did.

A watermark that stands still is not ill by itself: there may be no new records, or the version before may have stood at
the same place for the same reason. So what each partition did in the version before is compared, one by one. What can't
be compared, as that version did not run, is not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from juncture.deploy.store.manifest import read_manifest
from juncture.diagnosis.topics import idle_timeouts
from juncture.flink.metrics import PartitionTime, metric_text, partition_times, renew
from juncture.flink.rest import FlinkCluster
from juncture.kafka.partitions import Place
from juncture.model.flow import is_event_time
from juncture.planner.plan import parse_plan

Times = Mapping[tuple[str, int], PartitionTime]
"""By `metric_text` of the topic, and partition."""

_NONE_OF = 10
"""Records of a partition, none of which gave a watermark, after which it is none that comes with the next one."""
_STOOD_FOR = 100
"""Records of a partition, after the first that was seen, without a later watermark: these are not just out of order."""


@dataclass(frozen=True)
class Held:
    """A partition whose event time is not where it was in the version before.

    `problem` says why, `proven` whether other records went by meanwhile, more than may just be out of order.
    """

    table: str
    place: Place
    problem: str
    remedy: str
    proven: bool

    def __str__(self) -> str:
        topic, partition = self.place
        return f"partition {partition} of '{topic}' holds the watermark of {self.table} back: {self.problem}"


def times_of(cluster: FlinkCluster, job_id: str) -> Times:
    """The event time of each partition that a running job reads; empty if it does not run, or tells none."""
    job = cluster.job(job_id)
    if job is None or job.ended:
        return {}
    renew(cluster, job)
    return partition_times(cluster, job)


class EventTime:
    """Compares a new version's event time, each time it is looked at, with that of the version before.

    Args:
        files: the new version's bundle.
        before: what was seen of the version before, when it was stopped.
        starts: where the new version begins to read, by topic and partition.
    """

    def __init__(
        self, files: Mapping[str, str], before: Times, starts: Mapping[str, Mapping[int, int]]
    ) -> None:
        manifest, plan = read_manifest(files), parse_plan(files["plan.json"])
        waiting = [node for node in plan.nodes if is_event_time(node) or node.uid in manifest.event_joins]
        waited = {table for node in waiting for table in plan.tables(node)}
        self._topics = {table: manifest.topics[table] for table in manifest.sources if table in waited}
        self._timeouts = idle_timeouts(plan, manifest.options)
        self._before, self._starts = before, starts
        self._first: dict[Place, tuple[int | None, int]] = {}
        self._moved: set[Place] = set()

    def held(self, times: Times, positions: Mapping[str, Mapping[int, int]]) -> list[Held]:
        """The partitions that hold event time back, and did not in the version before.

        Args:
            times: of the new version, now.
            positions: the next offset that it reads of each partition, now, by topic.
        """
        goes_on = any(
            self._read(topic, number, at) for topic, each in positions.items() for number, at in each.items()
        )
        found = []
        for table, topic in sorted(self._topics.items()):
            for (named, partition), before in sorted(self._before.items()):
                if named != metric_text(topic):
                    continue
                now = times.get((named, partition), PartitionTime(None, False))
                position = positions.get(topic, {}).get(partition)
                if position is None or not self._read(topic, partition, position):
                    held = self._silent(table, (topic, partition), before, now, goes_on)
                else:
                    held = self._standing(table, (topic, partition), before, now, position)
                if held is not None:
                    found.append(held)
        return found

    def _read(self, topic: str, partition: int, position: int) -> int:
        """Offsets of a partition that the new version has read; the last one alone where it is not known."""
        return position - self._starts.get(topic, {}).get(partition, position - 1)

    def _silent(
        self, table: str, place: Place, before: PartitionTime, now: PartitionTime, goes_on: bool
    ) -> Held | None:
        if not before.left_out or now.left_out or self._timeouts.get(table) is not None:
            return None
        return Held(
            table,
            place,
            "no record of it was read, and the version before left it out as idle",
            f"give the macro of the source {table} an idle_timeout, such as '1 min': after that time without records a"
            " partition is left out of the watermark",
            proven=goes_on,
        )

    def _standing(
        self, table: str, place: Place, before: PartitionTime, now: PartitionTime, position: int
    ) -> Held | None:
        mark, since = self._first.setdefault(place, (now.watermark, position))
        if mark is None and now.watermark is not None:
            self._first[place] = mark, since = now.watermark, position
        if now.watermark != mark:
            self._moved.add(place)
        behind = before.watermark is not None and (now.watermark is None or now.watermark < before.watermark)
        if not behind or place in self._moved:
            return None
        if now.watermark is None:
            read = self._read(*place, position)
            problem, proven = (
                f"of {read:,} offsets that were read of it none has given a watermark",
                read >= _NONE_OF,
            )
        else:
            read = position - since
            problem = (
                f"its own stands still after {read:,} more offsets, behind where the version before had it"
            )
            proven = read >= _STOOD_FOR
        remedy = (
            f"see the WATERMARK of the source {table}, and what its time column is made of: the version before had a"
            " later one of the same partition"
        )
        return Held(table, place, problem, remedy, proven)
