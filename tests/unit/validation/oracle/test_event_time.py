"""Watermarks of partitions and sources: what is known at the end of a step, and what is left to chance within one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from juncture.validation.oracle.event_time import NEVER, Event, Place, Range, Step, Strategy, follow

L0, L1, R0 = Place("l", 0), Place("l", 1), Place("r", 0)
TWO = {"l": Strategy(delay=5, partitions=1), "r": Strategy(delay=0, partitions=1)}
WIDE = {"l": Strategy(delay=0, partitions=2)}


def step(*events, idle=(), restarts=False, watermarks=None):
    numbered = tuple(Event(place, number, time) for number, (place, time) in enumerate(events))
    return Step(numbered, frozenset(idle), restarts, watermarks or {})


def settled(strategies, *steps):
    return [
        reached.low if reached.low == reached.high else reached
        for reached in follow(strategies, steps).settled
    ]


def late(strategies, *steps):
    return [each.late for each in follow(strategies, steps).seen]


def test_a_join_is_as_far_as_the_slower_of_its_sources():
    assert settled(TWO, step((L0, 100)), step((R0, 50)), step((R0, 200)), step((L0, 300))) == [
        NEVER,
        50,
        95,
        200,
    ]


def test_a_source_is_as_far_as_its_slowest_partition():
    assert settled(WIDE, step((L0, 100)), step((L1, 10)), step((L1, 500))) == [NEVER, 10, 100]


def test_an_event_at_the_watermark_is_late_and_one_after_it_in_time():
    watermark = step((L0, 105), (R0, 100))
    assert late(TWO, watermark, step((R0, 100)))[-1] is True
    assert late(TWO, watermark, step((R0, 101)))[-1] is False


def test_it_is_told_how_late_and_which_partition_holds_the_watermark():
    seen = follow(TWO, [step((L0, 105), (R0, 300)), step((R0, 97))]).seen[-1]
    assert (seen.watermark, seen.behind, seen.held_by) == (Range(100, 100), Range(3, 3), L0)


@pytest.mark.parametrize(
    ("l1", "r0", "held_by"), [(100, 101, L0), (99, 99, None), (99, 100, L1), (101, 98, R0)]
)
def test_partitions_of_one_source_hold_the_watermark_back_together(l1, r0, held_by):
    both = {"l": Strategy(delay=0, partitions=2), "r": Strategy(delay=0, partitions=1)}
    assert follow(both, [step((L0, 100), (L1, l1), (R0, r0)), step((R0, 90))]).seen[-1].held_by == held_by


def test_within_a_step_it_depends_on_what_is_read_first():
    first, second = follow(TWO, [step((L0, 205), (R0, 200)), step((L0, 305), (R0, 150), (R0, 300))]).seen[2:4]
    assert (first.watermark, first.late) == (Range(200, 200), False)
    assert (second.watermark, second.late) == (Range(200, 200), True)
    # Of its own partition nothing behind it was read yet.
    third = follow(TWO, [step((L0, 205), (R0, 200)), step((L0, 305), (R0, 250), (R0, 220))]).seen[-1]
    assert (third.watermark, third.late) == (Range(200, 250), None)


def test_an_idle_partition_holds_nothing_back():
    assert settled(WIDE, step((L0, 100), (L1, 10)), step(idle=[L1])) == [10, 100]
    assert settled(TWO, step((L0, 105), (R0, 10)), step(idle=[R0]), step((L0, 205))) == [10, 100, 200]


def test_of_all_idle_partitions_the_last_one_decides():
    assert settled(WIDE, step((L0, 100), (L1, 10)), step(idle=[L0, L1])) == [10, Range(10, 100)]


def test_watermarks_do_not_go_back_when_an_idle_partition_comes_again():
    steps = [step((L0, 100), (L1, 10)), step(idle=[L1]), step((L1, 20)), step((L0, 200)), step((L1, 150))]
    # Whether the others wait for it while it is behind depends on where it is read.
    assert settled(WIDE, *steps) == [10, 100, 100, Range(100, 200), Range(150, 200)]
    assert late(WIDE, *steps)[2] is True


def test_a_step_that_restarts_has_no_watermark_before_it():
    assert settled(WIDE, step((L0, 100), (L1, 100)), step((L0, 10), restarts=True)) == [100, NEVER]
    assert late(WIDE, step((L0, 100), (L1, 100)), step((L0, 10), restarts=True))[-1] is False


def test_a_watermark_that_was_seen_counts_at_the_end_of_its_step():
    # Flink has handed on that of the last event, which is not the highest.
    assert settled(WIDE, step((L0, 100), (L0, 95), (L1, 200), watermarks={L0: 95, L1: 200})) == [95]
    # Within the step it may have been the highest already.
    steps = [step((L0, 10), (L1, 10)), step((L0, 100), (L0, 95), (L1, 95), (L1, 200), watermarks={L0: 95})]
    assert late(WIDE, *steps)[2:] == [False, None, False, False]
    assert late(WIDE, *steps, step((L0, 96)))[-1] is False
    assert late(WIDE, *steps, step((L0, 95)))[-1] is True


def test_watermarks_come_from_what_is_no_event_too():
    pushed = step(watermarks={L0: 100, R0: 90})
    assert settled(TWO, pushed, step((R0, 120))) == [90, 100]
    assert late(TWO, pushed, step((R0, 90), (L0, 91))) == [True, False]
    # In a step with events it may have come before them.
    assert late(TWO, step((R0, 50), watermarks={L0: 100, R0: 100})) == [False]
    assert late(TWO, step((R0, 50), (R0, 49), watermarks={L0: 100, R0: 100})) == [False, None]


def test_an_event_without_a_time_moves_nothing_and_is_not_late():
    assert settled(TWO, step((L0, None), (R0, 7)), step((L0, 105))) == [NEVER, 7]
    assert late(TWO, step((L0, None), (R0, 7))) == [False, False]


PLACES = st.sampled_from([L0, L1, R0])
STRATEGIES = {"l": Strategy(delay=3, partitions=2), "r": Strategy(delay=0, partitions=1)}
STEPS = st.lists(
    st.lists(st.tuples(PLACES, st.integers(0, 50)), max_size=5).map(lambda drawn: step(*drawn)), max_size=5
)


@settings(deadline=None)
@given(steps=STEPS, data=st.data())
def test_one_order_of_reading_never_leaves_what_is_told_of_all(steps, data):
    """Each step read event by event, in an order of its own that keeps the partitions'."""
    told = follow(STRATEGIES, steps)
    singles, places = [], []
    for number, each in enumerate(steps):
        left = {place: [e for e in each.events if e.place == place] for place in (L0, L1, R0)}
        while remaining := [place for place, events in left.items() if events]:
            event = left[data.draw(st.sampled_from(remaining))].pop(0)
            singles.append(Step((event,)))
            places.append((number, event))
    read = follow(STRATEGIES, singles)

    ranges = {(each.step, each.event): each.watermark for each in told.seen}
    for seen, where in zip(read.seen, places, strict=True):
        low, high = ranges[where]
        assert low <= seen.watermark.low <= seen.watermark.high <= high
    for number, reached in enumerate(told.settled):
        ended = [i for i, (step_number, _) in enumerate(places) if step_number <= number]
        assert reached == (read.settled[ended[-1]] if ended else Range(NEVER, NEVER))


@settings(deadline=None)
@given(steps=STEPS)
def test_watermarks_only_grow(steps):
    course = follow(STRATEGIES, steps)
    lows = [reached.low for reached in course.settled]
    assert lows == sorted(lows)
    assert all(reached.low == reached.high for reached in course.settled)
