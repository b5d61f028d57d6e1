"""A sample's records into topics."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

from juncture.kafka.admin import Admin
from juncture.kafka.writer import Writer
from juncture.model.environment import Kafka
from juncture.sample.sample import Sample
from juncture.sample.stream import Wave

# Sample events are older than any retention: the brokers would remove them within minutes.
_KEEP = {"retention.ms": "-1"}


def create_topics(kafka: Kafka, sample: Sample, partitions: int = 4) -> tuple[str, ...]:
    """Create the sample's topics where they are missing; the names of those that were.

    Raises Unreachable, Refused.
    """
    return Admin(kafka).create(dict.fromkeys(sample.topics, partitions), config=_KEEP)


def write_wave(
    kafka: Kafka,
    wave: Wave,
    partitions: Mapping[str, int],
    progress: Callable[[int], None] = lambda written: None,
) -> int:
    """Write a wave in the order of its arrival, and return when the brokers have all of it.

    Args:
        kafka: where, with placeholders expanded.
        wave: what.
        partitions: of each topic: records without a key are spread over them, the same way each time.
        progress: called with the number of records written so far, a few times a second.

    Raises Unreachable, Refused.
    """
    with Writer(kafka) as writer:
        for batch in wave.batches():
            for topic, key, value, timestamp, partition in batch:
                if key is None and partition is None:
                    partition = zlib.crc32(value) % partitions[topic]
                writer.write(topic, value, key, timestamp, partition)
            progress(writer.written)
    return writer.written
