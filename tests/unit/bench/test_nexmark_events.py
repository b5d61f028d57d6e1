"""Nexmark's events: the same each time, in the proportions and bounds that the published generator documents."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from bench.nexmark.events import NAMES, Nexmark

EVENTS = Nexmark(55_000)
"""More than five seconds, in which a person is active."""


def values(events: Nexmark, name: str) -> list[dict[str, Any]]:
    return [json.loads(event.value) for event in events.of_topic(name)]


@pytest.fixture(scope="module", name="made")
def all_values() -> tuple[list[dict[str, Any]], ...]:
    """Persons, auctions and bids."""
    return tuple(values(EVENTS, name) for name in NAMES)


def at(value: dict[str, Any], name: str = "dateTime") -> datetime:
    return datetime.fromisoformat(value[name])


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    for name in NAMES:
        made = [event.value for event in Nexmark(5000).of_topic(name)]
        assert made == [event.value for event in Nexmark(5000).of_topic(name)]
        assert made != [event.value for event in Nexmark(5000, seed=8).of_topic(name)]


@pytest.mark.parametrize(("asked", "made"), [(1, 50), (50, 50), (51, 100), (20_000, 20_000)])
def test_a_person_three_auctions_and_46_bids_make_a_round(asked: int, made: int) -> None:
    events = Nexmark(asked)
    assert events.total == made
    assert events.counts == {"person": made // 50, "auction": made * 3 // 50, "bid": made * 46 // 50}
    assert {name: sum(1 for _ in events.of_topic(name)) for name in NAMES} == events.counts


def test_events_are_10_000_a_second_and_in_order(made: tuple[list[dict[str, Any]], ...]) -> None:
    persons, _, bids = made
    for some in made:
        times = [at(each) for each in some]
        assert times == sorted(times)
    assert at(persons[0]).isoformat() == "2015-07-15T00:00:00"
    assert (at(bids[-1]) - at(persons[0])).total_seconds() == pytest.approx(5.5, abs=0.002)


def test_records_have_the_key_of_what_they_are_about_and_their_event_time() -> None:
    for name, key in {"person": "id", "auction": "id", "bid": "auction"}.items():
        for event, value in zip(Nexmark(5000).of_topic(name), values(Nexmark(5000), name), strict=True):
            assert event.key.decode() == str(value[key])
            assert datetime.fromtimestamp(event.time / 1000, tz=None) - datetime.fromtimestamp(0) == (
                at(value) - datetime(1970, 1, 1)
            )


def test_half_of_the_bids_are_for_hot_auctions_and_three_of_four_auctions_of_hot_sellers(
    made: tuple[list[dict[str, Any]], ...],
) -> None:
    _, auctions, bids = made
    assert sum(each["auction"] % 100 == 0 for each in bids) / len(bids) == pytest.approx(0.505, abs=0.01)
    assert sum(each["seller"] % 100 == 0 for each in auctions) / len(auctions) == pytest.approx(
        0.75, abs=0.03
    )
    assert sum(each["bidder"] % 100 == 1 for each in bids) / len(bids) == pytest.approx(0.75, abs=0.03)


def test_bids_and_auctions_come_within_the_bounds_that_the_project_sets(
    made: tuple[list[dict[str, Any]], ...],
) -> None:
    persons, auctions, bids = made
    opened, came = {each["id"]: at(each) for each in auctions}, {each["id"]: at(each) for each in persons}
    waits = [at(each) - opened[each["auction"]] for each in bids if each["auction"] in opened]
    ages = [at(each) - came[each["seller"]] for each in auctions if each["seller"] in came]
    lengths = [at(each, "expires") - at(each) for each in auctions]
    milliseconds = timedelta(milliseconds=1)
    assert -20 * milliseconds <= min(waits) < timedelta(0)
    assert 160 * milliseconds < max(waits) <= 172 * milliseconds
    assert -50 * milliseconds <= min(ages) < timedelta(0)
    assert 4900 * milliseconds < max(ages) <= 5000 * milliseconds
    assert milliseconds <= min(lengths)
    assert 325 * milliseconds < max(lengths) <= 334 * milliseconds


def test_prices_categories_and_texts_are_spread_as_documented(made: tuple[list[dict[str, Any]], ...]) -> None:
    _, auctions, bids = made
    prices = [each["price"] for each in bids]
    assert min(prices) >= 100
    assert max(prices) <= 100_000_000
    assert sorted(prices)[len(prices) // 2] == pytest.approx(100_000, rel=0.1)
    assert set(Counter(each["category"] for each in auctions)) == {10, 11, 12, 13, 14}
    assert max(len(each["itemName"]) for each in auctions) == 19
    assert max(len(each["description"]) for each in auctions) == 99
    assert {len(each["extra"]) for each in bids} == set(range(54, 82))
    hot = sum(not each["channel"].startswith("channel-") for each in bids)
    assert hot / len(bids) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_closing_events_are_after_all_others_and_of_no_number_that_is_in_use(name: str) -> None:
    event = Nexmark(5000).closing(name)
    assert event.time > max(each.time for each in Nexmark(5000).of_topic(name)) + 10_000
    assert all(each < 0 for each in json.loads(event.value).values() if isinstance(each, int) and each != 10)
