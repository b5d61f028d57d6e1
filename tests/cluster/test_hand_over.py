"""Hand-overs of a job under constant load, on the real broker and cluster: DuckDB says which rows there must be."""

from __future__ import annotations

import heapq
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Event, Thread
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from tests.cluster.conftest import Stack
from tests.cluster.example import JOB, stamp, until
from tests.cluster.test_upgrade import Project

from juncture.cli.main import main
from juncture.flink.rest import FlinkCluster
from juncture.kafka.admin import Admin
from juncture.kafka.reader import read_topic
from juncture.kafka.writer import Writer

JOIN, IMPRESSIONS, JOB_FILE = (
    "sql/joins/impression_clicks.sql",
    "sql/sources/page_impressions.sql",
    f"jobs/{JOB}.yaml",
)
ADS = "sql/sources/ad_clicks.sql"
WITH_ADS = """\
JOIN {{ source('ad_clicks') }} AS a
    ON a.request_id = i.impression_id
    AND a.clicked_at BETWEEN i.served_at - INTERVAL '2' MINUTE AND i.served_at + INTERVAL '5' MINUTE
"""
_STEP = timedelta(seconds=0.25)
_PAIRS = """
    SELECT COALESCE(i.impression_id, c.impression_id), c.click_id
    FROM impressions AS i {kind} JOIN clicks AS c
    ON c.impression_id = i.impression_id
    AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL 10 MINUTE
    WHERE COALESCE(i.impression_id, c.impression_id) NOT LIKE 'end%'
"""
_TRIPLES = """
    SELECT i.impression_id, c.click_id, a.landing_page
    FROM impressions AS i JOIN clicks AS c
    ON c.impression_id = i.impression_id
    AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL 10 MINUTE
    JOIN ads AS a
    ON a.request_id = i.impression_id
    AND a.clicked_at BETWEEN i.served_at - INTERVAL 2 MINUTE AND i.served_at + INTERVAL 5 MINUTE
    WHERE i.impression_id NOT LIKE 'end%'
"""
_TABLES = {
    "impressions": ("page-impressions", "{impression_id: 'TEXT', served_at: 'TIMESTAMPTZ'}"),
    "clicks": ("page-clicks", "{click_id: 'TEXT', impression_id: 'TEXT', clicked_at: 'TIMESTAMPTZ'}"),
    "ads": ("ad-clicks", "{request_id: 'TEXT', landing_page: 'TEXT', clicked_at: 'TIMESTAMPTZ'}"),
}
Joined = tuple[str | None, ...]


