"""The demo's rows against the oracle's, from what the topics really hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from juncture.kafka.reader import read_topic
from juncture.model.environment import Kafka
from juncture.model.wording import counted
from juncture.validation.oracle.compare import Comparison
from juncture.validation.oracle.load import Excluded
from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.records import RecordStore

_UNMATCHED = """
    SELECT count(*) FROM "page_clicks$events"
    WHERE "$shape" = 'OBJECT' AND NOT "$excluded" AND click_id NOT IN (SELECT click_id FROM joined_clicks)
"""


@dataclass(frozen=True)
class Verified:
    """The comparison, and what else the topics tell: `unmatched` clicks and `malformed` records."""

    comparison: Comparison
    unmatched: int
    malformed: int


def verify(kafka: Kafka, oracle: Oracle, excluded: Excluded, report: Callable[[str], None]) -> Verified:
    """Read every topic of the job under read_committed, and compare. Raises Unreachable, Refused."""
    with RecordStore() as store:
        for topic in oracle.topics:
            count = store.add(topic, read_topic(kafka, topic))
            report(f"Read {counted(count, 'committed record')} of {topic}")
        verdict = oracle.verify(store, excluded)
        row = store.connection.execute(_UNMATCHED).fetchone()
        assert row is not None
        return Verified(verdict.comparison, row[0], sum(each.malformed for each in verdict.sources))
