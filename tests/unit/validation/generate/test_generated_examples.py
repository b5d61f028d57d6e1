"""Generated examples: what they are made of, what is put together of them, and how they are made small."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.validation.rendered import rendered, topic

from juncture.validation.cases.lateness import refuse_late
from juncture.validation.cases.schema import read_tables
from juncture.validation.generate.example import Event, Example, together
from juncture.validation.generate.shape import Bound, Shape
from juncture.validation.generate.shrink import shrink
from juncture.validation.generate.strategies import examples_for

MINUTE = 60_000
ORDERS = topic(
    "o",
    "id STRING NOT NULL, who BIGINT, note STRING, ts TIMESTAMP_LTZ(3),"
    " WATERMARK FOR ts AS ts - INTERVAL '30' SECOND",
)
PAYMENTS = topic("p", "id STRING, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND")
PEOPLE = topic(
    "u",
    "who BIGINT NOT NULL, name STRING, ts TIMESTAMP_LTZ(3), PRIMARY KEY (who) NOT ENFORCED,"
    " WATERMARK FOR ts AS ts - INTERVAL '1' SECOND",
    "upsert-kafka",
)
JOB = rendered({"o": ORDERS, "p": PAYMENTS, "u": PEOPLE}, topic("out", "id STRING"), "SELECT o.id FROM o")
SHAPE = Shape(
    tables=read_tables(JOB),
    keys=(frozenset({("o", "id"), ("p", "id")}), frozenset({("o", "who"), ("u", "who")})),
    bounds=(Bound(("o", "ts"), ("p", "ts"), -MINUTE, 0), Bound(("o", "ts"), ("u", "ts"), 0, 0)),
    required=frozenset({("o", "id"), ("u", "who")}),
    read=frozenset({("o", "id"), ("o", "who"), ("o", "note"), ("o", "ts"), ("p", "id"), ("p", "ts")}),
    delays={"o": ("ts", 30_000), "p": ("ts", 1000), "u": ("ts", 1000)},
    texts=("EUR",),
    numbers=(7,),
)
EXAMPLES = examples_for(SHAPE)


@settings(deadline=None)
@given(EXAMPLES)
def test_no_event_comes_behind_its_watermark_and_none_is_left_out(example: Example) -> None:
    case = example.case("any")

    refuse_late(case, JOB)
    assert len(case.arrivals) == len(example.events)


@settings(deadline=None)
@given(EXAMPLES)
def test_values_are_such_as_the_topics_hold(example: Example) -> None:
    partitions: dict[object, set[int]] = {}
    for event in example.events:
        values = dict(event.values)
        if event.source == "u":
            partitions.setdefault(values["who"], set()).add(event.partition)
            assert values["who"] is not None
            assert not event.deletes or set(values) == {"who"}
        else:
            assert not event.deletes
            assert values["ts"] is not None
        assert event.source != "o" or values["id"] is not None
    assert all(len(found) == 1 for found in partitions.values())


def test_what_a_join_decides_by_is_all_generated() -> None:
    seen: set[object] = set()

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(EXAMPLES)
    def collect(example: Example) -> None:
        orders = [dict(e.values)["ts"] for e in example.events if e.source == "o"]
        for event in example.events:
            values = dict(event.values)
            if event.source == "p":
                seen.update(("paid after", values["ts"] - at) for at in orders)
                seen.add(("null key", values["id"] is None))
            elif event.source == "u":
                seen.add(("deletes", event.deletes))
                seen.update(("version after", values.get("ts", 0) - at) for at in orders)
            seen.add(("note", values.get("note")))
            seen.add(("in order", event.arrival == values.get("ts")))
        seen.add(("twice", len(set(example.events)) < len(example.events)))

    collect()

    for distance in (-1, 0, 1, MINUTE - 1, MINUTE, MINUTE + 1):
        assert ("paid after", distance) in seen
    assert {("version after", each) for each in (-1, 0, 1)} <= seen
    for fact in ("null key", "deletes", "in order", "twice"):
        assert {(fact, True), (fact, False)} <= seen
    assert {("note", "EUR"), ("note", None)} <= seen


@settings(deadline=None, max_examples=30)
@given(st.lists(EXAMPLES, min_size=2, max_size=30))
def test_examples_in_one_case_have_keys_of_their_own_and_lose_nothing(examples: list[Example]) -> None:
    merged = together(examples)
    case = merged.case("all")

    refuse_late(case, JOB)
    assert len(case.arrivals) == sum(len(each.events) for each in examples)
    first = [dict(e.values)["id"] for e in merged.events[: len(examples[0].events)] if e.source == "o"]
    others = [dict(e.values)["id"] for e in merged.events[len(examples[0].events) :] if e.source == "o"]
    assert not set(first) & set(others)


@settings(deadline=None, max_examples=50)
@given(EXAMPLES)
def test_a_failure_is_made_as_small_as_can_be(example: Example) -> None:
    runs = 0

    def differs(candidate: Example) -> bool:
        nonlocal runs
        runs += 1
        sources = [event.source for event in candidate.events]
        return sources.count("p") >= 2 or "u" in sources

    if not differs(example):
        return
    runs = 0
    small = shrink(example, differs)

    assert sorted(event.source for event in small.events) in (["p", "p"], ["u"])
    assert all(dict(event.values).get("note") is None for event in small.events)
    assert all(event.partition == 0 for event in small.events if event.source != "u")
    assert runs <= 4 * len(example.events) + 10


def test_what_decides_is_kept() -> None:
    events = (
        Event("o", (("id", "k1"), ("who", 1), ("note", "EUR"), ("ts", 0)), arrival=5, partition=2),
        Event("o", (("id", "k2"), ("who", None), ("note", "a"), ("ts", 0)), arrival=0),
    )
    example = Example(events, SHAPE)

    small = shrink(example, lambda found: any(dict(e.values)["note"] == "EUR" for e in found.events))

    assert small.events == (replace(events[0], arrival=0, partition=0),)


def test_without_hypothesis_the_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from juncture.errors import JunctureError\n"
        "try:\n    import juncture.validation.generate.strategies\n"
        "except JunctureError as error:\n    print(error, '|', error.remedy)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    assert ended.stdout == (
        "hypothesis is not installed, and it generates the cases | pip install 'juncture[generate]'\n"
    ), ended.stderr
