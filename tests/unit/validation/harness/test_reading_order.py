"""What is kept of a case's reading for the oracle: which records may have come late, and when that is not known."""

from datetime import datetime, timezone
from typing import cast

import pytest
from tests.unit.validation.rendered import rendered, time, topic

from juncture.errors import Location
from juncture.kafka.writer import Writer
from juncture.validation.cases.case import Arrival
from juncture.validation.harness.feed import Feed, event_millis
from juncture.validation.harness.reading import ReadingOrder
from juncture.validation.harness.timeline import JoinSeen, Observation, SourceSeen, SplitSeen
from juncture.validation.oracle.event_time import Place

DELAYED = "k STRING, t TIMESTAMP_LTZ(3), WATERMARK FOR t AS t - INTERVAL '10' SECOND"
COMPUTED = "k STRING, ms BIGINT, t AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR t AS t"
JOB = rendered(
    {"l": topic("l", DELAYED), "r": topic("r", DELAYED), "c": topic("c", COMPUTED)},
    topic("out", "k STRING"),
    "SELECT l.k FROM l",
)


class Reader:
    """A job that reads whatever arrives: what it saw then is made up of watermarks in seconds."""

    def __init__(self, partitions=1):
        nowhere = cast("Writer", None)  # nothing is written
        feed = Feed(nowhere, {"l": partitions}, datetime(2026, 1, 5, 12, tzinfo=timezone.utc))
        feed.adopt(JOB, {})
        self.order = ReadingOrder(feed)

    def read(self, *events, watermarks=None, idle_for=None):
        batch = [event(*each) for each in events]
        late = [self.order.may_come_late(each) for each in batch]
        self.order.read(batch, seen(watermarks or {}, idle_for))
        return late


def event(source, seconds, partition=0):
    return Arrival(source, {"k": "a", "t": time(seconds)}, Location("case.yaml", 1), partition)


def seen(watermarks, idle_for=None, join=None):
    sources = {
        source: SourceSeen(
            source,
            (SplitSeen(0, 0, at(watermarks.get(source)), False, (idle_for or {}).get(source, 0)),),
            None,
        )
        for source in ("l", "r")
    }
    return Observation(sources, {} if join is None else {5: JoinSeen(at(join), None)}, 0)


def at(seconds):
    return None if seconds is None else event_millis(time(seconds))


def test_a_record_may_come_late_that_is_not_ahead_of_its_own_partition():
    reader = Reader(partitions=2)
    assert reader.read(("l", 100), ("r", 20)) == [False, False]
    assert not reader.order.perhaps_late
    # Ten seconds behind its partition's highest; other partitions and topics are further or not.
    assert reader.read(("l", 90.001), ("l", 50, 1), ("r", 10.001)) == [False, False, False]
    assert not reader.order.perhaps_late
    assert reader.read(("l", 90)) == [True]
    assert reader.order.perhaps_late


def test_a_record_may_come_late_whose_partition_was_pushed():
    reader = Reader()
    reader.order.pushed("l", seen({"l": 200}))
    assert reader.read(("r", 50), ("l", 200)) == [False, True]
    assert reader.order.reading.steps[0].watermarks == {Place("l", 0): at(200)}


def test_once_a_topic_was_idle_no_partition_holds_back_for_certain():
    reader = Reader()
    reader.read(("l", 100), ("r", 20))
    reader.order.fell_idle("r", seen({}))
    assert reader.read(("r", 89), ("r", 91)) == [True, False]
    assert reader.order.reading.steps[1].idle == {Place("r", 0)}
    assert reader.order.unknown is None


def test_an_event_time_that_is_computed_may_be_late():
    reader = Reader()
    computed = Arrival("c", {"k": "a", "ms": 5}, Location("case.yaml", 1))
    assert reader.order.may_come_late(computed)
    without = Arrival("l", {"k": "a"}, Location("case.yaml", 1))
    assert not reader.order.may_come_late(without)


def test_the_steps_of_reading_end_where_the_case_has_come_to():
    reader = Reader(partitions=2)
    reader.read(("l", 1), ("l", 2, 1), ("r", 3))
    reader.order.pushed("l", seen({}, join=7))
    reader.read(("l", 3))
    first, pushed, last = reader.order.reading.steps
    assert first.ends == pushed.ends == {"l": {0: 1, 1: 1}, "r": {0: 1}}
    assert last.ends == {"l": {0: 2, 1: 1}, "r": {0: 1}}
    assert (first.reached, pushed.reached) == (None, at(7))
    assert reader.order.reading.partitions == {"l": 2, "r": 1, "c": 1}


def test_what_was_read_since_the_state_was_taken_is_read_again_at_once():
    reader = Reader()
    reader.read(("l", 1))
    reader.order.checkpointed()
    reader.read(("l", 2))
    reader.read(("r", 3))
    for _ in range(2):
        reader.order.restarted(seen({}))
        first, again = reader.order.reading.steps
        assert (first.ends, first.restarts) == ({"l": {0: 1}}, False)
        assert (again.ends, again.restarts) == ({"l": {0: 2}, "r": {0: 1}}, True)
    assert reader.order.unknown is None


def test_records_are_not_read_again_in_a_known_order_with_what_pushed_between_them():
    reader = Reader()
    reader.order.pushed("l", seen({}))
    reader.order.checkpointed()
    reader.order.restarted(seen({}))
    assert reader.order.unknown is None
    reader.order.pushed("l", seen({}))
    reader.order.restarted(seen({}))
    assert "together with what pushed the watermark" in (reader.order.unknown or "")


@pytest.mark.parametrize(
    ("then", "why"),
    [
        (lambda reader: reader.order.restarted(seen({})), "started again after a topic was idle"),
        (lambda reader: reader.order.pushed("l", seen({})), "the watermark of an idle topic was pushed"),
        (lambda reader: reader.read(("l", 5)), "a topic with several partitions was no longer idle"),
    ],
)
def test_what_an_idle_topic_does_next_is_not_known(then, why):
    reader = Reader(partitions=2)
    reader.order.fell_idle("l", seen({}, idle_for={"l": 1500}))
    assert reader.order.unknown is None
    then(reader)
    assert why in (reader.order.unknown or "")


def test_a_partition_that_falls_idle_by_itself_is_noticed():
    reader = Reader()
    reader.read(("l", 5), idle_for={"l": 60})
    assert reader.order.unknown == "partition 0 of 'l' fell idle by itself"
