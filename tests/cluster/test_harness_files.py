"""Plain cases over files, in the planner's own process: the same rows and messages as over topics."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.render.pages import write_page
from juncture.validation.cases.case_file import read_cases
from juncture.validation.harness.files import FileSession
from juncture.validation.harness.outcome import Outcome
from juncture.validation.harness.runner import run_case
from juncture.validation.report.html import page, section
from juncture.validation.report.text import failure_lines

REPOSITORY = Path(__file__).parents[2]

STAMPED = """\
CREATE TABLE stamped_clicks (
    click_id STRING NOT NULL,
    impression_id STRING,
    target STRING,
    clicked_at TIMESTAMP_LTZ(3),
    stored_at TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
    WATERMARK FOR clicked_at AS clicked_at - INTERVAL '2' MINUTE
) {{ kafka(topic='page-clicks', key='impression_id') }}
"""

CASES = """\
job: impression_clicks
cases:
  - name: right by the rows and the oracle
    oracle: true
    events: &events
      - page_impressions:
          - [impression_id, served_at, $partition]
          - [i1, "+00:00", 0]
          - [far ahead, "+09:00:00", 1]
      - page_clicks:
          - [click_id, impression_id, target, clicked_at, $partition]
          - [far ahead, i9, a, "+09:00:00", 0]
          - [c1, i1, null, "+00:05", 1]
          - [c2, i1, x, "+10:00", 2]
          - [c3, i1, c, "+10:00.001", 3]
    expect:
      - [impression_id, click_id, target, served_at, clicked_at]
      - [i1, c2, x, "+00:00", "+10:00"]
      - [i1, c1, null, "+00:00", "+00:05"]
  - name: wrong
    events: *events
    expect:
      - [click_id, clicked_at]
      - [c1, "+00:05"]
      - [c2, "+00:06"]
  - name: the job fails
    job: failing
    events: *events
    expect: []
  - name: no rows
    events: []
    expect: []
  - name: late
    events:
      - page_clicks: [[click_id, clicked_at], [c1, "+10:00"], [c2, "+00:00"]]
    expect: []
  - name: a changelog
    job: paid_orders
    events: []
    expect: []
  - name: timeless
    events:
      - page_clicks: [[click_id, clicked_at], [c1, null]]
    expect: []
  - name: metadata
    job: stamped
    events: []
    expect: []
  - name: outer
    job: ad_funnel
    events:
      - ad_requests: [[request_id, bid_micros, requested_at], [r1, 17, "+00:00"]]
      - ad_clicks: [[request_id, clicked_at], [r1, "+01:00:00.001"]]
    expect:
      - [request_id, bid_micros, clicked_at]
      - [r1, 17, null]
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("files")
    for folder in ("sql", "jobs"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    shutil.copy(REPOSITORY / "juncture.toml", root)
    select = (REPOSITORY / "sql/joins/impression_clicks.sql").read_text()
    (root / "sql/joins/failing.sql").write_text(
        select.replace("i.member_id,", "CAST(c.target AS BIGINT) AS member_id,")
    )
    (root / "jobs/failing.yaml").write_text("join: failing\nsink: joined_clicks\n")
    (root / "sql/sources/stamped_clicks.sql").write_text(STAMPED)
    (root / "sql/joins/stamped.sql").write_text(select.replace("'page_clicks'", "'stamped_clicks'"))
    (root / "jobs/stamped.yaml").write_text("join: stamped\nsink: joined_clicks\n")
    (root / "cases.yaml").write_text(CASES)
    return root


@pytest.fixture(scope="module")
def session(root: Path) -> Iterator[FileSession]:
    project = load_project(root)
    environment = resolve_environment(project)
    cases = read_cases(project, environment, root / "cases.yaml")
    with FileSession(project, environment, [case.job for case in cases]) as session:
        yield session


@pytest.fixture(scope="module")
def outcomes(root: Path, session: FileSession) -> dict[str, Outcome]:
    cases = read_cases(session.project, resolve_environment(session.project), root / "cases.yaml")
    return {case.name: run_case(session, case) for case in cases}


def test_rows_are_the_same_as_over_topics(outcomes) -> None:
    right = outcomes["right by the rows and the oracle"]

    assert failure_lines(right) == []
    assert (right.passed, right.against) == (True, "expect and oracle")
    assert [outcomes[name].passed for name in ("no rows", "outer")] == [True, True]


def test_rows_that_differ_are_shown_with_their_lines(outcomes) -> None:
    assert failure_lines(outcomes["wrong"]) == [
        "cases.yaml:20:5: 2 rows are expected, the job wrote 2: 1 different",
        "",
        "    click_id  clicked_at",
        "  - c2        +00:06      different  line 25",
        "  + c2        +10:00",
        "              ^^^^^^",
    ]


def test_a_job_that_fails_is_reported_by_its_root_cause(outcomes) -> None:
    (line, *_) = failure_lines(outcomes["the job fails"])

    assert line.startswith("cases.yaml:26:5: the job failed: NumberFormatException")


def test_the_page_draws_windows_and_rows_from_the_compiled_plan(root: Path, session, outcomes) -> None:
    drawn = section(outcomes["right by the rows and the oracle"], session).chart

    assert drawn is not None
    (window,) = drawn.marks[0].windows
    assert window.title == "joins page_clicks from +00:00 to +10:00"
    rows = {mark.number: [note.kind for note in mark.notes] for mark in drawn.marks if mark.notes}
    assert set(map(tuple, rows.values())) == {("written",)}
    assert {link.ends[0] for link in drawn.links} == {1}
    wrong = section(outcomes["wrong"], session)
    assert wrong.chart is not None
    assert [note.kind for mark in wrong.chart.marks for note in mark.notes].count("different") == 1
    assert (wrong.job.path, wrong.job.sink) == ("sql/joins/impression_clicks.sql", "joined_clicks")
    write_page(root / "page.html", page([wrong], 1))
    assert "clicked_at: +00:06 ⇒ +10:00" in (root / "page.html").read_text(encoding="utf-8")


def test_what_needs_kafka_is_refused_at_its_case(outcomes) -> None:
    assert failure_lines(outcomes["a changelog"]) == [
        "cases.yaml:37:5: files can't stand for the topics of this case: 'customers' is a changelog topic",
        "  run it without --files",
    ]
    assert failure_lines(outcomes["timeless"]) == [
        "cases.yaml:41:5: files can't stand for the topics of this case: line 43: over files Flink takes no record"
        " without clicked_at",
        "  run it without --files",
    ]
    assert failure_lines(outcomes["late"])[0].startswith("cases.yaml:35:63: the event of 'page_clicks'")
    assert failure_lines(outcomes["metadata"])[0] == (
        "cases.yaml:45:5: files can't stand for the topics of this case:"
        " the column 'stored_at' of 'stamped_clicks' is the record's metadata"
    )
