"""Join-validation cases on a real broker and cluster, by themselves, by the command line and by pytest."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from juncture.cli.main import main
from juncture.kafka.admin import Admin
from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.validation.cases.case_file import read_cases
from juncture.validation.harness.runner import run_case
from juncture.validation.harness.session import WarmSession
from juncture.validation.report.text import failure_lines

REPOSITORY = Path(__file__).parents[2]

FAILING = """\
SELECT i.impression_id, c.click_id, CAST(c.target AS BIGINT) AS member_id, i.page, c.target, i.served_at,
    CAST(c.clicked_at AS TIMESTAMP_LTZ(3)) AS clicked_at
FROM {{ source('page_impressions') }} AS i
JOIN {{ source('page_clicks') }} AS c
    ON c.impression_id = i.impression_id
    AND c.clicked_at BETWEEN i.served_at AND i.served_at + {{ var('click_window') }}
"""

CASES = """\
job: impression_clicks
cases:
  - name: right
    events: &events
      - page_impressions: [[impression_id, served_at], [i1, "+00:00"], [i2, "+00:00"]]
      - page_clicks:
          - [click_id, impression_id, target, clicked_at, $partition]
          - [c1, i1, a, "+00:05", 0]
          - [c2, i2, b, "+00:06", 3]
          - [c3, i2, b, "+10:00.001", 3]
    expect:
      - [click_id, target, clicked_at]
      - [c2, b, "+00:06"]
      - [c1, a, "+00:05"]
  - name: right by the oracle
    events: *events
  - name: wrong
    events: *events
    expect:
      - [click_id, target, clicked_at]
      - [c1, a, "+00:07"]
      - [c3, b, "+10:00"]
  - name: the job fails
    job: failing
    events: *events
    expect: []
  - name: beyond the oracle
    job: unknown
    events: *events
  - name: a wrong option
    job: misset
    events: *events
"""

WRONG = """\
wrong.yaml:17:5: 2 rows are expected, the job wrote 2: 1 missing, 1 different, 1 extra

    click_id  target  clicked_at
  - c1        a       +00:07      different  line 21
  + c1        a       +00:05
                      ^^^^^^
  - c3        b       +10:00      missing  line 22
  + c2        b       +00:06      extra"""


@pytest.fixture(scope="module")
def root(stack, warm: WarmSession) -> Path:
    """The project of the running stack: the examples, a join that fails, and one the oracle can't compute."""
    job = (REPOSITORY / "jobs/impression_clicks.yaml").read_text()
    for name, select in (
        ("failing", FAILING),
        (
            "unknown",
            FAILING.replace("CAST(c.target AS BIGINT)", "i.member_id").replace("c.target,", "MD5(c.target),"),
        ),
    ):
        (stack.root / f"sql/joins/{name}.sql").write_text(select)
        (stack.root / f"jobs/{name}.yaml").write_text(job.replace("join: impression_clicks", f"join: {name}"))
    (stack.root / "jobs/misset.yaml").write_text(f"{job}  table.exec.mini-batch.size: 5 k\n")
    (stack.root / "wrong.yaml").write_text(CASES)
    return stack.root


@pytest.fixture(scope="module")
def session(root: Path, warm: WarmSession) -> Iterator[WarmSession]:
    project = load_project(root)
    jobs = ("impression_clicks", "failing", "unknown", "misset")
    with WarmSession(project, resolve_environment(project), jobs, beside=warm) as session:
        yield session


@pytest.fixture(scope="module")
def outcomes(session: WarmSession, root: Path):
    project = load_project(root)
    cases = read_cases(project, resolve_environment(project), root / "wrong.yaml")
    return {case.name: run_case(session, case) for case in cases}


def test_rows_are_compared_with_those_written_down_and_with_the_oracles(outcomes) -> None:
    for name, against in (("right", "expect"), ("right by the oracle", "oracle")):
        outcome = outcomes[name]
        assert failure_lines(outcome) == []
        assert (outcome.passed, outcome.against) == (True, against)
        assert (outcome.difference.expected, outcome.difference.actual) == (2, 2)


def test_rows_that_differ_are_shown_with_the_lines_that_expect_them(outcomes) -> None:
    assert "\n".join(failure_lines(outcomes["wrong"])) == WRONG


def test_a_job_that_fails_is_reported_by_its_root_cause(outcomes) -> None:
    (line, *_) = failure_lines(outcomes["the job fails"])

    assert line.startswith("wrong.yaml:23:5: the job failed: NumberFormatException: For input string:")


def test_without_the_oracle_a_case_asks_for_its_rows(outcomes) -> None:
    (line, remedy) = failure_lines(outcomes["beyond the oracle"])

    assert line.startswith("wrong.yaml:27:5: the case has no expected rows, and the oracle cannot compute")
    assert "(sql/joins/unknown.sql:1:" in line
    assert remedy == "  write the rows that must come out under 'expect:'"


def test_an_option_that_flink_refuses_is_told_before_the_job_starts(outcomes) -> None:
    assert failure_lines(outcomes["a wrong option"]) == [
        "jobs/misset.yaml: Flink refuses the value of the job's option table.exec.mini-batch.size",
        "  run `juncture check misset`, which shows what it takes",
    ]


def test_nothing_is_left_behind(session: WarmSession, outcomes) -> None:
    left = [topic for topic in Admin(session.connection.kafka).partitions() if topic.startswith("page-")]

    assert [topic for topic in left if "." in topic] == []
    assert [
        job.name for job in session.cluster.jobs() if job.name.startswith("test: ") and not job.ended
    ] == []


def test_the_job_runs_with_the_operators_that_are_deployed(session: WarmSession, outcomes) -> None:
    job = next(job for job in session.cluster.jobs() if job.name == "test: right")
    detail = session.cluster.job(job.id)

    assert detail is not None
    assert detail.state == "FINISHED"
    names = [operator.partition("[")[0] for vertex in detail.vertices for operator in vertex.operators]
    assert names.count("IntervalJoin") == 1
    assert {vertex.parallelism for vertex in detail.vertices} == {2}


def test_the_command_tells_as_json_and_ends_with_1(root: Path, one_planner: None) -> None:
    asked = ["--project", str(root), "--output", "json", "test", "-x", str(root / "wrong.yaml")]
    ended = CliRunner().invoke(main, asked)
    told = json.loads(ended.stdout)

    assert ended.exit_code == 1, ended.stderr
    assert (told["passed"], told["failed"], told["not_run"]) == (2, 1, 3)
    *_, wrong = told["cases"]
    assert wrong["name"] == "wrong"
    assert wrong["rows"]["deviations"][0] == {
        "kind": "different",
        "expected": {"click_id": "c1", "target": "a", "clicked_at": "+00:07"},
        "actual": {"click_id": "c1", "target": "a", "clicked_at": "+00:05"},
        "line": 21,
        "reason": None,
    }


def test_cases_are_tests_of_pytest(root: Path) -> None:
    folder = root / "tests" / "joins"
    folder.mkdir(parents=True)
    shutil.copy(root / "wrong.yaml", folder)
    report = root / "junit.xml"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-k", "right or wrong", f"--junitxml={report}"],
        cwd=root, capture_output=True, text=True, timeout=600,
    )  # fmt: skip

    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert WRONG in ended.stdout
    assert "1 failed, 2 passed" in ended.stdout
    cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314 - pytest's own
    assert [case.get("name") for case in cases] == ["right", "right by the oracle", "wrong"]
