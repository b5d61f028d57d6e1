"""Which records a calibration reads of topics that go on meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone

import pytest

from juncture.deploy.measuring.sampling import start_for
from juncture.kafka.admin import Admin
from juncture.model.environment import Kafka
from juncture.model.figures import Range
from juncture.model.traffic import Traffic

ONE = Range.exactly(1.0)
TRAFFIC = Traffic(
    table="t", topic="t", partitions=2, until=datetime.fromtimestamp(1_000, timezone.utc), held=1_000_000,
    records=2_000, now=1.0, peak=ONE, hours=(1.0,), record_bytes=ONE, largest=0.5,
)  # fmt: skip


@pytest.mark.parametrize("wanted", [10_000, 500])
def test_partitions_that_were_added_since_the_ends_were_looked_at_are_left_out(
    wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record a second of two partitions, and a third one."""

    def at_timestamp(admin: Admin, topics: Iterable[str], millis: int) -> dict[str, dict[int, int]]:
        return {"t": {0: millis // 1_000, 1: millis // 1_000, 2: 0}}

    monkeypatch.setattr("juncture.kafka.offsets.earliest", lambda admin, topics: {"t": {0: 0, 1: 0, 2: 0}})
    monkeypatch.setattr("juncture.kafka.offsets.at_timestamp", at_timestamp)
    start = start_for(
        Admin(Kafka(bootstrap_servers="none:9092")), [TRAFFIC], wanted, {"t": {0: 1_000, 1: 1_000}}
    )
    assert set(start["t"]) == {0, 1}
    assert abs(sum(1_000 - first for first in start["t"].values()) - min(wanted, 2_000)) <= wanted * 0.05
