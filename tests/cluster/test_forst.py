"""Joins whose state ForSt keeps where checkpoints are: gone on from checkpoints and savepoints, on a real cluster."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.conftest import REPOSITORY, Stack

from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.validation.cases.case import Case
from juncture.validation.cases.case_file import read_cases
from juncture.validation.harness.runner import run_case
from juncture.validation.harness.session import WarmSession
from juncture.validation.report.text import failure_lines

JOBS = {"flink": "flink", "ours": "event_join", "regular": "flink"}
"""The jobs' join strategies: an interval join, the event join, and a regular join, which waits for no state."""

CASE = """\
  - name: {job}
    job: {job}
    steps:
      - arrive:
          - page_impressions: [[impression_id, served_at], [i1, "+00:00"], [i2, "+00:01"], [i3, "+00:02"]]
      - restart: checkpoint
      - arrive:
          - page_clicks: [[click_id, impression_id, clicked_at], [c1, i1, "+00:05"]]
      - expect: [[click_id], [c1]]
      - restart: savepoint
      - arrive:
          - page_clicks: [[click_id, impression_id, clicked_at], [c2, i2, "+00:06"], [c3, i1, "+00:07"]]
      - rescale: 1
      - arrive:
          - page_clicks: [[click_id, impression_id, clicked_at], [c4, i3, "+00:08"]]
    expect: [[click_id, impression_id], [c1, i1], [c2, i2], [c3, i1], [c4, i3]]
"""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Case, ...]]:
    root = tmp_path_factory.mktemp("forst")
    for folder in ("sql", "templates"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    shutil.copy(REPOSITORY / "juncture.toml", root)
    (root / "jobs").mkdir()
    join = (root / "sql/joins/impression_clicks.sql").read_text()
    (root / "sql/joins/regular.sql").write_text(join[: join.index("    AND c.clicked_at BETWEEN")])
    for job, strategy in JOBS.items():
        name = "regular" if job == "regular" else "impression_clicks"
        (root / f"jobs/{job}.yaml").write_text(
            f"join: {name}\nsink: joined_clicks\njoin_strategy: {strategy}\nparallelism: 2\n"
            "state: {backend: forst, ttl: 1 h}\n"
        )
    text = "".join(CASE.format(job=job) for job in JOBS)
    (root / "cases.yaml").write_text(f"job: flink\nbase: 2026-03-01T10:00:00Z\nlimit: 60 s\ncases:\n{text}")
    project = load_project(root)
    return root, read_cases(project, resolve_environment(project), root / "cases.yaml")


@pytest.fixture(scope="module")
def session(warm: WarmSession, cases: tuple[Path, tuple[Case, ...]]) -> Iterator[WarmSession]:
    project = load_project(cases[0])
    with WarmSession(project, resolve_environment(project), JOBS, beside=warm) as session:
        yield session


@pytest.mark.parametrize("job", JOBS)
def test_a_job_goes_on_from_its_checkpoint_and_from_its_savepoint(
    session: WarmSession, stack: Stack, cases: tuple[Path, tuple[Case, ...]], job: str
) -> None:
    (case,) = (each for each in cases[1] if each.job == job)
    outcome = run_case(session, case)

    assert failure_lines(outcome) == []
    assert outcome.passed
