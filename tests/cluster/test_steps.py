"""Cases with steps on a real broker and cluster: what they prove, and what they say when they fail."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from juncture.kafka.admin import Admin
from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.validation.cases.case_file import read_cases
from juncture.validation.harness.outcome import Outcome
from juncture.validation.harness.runner import run_case
from juncture.validation.harness.session import WarmSession
from juncture.validation.report.text import failure_lines

REPOSITORY = Path(__file__).parents[2]

SEGMENTS = """\
SELECT customer_id, segment FROM {{ source('customers') }} WHERE segment <> 'gone'
"""
SEGMENTS_SINK = """\
CREATE TABLE segments (
    customer_id BIGINT NOT NULL,
    segment STRING,
    PRIMARY KEY (customer_id) NOT ENFORCED
) {{ upsert_kafka(topic='segments') }}
"""

CASES = """\
job: impression_clicks
base: 2026-03-01T10:00:00Z
limit: 60 s
cases:
  - name: changes
    job: segments
    steps:
      - arrive:
          - customers:
              - [customer_id, segment, updated_at]
              - [1, new, "+00:00"]
              - [2, new, "+00:00"]
              - [1, loyal, "+00:01"]
              - [2, gone, "+00:02"]
      - expect:
          changelog:
            - [$kind, customer_id, segment]
            - [upsert, 1, new]
            - [upsert, 1, loyal]
            - [upsert, 2, new]
            - [delete, 2, null]
          rows: [[customer_id, segment], [1, loyal]]
    expect: [[customer_id, segment], [1, loyal]]
  - name: what is not as expected is told at its line
    steps:
      - arrive:
          - page_impressions: [[impression_id, served_at], [i1, "+00:00"]]
          - page_clicks: [[click_id, impression_id, target, clicked_at], [c1, i1, a, "+00:05"]]
      - expect:
          - [click_id]
          - [c9]
    expect: []
  - name: metrics are told, too
    steps:
      - watermark: {page_clicks: "+10:00"}
      - expect: {watermark: {page_clicks: "+11:00"}, held_by: page_clicks, late: 1}
    expect: []
  - name: stalled
    limit: 3 s
    steps:
      - stall: {page_clicks: 1}
      - watermark: {page_clicks: "+10:00"}
    expect: []
  - name: the job fails
    job: failing
    steps:
      - arrive:
          - page_impressions: [[impression_id, served_at], [i1, "+00:00"]]
          - page_clicks: [[click_id, impression_id, target, clicked_at], [c1, i1, a, "+00:05"]]
      - expect: []
    expect: []
"""


@pytest.fixture(scope="module")
def outcomes(warm: WarmSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    """The cases' outcomes, on the running stack."""
    root = tmp_path_factory.mktemp("steps")
    for folder in ("sql", "jobs", "templates"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    shutil.copy(REPOSITORY / "juncture.toml", root)
    join = (root / "sql/joins/impression_clicks.sql").read_text()
    (root / "sql/joins/failing.sql").write_text(join.replace("i.member_id", "CAST(c.target AS BIGINT)"))
    (root / "sql/joins/segments.sql").write_text(SEGMENTS)
    (root / "sql/sinks/segments.sql").write_text(SEGMENTS_SINK)
    job = (root / "jobs/impression_clicks.yaml").read_text()
    (root / "jobs/failing.yaml").write_text(job.replace("join: impression_clicks", "join: failing"))
    (root / "jobs/segments.yaml").write_text("join: segments\nsink: segments\n")
    (root / "steps.yaml").write_text(CASES)
    project = load_project(root)
    environment = resolve_environment(project)
    cases = read_cases(project, environment, root / "steps.yaml")
    with WarmSession(project, environment, [case.job for case in cases], beside=warm) as session:
        yield {case.name: run_case(session, case) for case in cases}
        left = [topic for topic in Admin(session.connection.kafka).partitions() if "page-clicks." in topic]
        assert left == []


def test_the_changes_of_a_changelog_sink_are_compared_with_their_kinds(outcomes) -> None:
    outcome = outcomes["changes"]

    assert failure_lines(outcome) == []
    assert outcome.passed
    assert [(each.step, each.rows) for each in outcome.timeline] == [("arrive", None), ("expect", 4)]
    seen = outcome.timeline[0].seen
    assert [split.offset for split in seen.sources["customers"].splits] == [3]


def test_rows_that_differ_after_a_step_are_told_at_it(outcomes) -> None:
    lines = failure_lines(outcomes["what is not as expected is told at its line"])

    assert lines[0].startswith("steps.yaml:29:9: 1 row is expected, the job wrote 1:")
    assert any("c9" in line and "line 31" in line for line in lines)


def test_metrics_that_differ_are_told_together(outcomes) -> None:
    (line, *_) = failure_lines(outcomes["metrics are told, too"])

    assert line == (
        "steps.yaml:36:9: the watermark of 'page_clicks' is +10:00, and not +11:00;"
        " event time is held back by 'page_impressions', and not by 'page_clicks';"
        " 0 records came late, and not 1"
    )


def test_a_step_that_is_not_reached_says_what_the_job_was_waiting_for(outcomes) -> None:
    (line, *_) = failure_lines(outcomes["stalled"])

    assert line == (
        "steps.yaml:42:9: not reached within 3 s: the watermark of 'page_clicks' stands at none and not +10:00:"
        " partition 1 has seen no record"
    )
    assert outcomes["stalled"].timeline[-1].problem is not None


def test_a_job_that_fails_is_told_by_its_root_cause_at_the_step(outcomes) -> None:
    (line, *_) = failure_lines(outcomes["the job fails"])

    assert line.startswith(("steps.yaml:47:9: ", "steps.yaml:50:9: "))
    assert "NumberFormatException" in line
