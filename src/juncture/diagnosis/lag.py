"""How far a job is behind its topics: the ends of their partitions less what it has read of them.

Flink's own metric of it, pendingRecords, is what its consumers heard with their last fetch: it stands still while a job
is held back, and tells of a job that is far behind that it is not.
"""

from __future__ import annotations

from collections.abc import Mapping

from juncture.errors import JunctureError, Refused
from juncture.flink.answers import JobDetail
from juncture.flink.metrics import metric_text, read_up_to
from juncture.flink.rest import FlinkCluster
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.model.environment import Kafka

_PATIENCE = 3.0
"""Seconds for brokers that don't answer: whoever looks at a job shall not wait for them for long."""


def behind(ends: Mapping[int, int], positions: Mapping[int, int]) -> int | None:
    """Records, and markers of transactions, that a job has not read; None where it is not known of any partition.

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


class Lags:
    """How far a job is behind, by table, as often as it is asked for.

    Args:
        kafka: where the topics are; None if that can't be asked.
        topics: by table.
    """

    def __init__(self, kafka: Kafka | None, topics: Mapping[str, str]) -> None:
        self._topics = topics
        self._admin: Admin | None = None
        if kafka is not None and topics:
            try:
                self._admin = Admin(kafka, _PATIENCE)
            except JunctureError:
                return

    def now(self, cluster: FlinkCluster, job: JobDetail) -> dict[str, int]:
        """By how many records; tables of which the brokers or the job don't tell it are left out.

        Brokers that do not answer are not asked again.

        Raises Unreachable if the cluster does not answer, or Refused if it has forgotten the job.
        """
        ends = self._ends()
        if not ends:
            return {}
        positions: dict[str, dict[int, int]] = {}
        for (topic, partition), last in read_up_to(cluster, job).items():
            if last >= 0:
                positions.setdefault(topic, {})[partition] = last + 1
        found = {
            table: behind(ends[topic], positions.get(metric_text(topic), {}))
            for table, topic in self._topics.items()
            if topic in ends
        }
        return {table: count for table, count in found.items() if count is not None}

    def _ends(self) -> dict[str, offsets.Offsets]:
        found: dict[str, offsets.Offsets] = {}
        for topic in sorted(set(self._topics.values())):
            if self._admin is None:
                break
            try:
                found |= offsets.latest(self._admin, [topic], committed=False)
            except Refused:
                continue
            except JunctureError:
                self._admin = None
        return found