class Events:
    """Impressions, four a second of event time, two of three with a click up to 610 s later; some come 90 s late.

    One click in five is of no impression. With `ads`, three of four impressions have an ad click, up to 2 minutes
    before, or 5 and some seconds after.
    Their Kafka timestamps are the times at which they come. Event time begins two hours ago, and goes on faster than
    the clock.
    """

    def __init__(self, project: Project, *, ads: bool = False) -> None:
        self._project = project
        self._writer = Writer(project.kafka)
        self._ads = ads
        self._begin = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=2)
        self._number = 0
        self._coming: list[tuple[datetime, int, str, dict[str, Any]]] = []

    @property
    def count(self) -> int:
        """How many impressions have begun: i0, i1 and so on."""
        return self._number

    @property
    def now(self) -> datetime:
        """How far event time is."""
        return self._begin + self._number * _STEP

    def write(self, count: int) -> None:
        for number in range(self._number, self._number + count):
            served = self._begin + number * _STEP
            late = timedelta(seconds=number * 104_729 % 900 / 10 if number % 5 == 0 else 0)
            self._come(served + late, number, "page-impressions", {
                "impression_id": f"i{number}", "member_id": number, "page": "p", "items": f"x{number}",
                "served_at": stamp(served),
            })  # fmt: skip
            clicked = served + timedelta(seconds=number * 7919 % 6100 / 10)
            if number % 6:
                self._come(clicked, number, "page-clicks", {
                    "click_id": f"c{number}", "impression_id": f"{'i' if number % 3 else 'o'}{number}", "target": "t",
                    "clicked_at": stamp(clicked),
                })  # fmt: skip
            if self._ads and number % 4:
                at = served + timedelta(seconds=number * 6563 % 4300 / 10 - 120)
                ad = {"request_id": f"i{number}", "landing_page": f"a{number}", "clicked_at": stamp(at)}
                self._come(max(at, served), number, "ad-clicks", ad)
        self._number += count
        self._send(self.now)

    def end(self) -> None:
        """Let all that was begun come, and event time go on in every partition."""
        self._send(self.now + timedelta(minutes=11))
        last = self.now + timedelta(minutes=30)
        for number in range(40):
            self._come(
                last, number, "page-impressions", {"impression_id": f"end{number}", "served_at": stamp(last)}
            )
            click = {"click_id": f"end{number}", "impression_id": f"end{number}", "clicked_at": stamp(last)}
            self._come(last, number, "page-clicks", click)
            if self._ads:
                ad = {"request_id": f"end{number}", "clicked_at": stamp(last)}
                self._come(last, number, "ad-clicks", ad)
        self._send(last)

    def _come(self, at: datetime, number: int, plain: str, row: dict[str, Any]) -> None:
        heapq.heappush(self._coming, (at, number, plain, row))

    def _send(self, now: datetime) -> None:
        while self._coming and self._coming[0][0] <= now:
            at, _, plain, row = heapq.heappop(self._coming)
            key = str(row.get("impression_id") or row["request_id"]).encode()
            value = json.dumps(row).encode()
            self._writer.write(self._project.topic(plain), value, key, timestamp=int(at.timestamp() * 1000))
        self._writer.flush()

    @contextmanager
    def come(self) -> Iterator[None]:
        """They come all the time."""
        done = Event()

        def produce() -> None:
            while not done.wait(0.4):
                self.write(25)

        thread = Thread(target=produce)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@pytest.fixture
def juncture(
    stack: Stack, cluster: FlinkCluster, tmp_path: Path, request: pytest.FixtureRequest, one_planner: None
) -> Iterator[Project]:
    project = Project(tmp_path / "project", f"h{abs(hash(request.node.nodeid)) % 10**8}", stack)
    yield project
    project("stop", JOB, "--no-savepoint")


def expected(juncture: Project, query: str) -> Counter[Joined]:
    database = duckdb.connect()
    for table, (plain, columns) in _TABLES.items():
        if f" {table} AS" not in query:
            continue
        file = juncture.root / f"{table}.jsonl"
        records = read_topic(juncture.kafka, juncture.topic(plain))
        file.write_bytes(b"\n".join(record.value or b"" for record in records))
        database.execute(
            f"CREATE TABLE {table} AS"
            f" SELECT * FROM read_json('{file}', columns = {columns}, format = 'newline_delimited')"
        )
    return Counter(tuple(row) for row in database.execute(query).fetchall())


def pairs(kind: str) -> str:
    """The query for the oracle's pairs."""
    return _PAIRS.format(kind=kind)


def written(juncture: Project, *more: str) -> Counter[Joined]:
    rows = (row for row in juncture.joined() if not row["impression_id"].startswith("end"))
    return Counter(tuple(row[each] for each in ("impression_id", "click_id", *more)) for row in rows)


def is_oracles(juncture: Project, query: str, *more: str) -> None:
    """Wait until all rows are there; none may be missing or there twice."""
    wanted = expected(juncture, query)
    until(lambda: written(juncture, *more).total() >= wanted.total())
    found = written(juncture, *more)
    assert (found - wanted, wanted - found) == (Counter(), Counter())


