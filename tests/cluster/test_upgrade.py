"""Upgrades of a running job, from the command line, on the real broker and cluster."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from click.testing import CliRunner
from confluent_kafka import TopicPartition
from tests.cluster.conftest import Stack
from tests.cluster.example import JOB, START, TOPICS, stamp, until

from juncture.cli.main import main
from juncture.flink.rest import FlinkCluster
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.reader import read_topic
from juncture.kafka.writer import Writer

REPOSITORY = Path(__file__).parents[2]
JOIN = "sql/joins/impression_clicks.sql"
AGAIN = """\
LEFT JOIN {{ source('page_clicks') }} AS k
    ON k.impression_id = i.impression_id AND k.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
"""


class Project:
    """The example project on the shared stack, under a name and topics of its own; commands answer in JSON."""

    def __init__(self, root: Path, name: str, stack: Stack) -> None:
        self.root, self.name, self.kafka = root, name, stack.kafka
        self._writer = Writer(stack.kafka)
        self.json: Any = None
        self.stderr = ""
        self.written = 0
        self._read: dict[int, int] = {}
        self._joined: list[dict[str, Any]] = []
        for folder in ("sql", "jobs", "templates"):
            shutil.copytree(REPOSITORY / folder, root / folder)
        for path in (root / "sql").rglob("*.sql"):
            text = path.read_text()
            for plain in TOPICS:
                text = text.replace(f"topic='{plain}'", f"topic='{self.topic(plain)}'")
            path.write_text(text)
        self.edit(f"jobs/{JOB}.yaml", lambda text: text.replace("interval: 5 s", "interval: 1 s"))
        (root / "juncture.toml").write_text(
            f'[project]\nname = "{name}"\ndefault_environment = "shared"\n'
            f"[vars]\nclick_window = \"INTERVAL '10' MINUTE\"\n"
            f'[environments.shared]\nstore = "{root / "store"}"\nsavepoints = {{ keep = 0, keep_for = "0 s" }}\n'
            f'kafka.bootstrap_servers = "{stack.kafka.bootstrap_servers}"\nflink.rest = "{stack.flink.rest}"\n'
        )
        Admin(stack.kafka).create({self.topic(plain): 2 for plain in TOPICS})

    def __call__(self, *args: str) -> int:
        result = CliRunner().invoke(main, ["--project", str(self.root), "--output", "json", *args])
        self.json = json.loads(result.stdout) if result.stdout else None
        self.stderr = result.stderr
        return result.exit_code

    def topic(self, plain: str) -> str:
        return f"{plain}-{self.name}"

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        before = (self.root / path).read_text()
        after = change(before)
        assert after != before
        (self.root / path).write_text(after)

    def write(self, count: int) -> None:
        """Impressions, a second apart, and for each a click 5 s later; clicks come 50 impressions behind."""
        for number in range(self.written, self.written + count):
            moment = START + timedelta(seconds=number)
            impression = {
                "impression_id": f"i{number}",
                "member_id": number,
                "page": "p",
                "items": f"n{number}",
                "served_at": stamp(moment),
            }
            self._put("page-impressions", f"i{number}", impression)
            other = number - 50
            click = {
                "click_id": f"c{other}", "impression_id": f"i{other}", "target": "t",
                "clicked_at": stamp(moment - timedelta(seconds=45)),
            }  # fmt: skip
            if other >= 0:
                self._put("page-clicks", f"i{other}", click)
        self._writer.flush()
        self.written += count

    def _put(self, plain: str, key: str, row: dict[str, Any], partition: int | None = None) -> None:
        self._writer.write(self.topic(plain), json.dumps(row).encode(), key.encode(), partition=partition)

    def joined(self) -> list[dict[str, Any]]:
        """All committed rows; those that are there since the last look are read."""
        topic = self.topic("joined-clicks")
        end = offsets.latest(Admin(self.kafka), [topic])[topic]
        found = read_topic(self.kafka, topic, start=self._read, end=end)
        self._joined += (json.loads(record.value or b"{}") for record in found)
        self._read = end
        return self._joined

    def store_digest(self, version: int) -> str:
        """The digest of a version's files, as its record has it."""
        assert self("history", JOB) == 0
        return next(str(each["digest"]) for each in self.json["deployments"] if each["version"] == version)

    def savepoint(self, version: int) -> Path:
        """The folder of the savepoint that a version was stopped with."""
        assert self("history", JOB) == 0
        found = next(each for each in self.json["deployments"] if each["version"] == version)
        return Path(found["savepoint"].removeprefix("file:"))

    def has_joined_all(self) -> None:
        """Wait until each click is in a row; none may be missing or there twice."""
        wanted = sorted(f"c{number}" for number in range(self.written - 50))
        until(lambda: len(self.joined()) >= len(wanted))
        assert sorted(row["click_id"] for row in self.joined()) == wanted


@pytest.fixture
def juncture(
    stack: Stack, cluster: FlinkCluster, tmp_path: Path, request: pytest.FixtureRequest, one_planner: None
) -> Iterator[Project]:
    project = Project(tmp_path / "project", f"u{abs(hash(request.node.nodeid)) % 10**8}", stack)
    yield project
    project("stop", JOB, "--no-savepoint")


