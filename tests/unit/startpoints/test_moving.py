"""Topics that are written to while startpoints are looked up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from tests.unit.startpoints.resolved import report

from juncture.kafka.admin import Admin
from juncture.model.environment import Kafka
from juncture.model.resolved import ResolvedStartpoints
from juncture.model.startpoint import Startpoint
from juncture.startpoints.resolve import Source, resolve

TOPIC = "orders-topic"


class Brokers:
    """One partition that gets ten records between two requests, the last five of a transaction that is open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, open_records: int = 5, growth: int = 10) -> None:
        self._end, self._open, self._growth = 100, open_records, growth
        for name in ("earliest", "latest", "at_timestamp", "committed"):
            monkeypatch.setattr(f"juncture.kafka.offsets.{name}", getattr(self, name))
        monkeypatch.setattr(Admin, "partitions", lambda admin: {TOPIC: 1})
        monkeypatch.setattr(Admin, "configs", lambda admin, topics: {TOPIC: {}})
        monkeypatch.setattr("juncture.startpoints.resolve.with_content", lambda kafka, source: source)

    def earliest(self, admin: Admin, topics: Iterable[str]) -> dict[str, dict[int, int]]:
        return {topic: {0: 0} for topic in topics}

    def latest(
        self, admin: Admin, topics: Iterable[str], committed: bool = True
    ) -> dict[str, dict[int, int]]:
        self._end += self._growth
        return {topic: {0: self._end - self._open * committed} for topic in topics}

    def at_timestamp(self, admin: Admin, topics: Iterable[str], millis: int) -> dict[str, dict[int, int]]:
        """No record is as new: the committed end, as then."""
        return self.latest(admin, topics)

    def committed(self, admin: Admin, group: str, topics: Iterable[str]) -> dict[str, dict[int, int]]:
        """A group that has read all there is."""
        return self.latest(admin, topics)


def resolved(authored: Any) -> ResolvedStartpoints:
    def snapshots(position: object) -> Any:
        raise NotImplementedError

    sources = {"orders": Source(TOPIC, Startpoint.model_validate(authored))}
    return resolve(sources, Kafka(bootstrap_servers="none:9092"), snapshots, (), report(), "local")


@pytest.mark.parametrize(
    "authored",
    [{"group": "live"}, {"before_now": "0 s"}, "latest", {"start": {"group": "live"}, "until": "latest"}],
)
def test_a_place_in_a_live_topic_is_in_its_log(monkeypatch: pytest.MonkeyPatch, authored: Any) -> None:
    Brokers(monkeypatch)
    assert not resolved(authored).errors


def test_a_moment_after_the_last_committed_record_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Brokers(monkeypatch, growth=0)
    found = resolved({"before_now": "0 s"})
    assert [each.start_reason for each in found.sources[0].partitions] == ["no-record-after"]
    assert [each.rule for each in found.findings] == ["startpoint-after-end"]