def fold_in_items(juncture: Project, page: str = "i.page") -> None:
    """A new selected column, which shows in one that the sink has."""
    folded = f"{page} || '/' || i.items AS page,"
    juncture.edit(JOIN, lambda text: text.replace(f"{page} AS page,", folded).replace(f"{page},", folded))


def outer(juncture: Project, kind: str) -> None:
    """Another kind of join, with keys of either side and no event time of a side that may be missing."""
    cast = ("    i.served_at,", "    CAST(i.served_at AS TIMESTAMP_LTZ(3)) AS served_at,")
    key = ("    i.impression_id,", "    COALESCE(i.impression_id, c.impression_id) AS impression_id,")
    juncture.edit(JOIN, lambda text: text.replace("\nJOIN", f"\n{kind} JOIN").replace(*cast).replace(*key, 1))


def new_rows_have_the_new_column(juncture: Project) -> None:
    rows = [row for row in juncture.joined() if not row["impression_id"].startswith("end")]
    new = [row for row in rows if row["page"] not in ("p", None)]
    assert new
    assert all(row["page"] == f"p/x{row['impression_id'][1:]}" for row in new)
    assert len(new) < len(rows)


def test_the_state_of_flinks_joins_is_handed_over_to_a_chain_of_event_joins(juncture: Project) -> None:
    Admin(juncture.kafka).create({juncture.topic("ad-clicks"): 2})
    juncture.edit(ADS, lambda text: text.replace("'ad-clicks'", f"'{juncture.topic('ad-clicks')}'"))
    juncture.edit(JOIN, lambda text: text.replace("c.target,", "a.landing_page AS target,") + WITH_ADS)
    events = Events(juncture, ads=True)
    events.write(9000)
    assert juncture("submit", JOB) == 0, juncture.stderr
    with events.come():
        until(lambda: written(juncture).total() > 1000)
        fold_in_items(juncture)
        assert juncture("upgrade", JOB, "--hand-over", "--plan") == 1
        assert "the new version's join runs on Flink's operator" in juncture.stderr
        juncture.edit(JOB_FILE, lambda text: text + "join_strategy: event_join\njoin_chains: separate\n")
        assert juncture("upgrade", JOB, "--hand-over", "--plan") == 1
        assert "the new version's joins are no chain of one operator" in juncture.stderr
        juncture.edit(JOB_FILE, lambda text: text.replace("separate", "fused"))

        assert juncture("upgrade", JOB, "--hand-over", "--plan") == 0, juncture.stderr
        assert "LOST" in [each["verdict"] for each in juncture.json["state"]["operators"]]
        told = CliRunner().invoke(
            main, ["--project", str(juncture.root), "upgrade", JOB, "--hand-over", "--plan"]
        )
        assert "1. The new version's state is built beside version 1: " in told.stdout
        assert "2. Version 1 is stopped with a savepoint\n" in told.stdout
        assert juncture.json["records"] > 0
        starts = [
            each["start"]
            for source in juncture.json["startpoints"]["sources"]
            for each in source["partitions"]
        ]
        assert all(starts), "what is older than the join's window is not read"
        assert juncture("upgrade", JOB, "--hand-over") == 0, juncture.stderr
        assert (juncture.json["version"], juncture.json["phase"]) == (2, "running")
        assert juncture("history", f"{JOB}__hand_over") == 0, juncture.stderr
        left = {each["version"]: each["removed_at"] is None for each in juncture.json["deployments"]}
        assert left == {1: False, 2: True}, "the new version goes on from the second"
        seen = written(juncture).total()
        until(lambda: written(juncture).total() > seen + 200)
    events.end()
    is_oracles(juncture, _TRIPLES, "target")
    new_rows_have_the_new_column(juncture)