@contextmanager
def records(juncture: Project) -> Iterator[None]:
    """Records come all the time."""
    done = Event()

    def produce() -> None:
        while not done.wait(0.2):
            juncture.write(20)

    thread = Thread(target=produce)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_one_more_column_of_the_payload_keeps_the_state_of_flinks_join_and_the_way_back(
    juncture: Project,
) -> None:
    format_of = "key='impression_id'", "key='impression_id', format='json-payload'"
    payload = "    WATERMARK", "    payload STRING METADATA FROM 'value.payload' VIRTUAL,\n    WATERMARK"
    juncture.edit("sql/sources/page_impressions.sql", lambda text: text.replace(*format_of).replace(*payload))
    page, items = (f"{{{{ json_field('i.payload', '{name}', 'STRING') }}}}" for name in ("page", "items"))
    juncture.edit(JOIN, lambda text: text.replace("i.page,", f"{page} AS page,"))
    assert juncture("submit", JOB) == 0, juncture.stderr
    with records(juncture):
        until(lambda: len(juncture.joined()) > 50)
        assert juncture("upgrade", JOB, "--plan") == 0, juncture.stderr
        assert juncture.json["unchanged"] is True
        juncture.edit(JOIN, lambda text: text.replace(page, f"CONCAT({page}, '/', {items})"))

        assert juncture("submit", JOB) == 1
        assert juncture("upgrade", JOB, "--plan") == 0, juncture.stderr
        verdicts = {each["operator"]: each["verdict"] for each in juncture.json["state"]["operators"]}
        assert verdicts["the join of page_impressions with page_clicks"] == "KEEP"
        assert (juncture.json["runs"], juncture.json["unchanged"]) == (True, False)
        assert juncture("upgrade", JOB) == 0, juncture.stderr
        assert (juncture.json["version"], juncture.json["phase"]) == (2, "running")
        until(lambda: any(row["page"] != "p" for row in juncture.joined()))
    juncture.has_joined_all()
    assert all(row["page"] in ("p", f"p/{row['click_id']}".replace("c", "n")) for row in juncture.joined())

    before = Counter((row["click_id"], row["page"]) for row in juncture.joined())
    again = Counter({(click, "p"): 1 for click, page in before if page != "p"})
    assert juncture("rollback", JOB) == 0, juncture.stderr
    assert "are written again" in juncture.stderr
    assert f"is read again: {again.total():,} records of page_clicks" in juncture.stderr
    assert (juncture.json["version"], juncture.store_digest(3)) == (3, juncture.store_digest(1))
    until(lambda: len(juncture.joined()) >= before.total() + again.total())
    after = Counter((row["click_id"], row["page"]) for row in juncture.joined())
    assert after - before == again, "what the second version had written, as the first one writes it"
    assert juncture("rollback", JOB, "3") == 1
    assert "is the one that runs" in juncture.stderr
    first = juncture.savepoint(1)
    assert (first.exists(), juncture.savepoint(2).exists()) == (True, True), (
        "a version needs it, and a rollback"
    )
    assert juncture("stop", JOB) == 0
    assert f"Removed the old savepoint of '{JOB}', version 1" in juncture.stderr
    assert (first.exists(), juncture.savepoint(2).exists()) == (False, True)
    assert juncture("rollback", JOB, "1") == 1
    assert f"the savepoint of version 1 of '{JOB}' was removed at" in juncture.stderr
    assert juncture("rollback", JOB, "9") == 1
    assert "has no version 9" in juncture.stderr


def test_state_that_would_be_lost_is_told_and_given_up_only_if_accepted(juncture: Project) -> None:
    assert juncture("submit", JOB) == 0, juncture.stderr
    juncture.write(60)
    until(lambda: len(juncture.joined()) == 10)
    juncture.edit(JOIN, lambda text: text.replace("i.page,", "i.page || i.items AS page,"))

    assert juncture("upgrade", JOB, "--plan") == 1
    assert juncture("upgrade", JOB) == 1
    assert "page_impressions.items now becomes part of the state" in juncture.stderr
    assert juncture("status", JOB) == 0, "it runs on"
    assert juncture("upgrade", JOB, "--accept", "LOST") == 0, juncture.stderr
    juncture.write(60)
    until(lambda: len(juncture.joined()) >= 20)
    clicks = {row["click_id"] for row in juncture.joined()}
    assert {"c0", "c9", "c60", "c69"} <= clicks
    assert "c10" not in clicks, "its impression was in the state that was given up"


