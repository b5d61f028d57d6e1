"""What is made of the last records of topics."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tests.unit.diagnosis.observations import JOIN, NOW, PLAN, TEXT, partition, source

from juncture.diagnosis.comparing import joins_seen
from juncture.diagnosis.sampling import Columns, Sampled, sample_seen
from juncture.planner.plan import read_plan


def records(keys: int, seconds: float, count: int = 200) -> tuple[Sampled, ...]:
    first = datetime.fromtimestamp(NOW / 1000, timezone.utc).timestamp()
    step = seconds / (count - 1)
    moments = (datetime.fromtimestamp(first + i * step, timezone.utc) for i in range(count))
    return tuple(
        Sampled(0, i, {"id": f"k{i % keys}", "ts": at.isoformat().replace("+00:00", "Z")})
        for i, at in enumerate(moments)
    )


@pytest.mark.parametrize(
    ("keys", "seconds", "compared"),
    [
        (200, 60, 10),  # 200 rows a minute are 2,000 in 10 minutes, of 200 keys
        (2, 60, 1_000),
        (2, 0.2, 5_000),  # no more than there are in the topic
        (2, 0, 5_000),  # all at one moment
    ],
)
def test_how_many_rows_a_record_finds(keys: int, seconds: float, compared: float) -> None:
    sources = [source(table, partition(end=10_000)) for table in ("server", "client")]
    (seen,) = joins_seen(PLAN, sources, dict.fromkeys(("server", "client"), records(keys, seconds)))
    assert (seen.node, seen.sampled) == (JOIN, (200, 200))
    assert seen.compared == pytest.approx(compared, rel=0.01)


def test_of_rows_that_go_by_the_clock_nothing_is_foretold() -> None:
    sources = [source(table, partition(end=10_000)) for table in ("server", "client")]
    samples = dict.fromkeys(("server", "client"), records(2, 60))
    by_clock = json.loads(TEXT)
    (join,) = (each for each in by_clock["nodes"] if each["id"] == JOIN)
    join["intervalJoinSpec"]["windowBounds"]["isEventTime"] = False
    assert joins_seen(read_plan(json.dumps(by_clock)), sources, samples) == ()


@pytest.mark.parametrize(("ttls", "foretold"), [(("0 ms", "0 ms"), True), (("0 ms", "3600000 ms"), False)])
def test_a_regular_join_is_foretold_where_it_keeps_its_rows(ttls: tuple[str, str], foretold: bool) -> None:
    plan = json.loads((Path(__file__).parents[1] / "model/exists_plan.json").read_text(encoding="utf-8"))
    (join,) = (each for each in plan["nodes"] if each["id"] == JOIN)
    for state, ttl in zip(join["state"], ttls, strict=True):
        state["ttl"] = ttl
    tables = ("page_impressions", "page_clicks")
    rows = [Sampled(0, each, {"impression_id": f"k{each % 2}"}) for each in range(40)]
    sources = [source(table, partition(end=40)) for table in tables]
    seen = joins_seen(read_plan(json.dumps(plan)), sources, dict.fromkeys(tables, rows))
    assert [each.compared for each in seen] == [20] * foretold


def test_a_few_records_tell_nothing() -> None:
    sources = [source(table, partition()) for table in ("server", "client")]
    assert joins_seen(PLAN, sources, {"server": records(2, 1), "client": records(2, 1, count=19)}) == ()


def test_widths_are_those_of_json_over_all_rows() -> None:
    rows = (Sampled(0, 0, {"a": "1234", "b": 7}), Sampled(0, 1, {"a": "é"}), Sampled(0, 2, {}))
    seen = sample_seen(rows, {}, Columns(None, ()), None)
    assert seen is not None
    assert seen.widths == {"a": pytest.approx(10 / 3), "b": pytest.approx(1 / 3)}


@pytest.mark.parametrize(
    ("key", "told", "whole"),
    [("a" * 60, "a" * 60, True), ("a" * 61, "a" * 60, False), ("a\x1b[2J", "a?[2J", False)],
)
def test_a_key_is_told_in_what_can_be_printed(key: str, told: str, whole: bool) -> None:
    seen = sample_seen((Sampled(0, 0, {"id": key}),), {}, Columns(None, ("id",)), None)
    assert seen is not None
    assert [(each.value, each.whole) for each in seen.keys] == [(told, whole)]