def test_a_full_join_is_handed_over_though_the_command_is_killed_in_each_of_its_steps(
    juncture: Project, cluster: FlinkCluster
) -> None:
    juncture.edit(JOB_FILE, lambda text: text + "join_strategy: event_join\n")
    outer(juncture, "FULL")
    events = Events(juncture)
    events.write(6000)
    assert juncture("submit", JOB) == 0, juncture.stderr
    with events.come():
        until(lambda: written(juncture).total() > 1000)
        fold_in_items(juncture)
        juncture.edit(IMPRESSIONS, lambda text: text.replace("member_id BIGINT", "member_id INT"))
        assert juncture("upgrade", JOB, "--plan") == 1
        reasons = [reason for each in juncture.json["state"]["operators"] for reason in each["reasons"]]
        assert "member_id was BIGINT, and is INT" in reasons

        killed_at(juncture, "Submitting", 1, "--hand-over")
        assert juncture("status", JOB) == 0, "the old version runs on"
        killed_at(juncture, "Submitting", 2, "--hand-over")  # when that was stopped
        killed_at(juncture, "Submitting", 2, "--hand-over")  # when the new version is to start
        until(lambda: juncture("upgrade", JOB, "--hand-over") == 0, 300)
        assert juncture.json["phase"] == "running"
        assert juncture("upgrade", JOB, "--hand-over") == 0, juncture.stderr
        assert "is this one already" in juncture.stderr
        (job,) = [job.name for job in cluster.jobs() if not job.ended]
        assert job == f"{juncture.name}.{JOB}", "nothing else is left"
        seen = written(juncture).total()
        until(lambda: written(juncture).total() > seen + 200)
    events.end()
    is_oracles(juncture, pairs("FULL"))
    new_rows_have_the_new_column(juncture)


def killed_at(juncture: Project, message: str, time: int, *more: str) -> None:
    """Kill an upgrade, with all that it has started, when it has said something that begins so, so many times."""
    program = [sys.executable, "-c", "from juncture.cli.main import main; main()"]
    command = [*program, "upgrade", JOB, *more, "--project", str(juncture.root)]
    killed = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert killed.stderr is not None
    said = 0
    for line in killed.stderr:
        said += line.startswith(message)
        if said == time:
            break
    assert said == time
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()


def test_a_version_that_fails_leaves_the_old_one_running_or_brings_it_back_and_is_mended(
    juncture: Project, cluster: FlinkCluster
) -> None:
    fails = "CAST(1 / (CHAR_LENGTH(c.target || i.page) - 2) AS STRING)"
    juncture.edit(JOB_FILE, lambda text: text + "join_strategy: event_join\n")
    outer(juncture, "RIGHT")
    events = Events(juncture)
    events.write(3000)
    assert juncture("submit", JOB) == 0, juncture.stderr
    until(lambda: written(juncture).total() > 500)
    fold_in_items(juncture)
    working = (juncture.root / JOIN).read_text()
    juncture.edit(JOIN, lambda text: f"{text}    AND {fails} <> 'x'\n")
    assert juncture("upgrade", JOB, "--hand-over") == 1
    assert "could not be built" in juncture.stderr
    assert "ArithmeticException" in juncture.stderr
    assert "version 1 runs on" in juncture.stderr
    (job,) = [job.name for job in cluster.jobs() if not job.ended]
    assert job == f"{juncture.name}.{JOB}"

    (juncture.root / JOIN).write_text(working)
    juncture.edit(JOIN, lambda text: text.replace("c.target,", f"c.target || {fails} AS target,"))
    with events.come():
        assert juncture("upgrade", JOB, "--hand-over", "--healthy-within", "60") == 1
        assert "was taken back" in juncture.stderr
        assert "version 1 runs again, as version 3" in juncture.stderr

        (juncture.root / JOIN).write_text(working)
        assert juncture("upgrade", JOB, "--hand-over") == 0, juncture.stderr
        seen = written(juncture).total()
        until(lambda: written(juncture).total() > seen + 200)
    events.end()
    is_oracles(juncture, pairs("RIGHT"))
    new_rows_have_the_new_column(juncture)
