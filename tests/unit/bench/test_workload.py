"""The benchmark's events: the same each time, and disordered, late and doubled as it says."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict

import pytest
from bench.joins.formats import Format, to_json
from bench.joins.workload import CLIENT_DELAY_S, COLUMNS, SERVER_DELAY_S, WINDOW, Event, Workload


def events(workload: Workload, topic: str) -> list[Event]:
    return list(workload.of_topic(topic))


def matched_share(workload: Workload) -> float:
    """Per cent of the server events' keys that client events have."""
    served = {event.key for event in workload.of_topic("server")}
    return 100 * len(served & {event.key for event in workload.of_topic("client")}) / len(served)


@pytest.mark.parametrize(
    "workload",
    [
        Workload(3000),
        Workload(3000, keys="skewed", topics=3),
        Workload(3000, match=5),
        Workload(3000, payload=3),
        Workload(3000, seed=8),
    ],
    ids=["plain", "skewed, three topics", "few matches", "long texts", "another seed"],
)
def test_the_same_workload_gives_the_same_bytes(workload: Workload) -> None:
    def digest(made: Workload) -> str:
        return hashlib.sha256(b"\n".join(event.key + event.value for event in made.by_arrival())).hexdigest()

    again = Workload(**asdict(workload))
    assert digest(workload) == digest(again)


def test_a_larger_payload_makes_the_same_events_longer() -> None:
    plain, longer = Workload(3000), Workload(3000, payload=4)
    assert longer.counts == plain.counts
    sizes = [sum(len(event.value) for event in events(each, "server")) for each in (plain, longer)]
    assert 3.3 < sizes[1] / sizes[0] < 4


@pytest.mark.parametrize("format", ["avro", "protobuf"])
@pytest.mark.parametrize("topic", ["server", "client", "purchase"])
def test_packed_the_events_are_the_same_in_fewer_bytes(topic: str, format: Format) -> None:
    plain, packed = (events(Workload(1000, topics=3, format=each), topic) for each in ("json", format))
    back = to_json(format, COLUMNS[topic])
    assert [json.loads(back(each.value)) for each in packed] == [json.loads(each.value) for each in plain]
    assert sum(len(each.value) for each in packed) < sum(len(each.value) for each in plain)
    assert [(each.key, each.time, each.arrival) for each in packed] == [
        (each.key, each.time, each.arrival) for each in plain
    ]


def test_another_seed_gives_other_events() -> None:
    assert events(Workload(500), "server") != events(Workload(500, seed=8), "server")


@pytest.mark.parametrize("match", [5, 50, 84, 95])
@pytest.mark.parametrize("topics", [2, 3])
def test_there_are_as_many_events_as_asked_for(match: int, topics: int) -> None:
    workload = Workload(20_000, match=match, topics=topics)
    assert workload.total == pytest.approx(20_000, rel=0.02)
    assert sum(1 for _ in workload.by_arrival()) == workload.total
    assert matched_share(workload) == pytest.approx(match, abs=2)


def test_events_have_the_sizes_of_the_measured_ones() -> None:
    workload = Workload(20_000)
    sizes = {
        name: sum(len(event.value) for event in workload.of_topic(name)) / workload.counts[name]
        for name in workload.names
    }
    assert sizes == {"server": pytest.approx(754, rel=0.03), "client": pytest.approx(274, rel=0.03)}


@pytest.mark.parametrize("topic", ["server", "client", "purchase"])
def test_values_hold_the_key_and_the_time_of_their_records(topic: str) -> None:
    for event in events(Workload(1000, topics=3), topic):
        value = json.loads(event.value)
        assert value["request_id"].encode() == event.key
        assert value[f"{topic}_ts"] == event.time


def test_events_come_by_arrival_late_and_out_of_order_but_within_what_watermarks_allow() -> None:
    workload = Workload(20_000)
    for topic, delay in {"server": SERVER_DELAY_S, "client": CLIENT_DELAY_S}.items():
        arrived = events(workload, topic)
        assert [event.arrival for event in arrived] == sorted(event.arrival for event in arrived)
        assert [event.time for event in arrived] != sorted(event.time for event in arrived)
        latest = behind = 0
        for event in arrived:
            latest = max(latest, event.time)
            behind = max(behind, latest - event.time)
        # No record is late, and the latest ones come close to it.
        assert delay * 500 < behind < delay * 1000


def test_there_are_duplicates_second_clicks_orphans_and_clicks_after_the_window() -> None:
    workload = Workload(20_000)
    served = {event.key: event.time for event in workload.of_topic("server")}
    clicks = events(workload, "client")
    assert sum(count - 1 for count in Counter(event.value for event in clicks).values()) > 100
    distinct = {(event.key, event.value) for event in clicks}
    assert sum(count - 1 for count in Counter(key for key, _ in distinct).values()) > 100
    assert sum(event.key not in served for event in clicks) > 100
    assert sum(event.time - served.get(event.key, event.time) > WINDOW * 60_000 for event in clicks) > 50
    assert workload.counts["server"] - len(served) > 50


def test_skewed_keys_are_shared_by_many_server_events() -> None:
    most = Counter(event.key for event in events(Workload(20_000, keys="skewed"), "server")).most_common(1)[
        0
    ][1]
    plain = Counter(event.key for event in events(Workload(20_000), "server")).most_common(1)[0][1]
    assert plain == 2  # a duplicate
    assert most > 20
