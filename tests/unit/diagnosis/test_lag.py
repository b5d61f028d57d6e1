"""How far a job is behind: one count for the header, the chart and the tables, whatever Flink's own metric says."""

from __future__ import annotations

from typing import Any

import pytest

from juncture.diagnosis.course import Look, course
from juncture.diagnosis.lag import behind
from juncture.diagnosis.reading import Reading
from juncture.diagnosis.topics import Ends, source_seen
from juncture.flink.metrics import SourceMetrics
from juncture.model.observation import SourceSeen

_POSITION = "Source__clicks.KafkaSourceReader.topic.page_clicks.partition.{}.currentOffset"


@pytest.mark.parametrize(
    ("ends", "positions", "told"),
    [
        ({0: 10, 3: 12_129}, {0: 10, 3: 10}, 12_119),
        ({0: 10}, {0: 11}, 0),
        ({0: 10, 1: 5}, {0: 9}, 1),
        ({0: 10, 1: 0}, {}, 0),
        ({0: 10}, {}, None),
        ({}, {0: 9}, None),
    ],
)
def test_ends_less_positions(ends: dict[int, int], positions: dict[int, int], told: int | None) -> None:
    assert behind(ends, positions) == told


def metrics(pending: int | None, table: str = "clicks") -> SourceMetrics:
    return SourceMetrics(table, read=9, emitted=9, behind=pending, watermark=None)


def seen(ends: tuple[Ends, Ends], *, then: float = 0, now: float = 9) -> SourceSeen:
    """A source of which Flink says, long since, that it is 7 and then 5 behind."""
    readings = [Reading({"v": {_POSITION.format(3): {0: offset}}}) for offset in (then, now)]
    return source_seen(
        "clicks",
        "page.clicks",
        "v",
        None,
        (metrics(7), metrics(5)),
        (readings[0], readings[1]),
        ends,
    )


def ends(*offsets: int) -> tuple[Ends, Ends]:
    first, last = (Ends({"page.clicks": {3: offset}}) for offset in offsets)
    return first, last


def test_the_brokers_count_and_not_flinks_metric() -> None:
    source = seen(ends(11_010, 12_129))
    (partition,) = source.partitions
    assert (source.behind, source.behind_before, source.behind_by_flink) == (12_119, 11_009, False)
    assert partition.lag == source.behind


@pytest.mark.parametrize("more", [{"ends": (Ends({}), Ends({}))}, {"ends": ends(10, 20), "now": -1}])
def test_where_they_or_the_positions_do_not_tell_it_is_flinks_and_says_so(more: dict[str, Any]) -> None:
    source = seen(**more)
    assert (source.behind, source.behind_before, source.behind_by_flink) == (5, 7, True)


@pytest.mark.parametrize(
    ("source", "drawn"),
    [(seen(ends(101, 301)), [100, 200, None, 291]), (seen((Ends({}), Ends({}))), [7, 6, 6, 5])],
)
def test_the_chart_begins_and_ends_with_what_the_header_tells(
    source: SourceSeen, drawn: list[int | None]
) -> None:
    between = [Look(2, (metrics(6),), {"clicks": 200}), Look(3, (metrics(6), metrics(1, "other")), {})]
    steps = course(Look(1, (metrics(7),), {}), between, Look(4, (metrics(5),), {}), [source])
    assert [(each.at, each.behind) for each in steps] == list(enumerate(drawn, start=1))