def test_an_upgrade_that_was_killed_is_finished_by_the_next_with_one_more_join_behind_the_event_join(
    juncture: Project,
) -> None:
    juncture.edit(f"jobs/{JOB}.yaml", lambda text: text + "join_strategy: event_join\n")
    assert juncture("submit", JOB) == 0, juncture.stderr
    juncture.write(60)
    until(lambda: len(juncture.joined()) == 10)
    juncture.edit(JOIN, lambda text: text.replace("i.page,", "UPPER(k.target) AS page,") + AGAIN)
    program = [sys.executable, "-c", "from juncture.cli.main import main; main()"]
    command = [*program, "upgrade", JOB, "--project", str(juncture.root)]
    killed = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert killed.stderr is not None
    for line in killed.stderr:
        if line.startswith("Going on from"):
            assert juncture("stop", JOB) == 1
            assert f"(upgrade, pid {killed.pid})" in juncture.stderr, "between its steps it is busy, too"
        if line.startswith("Submitting"):
            break
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    juncture("status", JOB)
    left = juncture.json["jobs"][0]["unfinished"]
    assert (left["command"], left["by"]["pid"]) == (f"juncture upgrade {JOB}", killed.pid)
    assert "version 2" in left["reached"]

    deadline = time.monotonic() + 120
    while juncture("upgrade", JOB) == 1 and time.monotonic() < deadline:
        time.sleep(1)
    assert juncture.json["phase"] == "running", juncture.stderr
    juncture.write(60)
    juncture.has_joined_all()
    assert juncture.joined()[-1]["page"] == "T"
    assert juncture("upgrade", JOB, "--plan") == 0
    assert juncture.json["unchanged"] is True, "the joins stay apart"


def test_one_topic_is_read_again_and_all_other_state_is_kept(
    juncture: Project, cluster: FlinkCluster
) -> None:
    assert juncture("submit", JOB) == 0, juncture.stderr
    juncture.write(100)
    until(lambda: len(juncture.joined()) == 50)

    assert juncture("upgrade", JOB, "--rewind", "page_click") == 1
    assert "did you mean 'page_clicks'?" in juncture.stderr
    assert juncture("upgrade", JOB, "--rewind", "page_clicks", "--plan") == 0, juncture.stderr
    assert [each["table"] for each in juncture.json["startpoints"]["sources"]] == ["page_clicks"]
    assert (
        "50 records of page_clicks are read again, which wrote about 50 rows: they come once more"
        in (juncture.json["checked"])
    )
    assert juncture("upgrade", JOB, "--rewind", "page_clicks") == 0, juncture.stderr
    assert list(juncture.json["startpoints"]) == ["page_clicks"]
    juncture.write(50)
    until(lambda: len(juncture.joined()) == 50 + 100)
    twice = sorted(row["click_id"] for row in juncture.joined())
    assert twice == sorted(
        [f"c{number}" for number in range(50)] * 2 + [f"c{number}" for number in range(50, 100)]
    )

    edit = ("i.page,", "UPPER(i.page) AS page,")
    juncture.edit(JOIN, lambda text: text.replace(*edit))
    assert juncture("upgrade", JOB) == 0, juncture.stderr
    juncture.write(50)
    until(lambda: len(juncture.joined()) >= 200)
    assert len(juncture.joined()) == 200, "an upgrade after that reads nothing again"

    (running,) = [job for job in cluster.jobs() if job.name == f"{juncture.name}.{JOB}" and not job.ended]
    cluster.cancel(running.id)
    cluster.wait_ended(running.id, 60)
    assert juncture("upgrade", JOB) == 0, juncture.stderr
    assert "Going on from the newest checkpoint of version 3" in juncture.stderr


def test_a_job_that_lags_behind_its_log_is_not_stopped(juncture: Project, cluster: FlinkCluster) -> None:
    # Some 30 ms a record, a few of which the consumer has in hand.
    slow = "WHERE CHAR_LENGTH(SHA2(REPEAT(i.page, 10000000), 256)) > 0\n"
    juncture.edit(JOIN, lambda text: text + slow)
    juncture.edit(
        "sql/sources/page_impressions.sql",
        lambda text: text.replace("'1 min')", "'1 min', more={'properties.max.poll.records': '5'})"),
    )
    assert juncture("submit", JOB) == 0, juncture.stderr
    juncture.write(2000)
    topic = juncture.topic("page-impressions")
    admin = Admin(juncture.kafka)
    ends = offsets.latest(admin, [topic])[topic]
    until(lambda: behind(juncture) > 200)
    places = [TopicPartition(topic, partition, end) for partition, end in ends.items()]
    for deleted in admin.client.delete_records(places).values():
        deleted.result(10)

    for more in (("--plan",), ()):
        assert juncture("upgrade", JOB, *more) == 1
        assert f"partition 0 of '{topic}' begins at offset {ends[0]}: its log has removed" in juncture.stderr
        assert "nothing was changed; version 1 runs on" in juncture.stderr
        assert "--rewind SOURCE" in juncture.stderr
    (running,) = [job for job in cluster.jobs() if job.name == f"{juncture.name}.{JOB}"]
    assert running.state == "RUNNING"


def behind(juncture: Project) -> int:
    """How many records the running job has yet to read of its impressions."""
    assert juncture("status", JOB) == 0, juncture.stderr
    (job,) = juncture.json["jobs"]
    return next(int(each["behind"] or 0) for each in job["sources"] if each["table"] == "page_impressions")
