"""The topics of one plain case."""

from __future__ import annotations

import uuid

from juncture.kafka.admin import Admin
from juncture.kafka.reader import Record, read_topic
from juncture.kafka.writer import Writer
from juncture.model.environment import Kafka
from juncture.model.rendered import RenderedJob
from juncture.validation.harness.isolation import isolate
from juncture.validation.harness.medium import Written
from juncture.validation.oracle.tables import Table


class Topics:
    """A Medium on a broker: topics that no other case has."""

    def __init__(self, admin: Admin, writer: Writer, kafka: Kafka) -> None:
        self._admin, self._writer, self._kafka = admin, writer, kafka

    def own(self, rendered: RenderedJob) -> RenderedJob:
        """The job over topics of its own."""
        return isolate(rendered, uuid.uuid4().hex[:8])

    def write(self, own: RenderedJob, written: Written) -> None:
        """Create the topics, and fill the sources'."""
        parallelism = own.job.parallelism
        partitions = {
            own.topics[source]: max([parallelism, *(each.partition + 1 for each in found)])
            for source, found in written.items()
        }
        sinks = {topic: 1 for topic in own.topics.values() if topic not in partitions}
        self._admin.create({**partitions, **sinks})
        for source, found in written.items():
            for each in found:
                self._writer.write(own.topics[source], each.value, each.key, each.timestamp, each.partition)
        self._writer.flush()

    def read(self, own: RenderedJob, sink: Table) -> list[Record]:
        """The records of the sink's topic."""
        return list(read_topic(self._kafka, own.topics[sink.name]))

    def clear(self, own: RenderedJob) -> None:
        """Delete the topics."""
        self._admin.delete(own.topics.values())
