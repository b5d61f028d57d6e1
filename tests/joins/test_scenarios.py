"""Cases in every scenario on a real broker and cluster, of a job whose sink writes at-least-once as it is deployed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.validation.cases.case import Case
from juncture.validation.cases.case_file import make_cases
from juncture.validation.harness.runner import run_case
from juncture.validation.harness.scenarios import SCENARIOS, in_scenario
from juncture.validation.harness.session import WarmSession
from juncture.validation.report.text import failure_lines

REPOSITORY = Path(__file__).parents[2]

# Each half writes a row of its own, and the second also one of an impression that the first half brought.
DATA: dict[str, Any] = {
    "job": "impression_clicks",
    "cases": [
        {
            "name": "clicks join",
            "events": [
                {"page_impressions": [["impression_id", "served_at"], ["i1", "+00:00"], ["i2", "+00:01"]]},
                {"page_clicks": [["click_id", "impression_id", "clicked_at"], ["c1", "i1", "+00:02"]]},
                {"page_impressions": [["impression_id", "served_at"], ["i3", "+00:03"]]},
                {
                    "page_clicks": [
                        ["click_id", "impression_id", "clicked_at", "$partition"],
                        ["c2", "i2", "+00:04", 0],
                        ["c3", "i3", "+00:05", 1],
                    ]
                },
                {"page_impressions": [["impression_id", "served_at"], ["i4", "+00:06"]]},
                {"page_clicks": [["click_id", "impression_id", "clicked_at"], ["c4", "i1", "+00:07"]]},
            ],
            "expect": [
                ["click_id", "impression_id"],
                *(["c1", "i1"], ["c2", "i2"], ["c3", "i3"], ["c4", "i1"]),
            ],
        }
    ],
}

# A key's later row takes the place of the earlier one, whichever half brings it.
LATEST = {
    "sql/joins/latest.sql": """\
SELECT impression_id, click_id
FROM (
    SELECT i.impression_id, c.click_id,
        ROW_NUMBER() OVER (PARTITION BY i.impression_id ORDER BY c.clicked_at DESC) AS place
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
)
WHERE place = 1
""",
    "sql/sinks/latest.sql": """\
CREATE TABLE latest (
    impression_id STRING,
    click_id STRING,
    PRIMARY KEY (impression_id) NOT ENFORCED
) {{ upsert_kafka(topic='latest') }}
""",
    "jobs/latest.yaml": "{join: latest, sink: latest, delivery: at-least-once, state: {ttl: 1 h}}\n",
}
LATEST_CASE = {
    **DATA["cases"][0],
    "expect": [["impression_id", "click_id"], ["i1", "c4"], ["i2", "c2"], ["i3", "c3"]],
}


@pytest.fixture
def session(juncture_session: WarmSession, tmp_path: Path) -> Iterator[WarmSession]:
    """Of a project of its own, on the stack of the examples' cases, whose TaskManagers may be killed."""
    for folder in ("sql", "jobs", "templates"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    shutil.copy(REPOSITORY / "juncture.toml", tmp_path)
    job = tmp_path / "jobs/impression_clicks.yaml"
    job.write_text(job.read_text().replace("delivery: exactly-once", "delivery: at-least-once"))
    for path, text in LATEST.items():
        (tmp_path / path).write_text(text)
    project = load_project(tmp_path)
    jobs = ["impression_clicks", "latest"]
    with WarmSession(
        project, resolve_environment(project), jobs, beside=juncture_session, spare=True
    ) as session:
        yield session


# The job that goes on at another parallelism goes on from a savepoint.
@pytest.mark.parametrize("scenario", sorted({*SCENARIOS} - {"savepoint"}))
def test_nothing_is_lost_and_nothing_is_there_twice(session: WarmSession, scenario: str) -> None:
    (case,) = make_cases(session.project, session.environment, DATA)
    job = session.job(case.job).rendered.job
    assert job.delivery == "at-least-once"

    put = in_scenario(case, scenario, job)
    assert isinstance(put, Case)
    outcome = run_case(session, put)

    assert outcome.passed, "\n".join(failure_lines(outcome))
    assert outcome.difference is not None
    assert outcome.difference.actual == 4
    assert [each.problem for each in outcome.timeline] == [None] * len(put.steps)


def test_an_upsert_topic_ends_with_the_latest_rows(session: WarmSession) -> None:
    (case,) = make_cases(session.project, session.environment, {"job": "latest", "cases": [LATEST_CASE]})
    put = in_scenario(case, "exactly-once", session.job(case.job).rendered.job)
    assert isinstance(put, Case)
    outcome = run_case(session, put)

    assert outcome.passed, "\n".join(failure_lines(outcome))
