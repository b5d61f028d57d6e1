"""The commands on running jobs, against a real broker and a real cluster."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.cluster.conftest import Stack
from tests.cluster.example import TOPICS
from tests.projects import write_project

from juncture.cli.main import main
from juncture.kafka.admin import Admin

pytestmark = pytest.mark.usefixtures("one_planner")

JOB = "impression_clicks"


class CommandLine:
    """Runs commands on a project; `json` is what the last one printed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.json: Any = None
        self.stderr = ""

    def __call__(self, *args: str) -> int:
        result = CliRunner().invoke(main, ["--project", str(self.root), "--output", "json", *args])
        self.json = json.loads(result.stdout) if result.stdout else None
        self.stderr = result.stderr
        return result.exit_code


@pytest.fixture(scope="module")
def juncture(stack: Stack, examples: Path) -> Iterator[CommandLine]:
    """On the examples, whose local stack runs; nobody else has their topics."""
    yield CommandLine(examples)
    Admin(stack.kafka).delete(TOPICS)


def test_a_job_from_its_first_submit_to_its_stop(juncture):
    assert juncture("status", JOB) == 1
    assert juncture.json["jobs"][0]["phase"] == "none"

    assert juncture("submit", JOB) == 1, "its topics are not there yet"
    assert "missing on the Kafka cluster" in juncture.stderr

    assert juncture("sample", JOB, "--events", "1000") == 0, juncture.stderr
    assert juncture.json["written"]["main"] > 1000
    assert juncture("sample", JOB, "--events", "1000", "--partitions", "3") == 1
    assert "nothing was written" in juncture.stderr

    assert juncture("submit", JOB, "--create-topics") == 0, juncture.stderr
    assert juncture.json["phase"] == "running"
    first = juncture.json["flink_job_id"]

    assert juncture("submit", JOB) == 1
    assert f"already running as Flink job {first}" in juncture.stderr

    assert juncture("status", JOB) == 0
    assert juncture.json["jobs"][0]["flink_state"] == "RUNNING"

    assert juncture("local", "down") == 1
    assert f"1 job runs on the local cluster: {JOB} (RUNNING, Flink job {first})" in juncture.stderr
    assert f"`juncture stop {JOB}`" in juncture.stderr

    authored = juncture.root / f"jobs/{JOB}.yaml"
    text = authored.read_text()
    authored.unlink()
    try:
        assert juncture("status") == 1, "the others do not run"
    finally:
        authored.write_text(text)
    assert [each["phase"] for each in juncture.json["jobs"] if each["job"] == JOB] == ["running"]

    savepoint = stop_with_a_full_store(juncture.root)
    assert juncture("history", JOB) == 0
    assert [each["phase"] for each in juncture.json["deployments"]] == ["running"], (
        "nothing could be recorded"
    )
    assert juncture("submit", JOB, "--plan") == 0, juncture.stderr
    assert (juncture.json["version"], juncture.json["restored_from"]) == (2, savepoint)
    assert juncture("stop", JOB) == 1
    assert "does not run: stopped at" in juncture.stderr
    assert juncture("history", JOB) == 0
    (only,) = juncture.json["deployments"]
    assert (only["phase"], only["flink_job_id"], only["savepoint"]) == ("stopped", first, savepoint)


def stop_with_a_full_store(root: Path) -> str:
    """Stop the job by a command that can write no file of any size; the savepoint it tells of."""
    program = [sys.executable, "-c", "from juncture.cli.main import main; main()"]
    command = [*program, "stop", JOB, "--project", str(root), "--output", "json"]

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))

    ran = subprocess.run([*command, "--drain"], capture_output=True, text=True, preexec_fn=full, check=False)
    assert (ran.returncode, "can't be drained" in ran.stderr) == (1, True), ran.stderr
    ran = subprocess.run(command, capture_output=True, text=True, preexec_fn=full, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["phase"] == "stopped"
    assert "not recorded: the store" in told["note"]
    assert "it is full" in told["note"]
    return str(told["savepoint"])


def test_findings_keep_a_job_from_being_submitted(juncture):
    join = juncture.root / "sql/joins/impression_clicks.sql"
    text = join.read_text()
    join.write_text(text.replace("c.target", "c.targets"))
    try:
        assert juncture("submit", JOB) == 1
    finally:
        join.write_text(text)
    finding, refusal = [
        error["error"] for line in juncture.stderr.splitlines() if "error" in (error := json.loads(line))
    ]
    assert finding["location"] == {"path": "sql/joins/impression_clicks.sql", "line": 7, "column": 7}
    assert refusal["problem"] == f"the check finds an error in '{JOB}'"


def test_brokers_that_do_not_answer_end_with_3(tmp_path):
    config = (
        '[project]\nname = "shop"\ndefault_environment = "far"\n[environments.far]\n'
        'kafka.bootstrap_servers = "127.0.0.1:1"\nflink.rest = "http://127.0.0.1:1"\n'
    )
    run = CommandLine(write_project(tmp_path, {"juncture.toml": config}))
    assert run("sample", JOB, "--events", "100") == 3
    assert "127.0.0.1:1" in run.stderr
