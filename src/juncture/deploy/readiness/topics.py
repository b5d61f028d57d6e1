"""The topics that a job reads and writes: those that are missing, and how they are made."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from juncture.errors import Refused
from juncture.kafka.admin import Admin
from juncture.model.wording import counted

_PARTITIONS = "num.partitions"


def refuse_missing(
    admin: Admin, job: str, topics: Mapping[str, str], needed: Collection[str], partitions: int
) -> None:
    """Raises Refused, with all topics that are missing, if one of those that are needed is.

    Args:
        admin: where they are.
        job: whose they are.
        topics: by table.
        needed: tables without whose topics there is no going on.
        partitions: that a topic should have, for the example in the remedy.
    """
    missing = admin.missing(topics.values())
    if not {topics[table] for table in needed} & set(missing):
        return
    servers = admin.kafka.bootstrap_servers
    tables = {topic: table for table, topic in topics.items()}
    noun, are = ("topics", "are") if len(missing) > 1 else ("topic", "is")
    named = ", ".join(f"'{topic}' (table {tables[topic]})" for topic in missing)
    hidden = ", or may not be seen by its user" if admin.kafka.security.mechanism is not None else ""
    first = f"kafka-topics.sh --bootstrap-server {servers} --create --topic {missing[0]} --partitions {partitions}"
    raise Refused(
        f"{noun} {named} {are} missing on the Kafka cluster at {servers}{hidden}",
        remedy=f"correct {'their names' if len(missing) > 1 else 'its name'} in the table's WITH part; or create"
        f" {'them' if len(missing) > 1 else 'it'}: {first}; for a job that does not run, `juncture submit {job}"
        " --create-topics` does it",
    )


def create_missing(admin: Admin, topics: Collection[str], parallelism: int) -> tuple[str, ...]:
    """Make those that are missing, with a partition for each subtask, or as many as the brokers give by default where
    that is more; a sentence for each."""
    missing = admin.missing(topics)
    if not missing:
        return ()
    partitions = max(parallelism, _by_default(admin))
    admin.create(dict.fromkeys(missing, partitions))
    return tuple(f"Created {topic} with {counted(partitions, 'partition')}" for topic in missing)


def _by_default(admin: Admin) -> int:
    """0 where the brokers don't tell."""
    try:
        return int(admin.broker_option(_PARTITIONS) or 0)
    except Refused:
        return 0
