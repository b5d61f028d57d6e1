"""From where the topics are read for a hand-over, and when that is not there any more."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tests.unit.deploy.records import deployment
from tests.unit.startpoints.resolved import partition, source

from juncture.deploy.store.deployments import Store
from juncture.deploy.upgrading.cut import CLOCKS, Cut, begun_at, horizon, refuse_removed
from juncture.errors import Refused
from juncture.model.deployment import AppliedStart
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
        refuse_removed(found, WATERMARK)
    else:
        with pytest.raises(Refused, match="the join still has older rows"):
            refuse_removed(found, WATERMARK)


def test_a_partition_without_records_lacks_none() -> None:
    refuse_removed(resolved(partition(start=100, end=100, log_start=100)), None)


def test_where_a_job_has_begun(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert begun_at("clicks", store) == {}
    begun = AppliedStart(topic="page-clicks", asked="latest", start={0: 7}, end=None)
    store.append(deployment(1, startpoints={"clicks": begun.model_copy(update={"start": {0: 1}})}))
    store.append(deployment(2, startpoints={"clicks": begun}))
    assert begun_at("clicks", store) == {"page-clicks": {0: 7}}
    for version, offset in ((3, 9), (4, 5)):
        rewound = begun.model_copy(update={"start": {0: offset}})
        store.append(deployment(version, restored_from="/savepoints/1", startpoints={"clicks": rewound}))
    assert begun_at("clicks", store) == {"page-clicks": {0: 5}}
