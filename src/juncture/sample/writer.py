"""A sample's records into topics."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from juncture.errors import Refused
from juncture.kafka.admin import Admin
from juncture.kafka.writer import Writer
from juncture.model.environment import Kafka
from juncture.model.wording import counted
from juncture.sample.sample import Sample
from juncture.sample.stream import Wave

Progress = Callable[[int], None]
"""Is told how many records were written so far, a few times a second."""

# Sample events are older than any retention: the brokers would remove them within minutes.
_KEEP = {"retention.ms": "-1"}


def create_topics(kafka: Kafka, sample: Sample) -> tuple[str, ...]:
    """Create the sample's topics, and the one its job writes, where they are missing; the names of those.

    Raises:
        Refused: a topic exists with another number of partitions, or may not be created.
        Unreachable: no broker answers.
    """
    admin = Admin(kafka)
    existing = admin.partitions()
    for topic in sample.topics:
        if existing.get(topic, sample.partitions) != sample.partitions:
            raise Refused(
                f"the topic '{topic}' has {counted(existing[topic], 'partition')}, the sample is for"
                f" {sample.partitions}",
                state="nothing was written",
                remedy=f"draw the sample for that many, by --partitions {existing[topic]}, or remove the topic",
            )
    return admin.create(dict.fromkeys((*sample.topics, sample.output), sample.partitions), config=_KEEP)


def write_wave(kafka: Kafka, sample: Sample, wave: Wave, progress: Progress = lambda written: None) -> int:
    """Write a wave in the order of its arrival, and return when the brokers have all of it.

    Args:
        kafka: where, with placeholders expanded.
        sample: whose topics there are (`create_topics`).
        wave: one of the sample's.
        progress: is told how many records were written so far.

    Returns:
        How many records were written.

    Raises Unreachable, Refused.
    """
    with Writer(kafka) as writer:
        for batch in wave.batches():
            for topic, key, value, timestamp, partition in batch:
                if key is None and partition is None:
                    # Spread, the same way each time; the client would choose at random.
                    partition = zlib.crc32(value) % sample.partitions
                writer.write(topic, value, key, timestamp, partition)
            progress(writer.written)
    return writer.written
