"""From when on rows of a source that is read again find rows that the joins still have."""

from __future__ import annotations

import time

from tests.unit.verdicts.test_chains import version as chain
from tests.unit.verdicts.test_hand_over import version

from juncture.deploy.upgrading.again import kept_since
from juncture.flink.metrics import Progress, SourceMetrics

MINUTE = 60_000
WATERMARK = 1_700_000_000_000


def seen(*watermarks: int | None) -> Progress:
    sources = (
        SourceMetrics(f"s{n}", read=10, emitted=10, behind=0, watermark=each)
        for n, each in enumerate(watermarks)
    )
    return Progress(tuple(sources), ())


def test_a_join_has_rows_of_its_bounds_before_the_watermark() -> None:
    since = kept_since(version(bounds=(-10 * MINUTE, 0)), seen(WATERMARK, WATERMARK + 5))
    assert since == WATERMARK - 10 * MINUTE
    both = kept_since(version(bounds=(-10 * MINUTE, 5 * MINUTE)), seen(WATERMARK, WATERMARK))
    assert both == WATERMARK - 15 * MINUTE


def test_a_later_join_is_behind_by_the_one_before() -> None:
    joins = chain(kinds=("INNER", "INNER"), bounds=(10 * MINUTE, 15 * MINUTE))
    assert kept_since(joins, seen(WATERMARK, WATERMARK, WATERMARK)) == WATERMARK - 25 * MINUTE


def test_where_it_is_not_known() -> None:
    assert kept_since(version(), seen(WATERMARK, None)) is None
    assert kept_since(version(), seen()) is None
    assert kept_since(version(), seen(int(time.time() * 1000) + MINUTE)) is None
    assert kept_since(version("LEFT"), seen(WATERMARK)) is None, "it writes rows that find none, too"
    assert kept_since(version(more="group-aggregate"), seen(WATERMARK)) is None
