"""All that may happen to a running join, one after the other, under load: DuckDB says which rows there must be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.cluster.conftest import Stack
from tests.cluster.example import JOB, stamp, until
from tests.cluster.test_hand_over import (
    IMPRESSIONS,
    JOB_FILE,
    JOIN,
    Events,
    Joined,
    expected,
    fold_in_items,
    killed_at,
    pairs,
    written,
)
from tests.cluster.test_upgrade import Project

from juncture.flink.rest import FlinkCluster

CLICKS = "sql/sources/page_clicks.sql"
WITHIN = "k.clicked_at BETWEEN i.served_at AND i.served_at + {{ var('click_window') }}"
EQUAL = "k.impression_id = i.impression_id"
Change = Callable[[str], str]


def swap(old: str, new: str) -> Change:
    return lambda text: text.replace(old, new)


KEPT: tuple[tuple[tuple[str, Change], ...], ...] = (
    (
        (JOIN, swap("-- Each click", "-- Every click")),
        (JOIN, lambda text: text.replace("c.", "k.").replace(" AS c\n", " AS k\n")),
        (JOIN, swap(f"{EQUAL}\n    AND {WITHIN}", f"{WITHIN}\n    AND {EQUAL}")),
        (JOIN, swap("i.page,", "LOWER(i.page) AS page,")),
        (JOIN, swap("k.target,", "COALESCE(k.target, 'none') AS target,")),
        (JOIN, swap("LOWER(i.page)", "LOWER(i.page || COALESCE(i.items, ''))")),
        (JOIN, swap("i.member_id,", "i.member_id + 0 AS member_id,")),
        (JOIN, lambda text: f"{text}WHERE i.page <> k.target\n"),
    ),
    (
        (JOIN, swap("LOWER(i.page || COALESCE(i.items, ''))", "LOWER(i.page)")),
        (JOIN, swap("WHERE i.page <> k.target\n", "")),
        (JOB_FILE, swap("parallelism: 2", "parallelism: 1")),
        (JOB_FILE, swap("interval: 1 s", "interval: 2 s")),
        (JOB_FILE, swap("description: Clicks", "description: All clicks")),
    ),
)
"""Versions, each with edits upon those before it: all of them keep the state, and the pairs of rows."""

REFUSED: tuple[tuple[str, str, Change], ...] = (
    ("LOST", CLICKS, swap("target STRING", "target VARCHAR(100)")),
    ("LOST", JOIN, swap(EQUAL, f"{EQUAL} AND k.target = i.page")),
    ("LOST", JOIN, lambda text: swap_sides(text)),
    ("WRONG_RESULTS", IMPRESSIONS, swap("page-impressions-", "page-clicks-")),
    ("KEEP_WITH_GAP", "juncture.toml", swap("'10' MINUTE", "'20' MINUTE")),
    ("KEEP_WITH_GAP", JOIN, lambda text: f"{text}WHERE i.page = 'p'\n"),
)
"""Edits, each by itself, with what they would do to the state: one or two for each verdict."""


def swap_sides(text: str) -> str:
    impressions, clicks = "{{ source('page_impressions') }} AS i", "{{ source('page_clicks') }} AS k"
    return text.replace(impressions, "?").replace(clicks, impressions).replace("?", clicks)


@pytest.fixture
def juncture(stack: Stack, cluster: FlinkCluster, tmp_path: Path, one_planner: None) -> Iterator[Project]:
    project = Project(tmp_path / "project", "load", stack)
    yield project
    project("stop", JOB, "--no-savepoint")


def running_version(juncture: Project) -> int:
    assert juncture("history", JOB) == 0, juncture.stderr
    last = max(juncture.json["deployments"], key=lambda each: int(each["version"]))
    assert last["phase"] == "running"
    return int(last["version"])


@pytest.mark.timeout(1800)
def test_a_join_goes_through_all_that_may_happen_to_it(juncture: Project) -> None:
    juncture.edit(JOB_FILE, lambda text: text + "join_strategy: event_join\n")
    events = Events(juncture)
    events.write(6000)
    assert juncture("submit", JOB) == 0, juncture.stderr
    with events.come():
        until(lambda: written(juncture).total() > 1000)

        again = stamp(events.now - timedelta(minutes=3))
        juncture.edit(JOB_FILE, swap("page_clicks: earliest", f"page_clicks: {{timestamp: {again}}}"))
        assert juncture("upgrade", JOB, "--rewind", "page_clicks") == 0, juncture.stderr
        assert "records of page_clicks are read again" in juncture.stderr
        begun = events.count

        before = running_version(juncture)
        for number, edits in enumerate(KEPT, before + 1):
            for path, change in edits:
                juncture.edit(path, change)
            assert juncture("upgrade", JOB) == 0, juncture.stderr
            assert (juncture.json["version"], juncture.json["phase"]) == (number, "running")
        for verdict, path, change in REFUSED:
            kept = (juncture.root / path).read_text()
            juncture.edit(path, change)
            assert juncture("upgrade", JOB) == 1
            assert f"- {verdict}: " in juncture.stderr, juncture.stderr
            (juncture.root / path).write_text(kept)
        last = before + len(KEPT)
        assert running_version(juncture) == last

        kept = (juncture.root / JOIN).read_text()
        fails = swap("i.member_id + 0", "i.member_id + 1 / (CHAR_LENGTH(k.target) - 1)")
        juncture.edit(JOIN, fails)
        assert juncture("upgrade", JOB, "--healthy-within", "90") == 1
        assert "was taken back" in juncture.stderr
        assert "ArithmeticException" in juncture.stderr
        assert f"version {last} runs again, as version {last + 2}" in juncture.stderr
        (juncture.root / JOIN).write_text(kept)

        fold_in_items(juncture, "LOWER(i.page)")
        killed_at(juncture, "Submitting", 1, "--hand-over")
        until(lambda: juncture("upgrade", JOB, "--hand-over") == 0, 300)
        seen = written(juncture).total()
        until(lambda: written(juncture).total() > seen + 200)
        assert juncture("rollback", JOB) == 0, juncture.stderr
        assert "are written again" in juncture.stderr
    events.end()

    wanted = expected(juncture, pairs("INNER"))
    # What the version that was rolled back had written, which shows the column that it had selected.
    taken_back: Counter[Joined] = Counter(
        (row["impression_id"], row["click_id"]) for row in juncture.joined() if "/x" in (row["page"] or "")
    )
    assert taken_back
    until(lambda: not (wanted + taken_back) - written(juncture))
    twice = written(juncture) - (wanted + taken_back)
    assert twice
    assert set(twice.values()) == {1}
    # Clicks that are read again are in the state twice, and may find their impression only then.
    assert all(int(str(impression).removeprefix("i")) < begun for impression, _ in twice), (
        "what the rewind had announced"
    )
