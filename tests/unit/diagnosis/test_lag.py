"""How far a job is behind: one count for the header, the chart and the tables, whatever Flink's own metric says."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from juncture.diagnosis import lag
from juncture.diagnosis.course import Look, course
from juncture.diagnosis.lag import Lags, behind
from juncture.diagnosis.reading import Reading
from juncture.diagnosis.topics import Ends, source_seen
from juncture.errors import Unreachable
from juncture.flink.answers import JobDetail
from juncture.flink.metrics import SourceMetrics
from juncture.flink.rest import FlinkCluster
from juncture.kafka import offsets
from juncture.kafka.sampler import Sampled
from juncture.model.environment import Kafka
from juncture.model.offsets import OffsetRange
from juncture.model.sources_seen import SourceSeen

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


def seen(
    ends: tuple[Ends, Ends], *, then: float = 0, now: float = 9, passed: dict[int, int] | None = None
) -> SourceSeen:
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
        passed,
    )


def ends(*offsets: int) -> tuple[Ends, Ends]:
    first, last = (Ends({"page.clicks": {3: offset}}) for offset in offsets)
    return first, last


def test_the_brokers_count_and_not_flinks_metric() -> None:
    source = seen(ends(11_010, 12_129))
    (partition,) = source.partitions
    assert (source.behind, source.behind_before, source.behind_by_flink) == (12_119, 11_009, False)
    assert partition.lag == source.behind


def test_partitions_that_nothing_was_read_of_before_let_no_job_seem_to_fall_behind() -> None:
    """Three of the four were not read from when it was looked for the first time."""
    counts = Ends({"page.clicks": dict.fromkeys(range(4), 1_000)})
    first = Reading({"v": {_POSITION.format(0): {0: 99}}})
    last = Reading({"v": {_POSITION.format(number): {0: 199} for number in range(4)}})
    both = (metrics(7), metrics(5))
    source = source_seen("clicks", "page.clicks", "v", None, both, (first, last), (counts, counts))
    assert (source.behind_before, source.behind) == (900 + 3 * 800, 4 * 800)
    assert [each.read_on for each in source.partitions] == [True] * 4
    source = source_seen("clicks", "page.clicks", "v", None, both, (Reading({}), last), (counts, counts))
    assert source.behind_before is None
    source = source_seen("clicks", "page.clicks", "v", None, both, (last, last), (counts, counts))
    assert not any(each.read_on for each in source.partitions)


@pytest.mark.parametrize(("then", "before"), [(0, 10), (9, 0)])
def test_markers_that_a_job_stands_before_are_passed(then: float, before: int) -> None:
    source = seen(ends(11, 12), then=then, passed={3: 12, 4: 7})
    (partition,) = source.partitions
    assert (partition.position, partition.lag) == (12, 0)
    assert (source.behind, source.behind_before) == (0, before)


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


class Topic:
    """One of one partition, with `records` at these offsets before `end`; a job has read up to and with `last`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, end: int, records: set[int], last: int) -> None:
        self.end, self.records, self.last, self.begin = end, records, last, 0
        self.asked = 0
        self.answers = True
        monkeypatch.setattr(lag, "Admin", lambda kafka, timeout: None)
        monkeypatch.setattr(lag, "read_up_to", lambda cluster, job: {("page_clicks", 0): self.last})
        monkeypatch.setattr(lag, "sample", self._sample)
        monkeypatch.setattr(offsets, "latest", self._latest)
        monkeypatch.setattr(offsets, "earliest", lambda admin, topics: {"page.clicks": {0: self.begin}})

    def _latest(self, admin: object, topics: list[str], committed: bool) -> dict[str, dict[int, int]]:
        if not self.answers:
            raise Unreachable("no broker answers")
        return {"page.clicks": {0: self.end}}

    def _sample(
        self, kafka: Kafka, ranges: Mapping[Any, tuple[int, int]], limit: int, timeout: float
    ) -> dict[Any, tuple[Sampled, ...]]:
        self.asked += 1
        ((place, (first, end)),) = ranges.items()
        assert first >= self.begin
        found = sorted(each for each in self.records if first <= each < end)[:limit]
        return {place: tuple(Sampled(each, None, 1, b"") for each in found)}


def told(lags: Lags, times: int = 1) -> list[int | None]:
    """What it tells at some looks, one after the other."""
    cluster, job = cast(FlinkCluster, None), cast(JobDetail, None)
    return [lags.now(cluster, job).get("clicks") for _ in range(times)]


KAFKA, TOPICS = Kafka(bootstrap_servers="k:1"), {"clicks": "page.clicks"}


@pytest.mark.parametrize(("records", "then"), [(set(), 0), ({8}, 3), ({9, 10}, 3), ({11}, 0)])
def test_markers_after_the_last_record_are_nothing_to_read(
    monkeypatch: pytest.MonkeyPatch, records: set[int], then: int
) -> None:
    topic = Topic(monkeypatch, 11, records, last=7)
    lags = Lags(KAFKA, TOPICS)
    # A look alone does not tell whether the job goes on; what was asked once is known as long as nothing comes.
    assert told(lags, 4) == [3, then, then, then]
    assert topic.asked == 1
    topic.end, topic.records = 13, {*records, 12}
    assert told(lags, 2) == [5, 5]
    assert topic.asked == (1 if then else 2)
    topic.last = 12
    assert told(lags) == [0]


def test_what_the_log_has_removed_and_what_is_left_out_is_nothing_to_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic = Topic(monkeypatch, 20, {9, 10, 11}, last=4)
    topic.begin = 8
    ranges = (OffsetRange(first=9, last=10), OffsetRange(first=11, last=11))
    assert told(Lags(KAFKA, TOPICS, left_out={"clicks": {0: ranges}}), 2) == [15, 0]
    assert told(Lags(KAFKA, TOPICS, left_out={"clicks": {0: ranges[:1]}}), 2) == [15, 15]


def test_where_it_begins_stands_for_partitions_of_which_nothing_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic = Topic(monkeypatch, 20, {12}, last=-1)
    assert told(Lags(KAFKA, TOPICS)) == [None]
    assert told(Lags(KAFKA, TOPICS, {"page.clicks": {0: 12}})) == [8]
    # It shall come to 15, and nothing is between 13 and that.
    lags = Lags(KAFKA, TOPICS, {"page.clicks": {0: 12}}, {"page.clicks": {0: 15}})
    assert told(lags) == [3]
    topic.last = 12
    assert told(lags, 2) == [2, 0]


def test_brokers_that_do_not_answer_are_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    topic = Topic(monkeypatch, 20, set(), last=12)
    clock = [100.0]
    monkeypatch.setattr(lag, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    lags = Lags(KAFKA, TOPICS)
    topic.answers = False
    assert told(lags) == [None]
    assert lags.silent is not None
    topic.answers = True
    clock[0] = 119.9
    assert told(lags) == [None]
    clock[0] = 120.0
    assert told(lags) == [7]
    assert told(lags) == [0], "and what comes next, too"
