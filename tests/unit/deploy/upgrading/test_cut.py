"""From where the topics are read for a hand-over, and when that is not there any more."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tests.unit.deploy.records import deployment
from tests.unit.startpoints.resolved import partition, source

from juncture.deploy.environment.connection import Connection
from juncture.deploy.store.deployments import Store
from juncture.deploy.upgrading.cut import CLOCKS, Cut, begun_at, horizon, padded_starts, refuse_removed
from juncture.errors import Refused
from juncture.model.deployment import AppliedStart, Deployment
from juncture.model.environment import Kafka
from juncture.model.resolved import PartitionRange, ResolvedStartpoints

SPAN = 600_000
WATERMARK = 1_700_000_000_000


def test_reading_starts_a_window_and_the_clocks_difference_before_the_watermark() -> None:
    assert horizon(Cut({}, WATERMARK, exact=True), SPAN) == WATERMARK - SPAN - CLOCKS
    assert horizon(Cut({}, -(2**63), exact=True), SPAN) == 0


def test_all_is_read_where_the_watermark_says_nothing_of_kafkas_timestamps() -> None:
    assert horizon(Cut({}, None, exact=False), SPAN) is None
    assert horizon(Cut({}, int(time.time() * 1000) + 60_000, exact=True), SPAN) is None


def resolved(*partitions: PartitionRange) -> ResolvedStartpoints:
    return ResolvedStartpoints(
        job="paid",
        environment="local",
        resolved_at=datetime.now(timezone.utc),
        sources=(source(*partitions),),
    )


def at(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, timezone.utc)


@pytest.mark.parametrize(
    ("start", "log_start", "first", "kept"),
    [
        (100, 100, WATERMARK + 1, False),
        (100, 100, WATERMARK, True),
        (101, 100, WATERMARK + 1, True),
        (0, 0, WATERMARK + 1, True),
    ],
)
def test_what_retention_has_removed_is_told(start: int, log_start: int, first: int, kept: bool) -> None:
    found = resolved(partition(start=start, log_start=log_start, first_at=at(first)))
    if kept:
        refuse_removed(found, WATERMARK, {})
    else:
        with pytest.raises(Refused, match="the join still has older rows"):
            refuse_removed(found, WATERMARK, {})


def test_a_partition_without_records_lacks_none() -> None:
    refuse_removed(resolved(partition(start=100, end=100, log_start=100)), None, {})


def test_what_was_removed_before_the_job_has_begun_was_never_its_to_join() -> None:
    found = resolved(partition(start=100, log_start=100, first_at=at(WATERMARK + 1)))
    (topic,) = {each.topic for each in found.sources}
    refuse_removed(found, WATERMARK, {topic: {0: 100}})
    with pytest.raises(Refused, match="the join still has older rows"):
        refuse_removed(found, WATERMARK, {topic: {0: 99}})


def test_reading_starts_no_later_than_the_cut_and_no_earlier_than_the_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The third partition is gone: the topic was made anew.
    monkeypatch.setattr(
        "juncture.kafka.offsets.at_timestamp", lambda admin, topics, since: {"o": {0: 50, 1: 90}}
    )
    monkeypatch.setattr("juncture.kafka.offsets.earliest", lambda admin, topics: {"o": {0: 0, 1: 0}})
    connection = Connection("local", Kafka(bootstrap_servers="k:9092"), None)
    cut = Cut({"o": {0: 60, 1: 80, 2: 40}}, WATERMARK, exact=True)
    assert padded_starts(cut, SPAN, {"o": {0: 55}}, connection) == {"o": {0: 55, 1: 80, 2: 0}}


def begun(offset: int) -> dict[str, AppliedStart]:
    return {"clicks": AppliedStart(topic="page-clicks", asked="latest", start={0: offset}, end=None)}


def last_of(store: Store) -> Deployment:
    last = store.last("clicks")
    assert last is not None
    return last


def test_where_a_job_has_begun(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append(deployment(1, startpoints=begun(1)))
    store.append(deployment(2, startpoints=begun(7)))
    assert begun_at(last_of(store), store) == {"page-clicks": {0: 7}}
    for version, offset in ((3, 9), (4, 5)):
        path = f"/savepoints/{version - 1}"
        store.append(deployment(version, restored_from=path, startpoints=begun(offset)))
    assert begun_at(last_of(store), store) == {"page-clicks": {0: 5}}


def test_a_start_that_failed_is_not_where_a_job_has_begun(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append(deployment(1, "stopped", savepoint="/savepoints/1", startpoints=begun(1)))
    store.append(deployment(2, "failed", startpoints=begun(7)))
    store.append(deployment(3, "running", restored_from="/savepoints/1"))
    assert begun_at(last_of(store), store) == {"page-clicks": {0: 1}}


@pytest.mark.parametrize("path", ["file:/savepoints/1", f"/checkpoints/{1:032}/chk-7"])
def test_a_job_has_begun_where_the_version_that_came_back_did(tmp_path: Path, path: str) -> None:
    store = Store(tmp_path)
    store.append(deployment(1, "stopped", savepoint="/savepoints/1", startpoints=begun(1)))
    store.append(deployment(2, "stopped", savepoint="/savepoints/2", startpoints=begun(7)))
    store.append(deployment(3, "running", restored_from=path))
    assert begun_at(last_of(store), store) == {"page-clicks": {0: 1}}


def test_a_version_that_was_handed_over_has_begun_where_the_one_before_did(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append(deployment(1, "stopped", savepoint="/savepoints/1", startpoints=begun(1)))
    store.append(deployment(2, "failed", startpoints=begun(7)))
    store.append(deployment(3, "running", restored_from="/savepoints/builder", startpoints=begun(9)))
    assert begun_at(last_of(store), store) == {"page-clicks": {0: 1}}


def test_where_a_job_has_begun_that_the_history_does_not_tell(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append(deployment(1, "stopped"))
    assert begun_at(last_of(store), store) == {}
    store.append(deployment(2, "running", restored_from="/savepoints/stranger", startpoints=begun(9)))
    assert begun_at(last_of(store), store) == {}
