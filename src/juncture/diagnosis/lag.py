"""How far a job is behind its topics: the ends of their partitions less what it has read of them.

Flink's own metric of it, pendingRecords, is what its consumers heard with their last fetch: it stands still while a job
is held back, and tells of a job that is far behind that it is not.

Ends count markers of transactions and what was aborted, which no job ever reads: the offset after a job's last record
may stay below the end for ever. So where a job has not gone on between two looks, the brokers are asked for a record
that it could read: if there is none up to the end, it has read all.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from juncture.errors import JunctureError, Refused
from juncture.flink.answers import JobDetail
from juncture.flink.metrics import metric_text, read_up_to
from juncture.flink.rest import FlinkCluster
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.partitions import Place
from juncture.kafka.sampler import sample
from juncture.model.environment import Kafka
from juncture.model.offsets import OffsetRanges

Offsets = Mapping[str, Mapping[int, int]]
"""By topic, then by partition."""

_PATIENCE = 3.0
"""Seconds for brokers that don't answer: whoever looks at a job shall not wait for them for long."""
_ASKED_AGAIN = 20.0
"""Seconds after which brokers that did not answer are asked again."""


def behind(ends: Mapping[int, int], positions: Mapping[int, int]) -> int | None:
    """Offsets that a job has not read; None where it is not known of any partition.

    Partitions that it has not read from yet are left out, unless nothing was ever in them.

    Args:
        ends: one after the last record, by partition.
        positions: the next offset to read, by partition.
    """
    known = [
        max(end - positions.get(number, 0), 0)
        for number, end in ends.items()
        if number in positions or not end
    ]
    return sum(known) if known else None


def reached(cluster: FlinkCluster, job: JobDetail, topics: Mapping[str, str]) -> dict[str, dict[int, int]]:
    """The next offset that a running job reads of each partition that it has read from, by topic.

    Args:
        cluster: where it runs.
        job: the job.
        topics: by table.
    """
    names = {metric_text(topic): topic for topic in topics.values()}
    found: dict[str, dict[int, int]] = {}
    for (topic, partition), last in read_up_to(cluster, job).items():
        if topic in names and last >= 0:
            found.setdefault(names[topic], {})[partition] = last + 1
    return found


def next_records(
    kafka: Kafka,
    ranges: Mapping[Place, tuple[int, int]],
    timeout: float,
    left_out: Mapping[Place, OffsetRanges] | None = None,
) -> dict[Place, int]:
    """The offset of the first committed record in a range of offsets, by partition; of those that have one.

    What a log has removed is none, and neither are records that are `left_out`.

    Raises Unreachable if the brokers don't answer, Refused if a topic can't be read.
    """
    begins = offsets.earliest(Admin(kafka, timeout), {topic for topic, _ in ranges})
    asked = {
        (topic, partition): (max(begin, begins[topic].get(partition, begin)), end)
        for (topic, partition), (begin, end) in ranges.items()
    }
    found: dict[Place, int] = {}
    while asked:
        further = {}
        for place, records in sample(kafka, asked, 1, timeout).items():
            for each in records:
                gaps = (left_out or {}).get(place, ())
                over = [gap.last + 1 for gap in gaps if gap.first <= each.offset <= gap.last]
                if not over:
                    found[place] = each.offset
                elif over[0] < asked[place][1]:
                    further[place] = (over[0], asked[place][1])
        asked = further
    return found


class Lags:
    """How far a job is behind, by table, as often as it is asked for.

    Args:
        kafka: where the topics are; None if that can't be asked.
        topics: by table.
        starts: where the job begins to read partitions; those that it has not read from and that are not here are left
            out.
        ends: where it shall come to; the ends of the partitions at each look by default.
        left_out: offsets that it does not read, by table and partition.
    """

    def __init__(
        self,
        kafka: Kafka | None,
        topics: Mapping[str, str],
        starts: Offsets | None = None,
        ends: Offsets | None = None,
        left_out: Mapping[str, Mapping[int, OffsetRanges]] | None = None,
    ) -> None:
        self._kafka, self._topics = kafka, topics
        self._starts, self._given = starts or {}, ends
        self._left_out = {
            (topics[table], partition): ranges
            for table, partitions in (left_out or {}).items()
            for partition, ranges in partitions.items()
        }
        self._nothing: dict[Place, tuple[int, int]] = {}
        self._more: dict[Place, int] = {}
        self._silent_since = -_ASKED_AGAIN
        self._admin: Admin | None = None
        self.positions: dict[str, dict[int, int]] = {}
        self.passed: dict[str, dict[int, int]] = {}
        self.silent: JunctureError | None = None

    def now(self, cluster: FlinkCluster, job: JobDetail) -> dict[str, int]:
        """By how many offsets; tables of which the brokers or the job don't tell it are left out.

        Where the job stands still before what it can't read, it is 0. After it, `positions` are those that this rests
        on, `passed` the ends of the partitions of which nothing is left to read although its position is before them,
        and `silent` is why the brokers did not tell it; they are not asked again for a while then.

        Raises Unreachable if the cluster does not answer, or Refused if it has forgotten the job.
        """
        ends = self._ends()
        if not ends:
            return {}
        read = reached(cluster, job, self._topics)
        before, self.positions = (
            self.positions,
            {topic: {**self._starts.get(topic, {}), **read.get(topic, {})} for topic in ends},
        )
        self.passed = self._passed(before, ends)
        found = {
            table: behind(ends[topic], {**self.positions[topic], **self.passed.get(topic, {})})
            for table, topic in self._topics.items()
            if topic in ends
        }
        return {table: count for table, count in found.items() if count is not None}

    def _passed(self, before: Offsets, ends: Offsets) -> dict[str, dict[int, int]]:
        """The ends of the partitions in which the job stands still, and has nothing to read."""
        still = {
            (topic, partition): (position, ends[topic][partition])
            for topic, held in self.positions.items()
            for partition, position in held.items()
            if before.get(topic, {}).get(partition) == position < ends[topic].get(partition, 0)
        }
        unknown = {
            place: gap
            for place, gap in still.items()
            if self._more.get(place) != gap[0] and self._nothing.get(place) != gap
        }
        if unknown and self._kafka is not None:
            try:
                more = next_records(self._kafka, unknown, _PATIENCE, self._left_out)
            except JunctureError:
                return {}
            self._more |= {place: unknown[place][0] for place in more}
            self._nothing |= {place: gap for place, gap in unknown.items() if place not in more}
        found: dict[str, dict[int, int]] = {}
        for (topic, partition), gap in still.items():
            if self._nothing.get((topic, partition)) == gap:
                found.setdefault(topic, {})[partition] = gap[1]
        return found

    def _ends(self) -> Offsets:
        if self._given is not None:
            return self._given
        if self._kafka is None or time.monotonic() - self._silent_since < _ASKED_AGAIN:
            return {}
        found: dict[str, Mapping[int, int]] = {}
        self.silent = None
        try:
            admin = self._admin = self._admin or Admin(self._kafka, _PATIENCE)
            for topic in sorted(set(self._topics.values())):
                try:
                    found |= offsets.latest(admin, [topic], committed=False)
                except Refused:
                    continue
        except JunctureError as error:
            self.silent, self._silent_since, self._admin = error, time.monotonic(), None
        return found
