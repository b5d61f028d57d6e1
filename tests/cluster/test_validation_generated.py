"""Mutants, generated cases and other orders of the example job, run by Flink."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from juncture.cli.main import main
from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.project.scaffold import create
from juncture.validation.cases.case import Case
from juncture.validation.cases.case_file import read_cases
from juncture.validation.cases.case_writer import write_cases
from juncture.validation.cases.schema import read_tables
from juncture.validation.generate.mutants import mutants_of
from juncture.validation.generate.mutation import mutate
from juncture.validation.generate.search import search
from juncture.validation.harness.compiling import Compiled
from juncture.validation.harness.files import FileSession
from juncture.validation.harness.runner import run_case

REPOSITORY = Path(__file__).parents[2]
JOB = "impression_clicks"
LATER = "i.served_at + INTERVAL '10' MINUTE -> i.served_at + INTERVAL '10' MINUTE + INTERVAL '0.001' SECOND"
EARLIER = LATER.replace("+ INTERVAL '0.001'", "- INTERVAL '0.001'")

FIRST = """\
SELECT impression_id, click_id, CAST(NULL AS BIGINT) AS member_id, CAST(NULL AS STRING) AS page, target,
    CAST(NULL AS TIMESTAMP_LTZ(3)) AS served_at, CAST(clicked_at AS TIMESTAMP_LTZ(3)) AS clicked_at
FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY impression_id ORDER BY arrived) AS place
    FROM (SELECT *, PROCTIME() AS arrived FROM {{ source('page_clicks') }})
)
WHERE place = 1
"""
CASES = """\
job: first_click
cases:
  - name: the first click
    events:
      - page_clicks:
          - [click_id, impression_id, clicked_at]
          - [c1, i1, "+00:00"]
          - [c2, i1, "+00:10"]
          - [c3, i1, "+00:20"]
    expect:
      - [click_id]
      - [c1]
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "p"
    create(folder)
    shutil.copytree(REPOSITORY / "tests" / "joins", folder / "tests" / "joins", dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def session(root: Path) -> Iterator[FileSession]:
    project = load_project(root)
    with FileSession(project, resolve_environment(project), [JOB]) as session:
        yield session


def cases_in(root: Path, path: Path) -> tuple[Case, ...]:
    project = load_project(root)
    return read_cases(project, resolve_environment(project), path)


def mutant(session: FileSession, name: str) -> Compiled:
    authored = session.job(JOB).rendered
    (found,) = (each for each in mutants_of(authored) if each.name == name)
    return session.compile(found.apply(authored))


def test_mutants_live_where_the_case_that_kills_them_is_taken_out(root: Path, session: FileSession) -> None:
    cases = {case.name: case for case in cases_in(root, root / "tests/joins/impression_clicks.yaml")}
    bound = cases.pop("a click joins until ten minutes after")

    found = mutate(session, JOB, list(cases.values()), {EARLIER: "only to try it", "a -> b": "is no mutant"})

    assert {each.mutant.name for each in found.of("lives")} == {LATER}
    assert {each.mutant.name: each.why for each in found.of("equivalent")} == {EARLIER: "only to try it"}
    assert {each.mutant.name for each in found.of("same plan")} == {"= -> IS NOT DISTINCT FROM"}
    assert len(found.of("killed")) == 10
    assert (found.failing, found.unknown, found.passed) == ((), ("a -> b",), False)
    assert [run_case(session, bound, mutant(session, name)).passed for name in (LATER, EARLIER)] == [
        False
    ] * 2


def test_a_generated_case_tells_a_mutant_from_the_join(root: Path, session: FileSession) -> None:
    version = mutant(session, "i.served_at -> i.served_at - INTERVAL '0.001' SECOND")

    found = search(session, JOB, 100, 1, version)
    assert found.case is not None
    path = root / "tests" / "joins" / "found" / "one.yaml"
    path.parent.mkdir()
    path.write_text(write_cases([found.case], read_tables(session.job(JOB).rendered)))
    (case,) = cases_in(root, path)

    assert case.name == "found by seed 1"
    assert sorted(each.source for each in case.arrivals) == ["page_clicks", "page_impressions"]
    assert run_case(session, case).passed
    assert not run_case(session, case, version).passed


def test_the_join_itself_passes_what_is_generated(session: FileSession) -> None:
    found = search(session, JOB, 50, 2)

    assert (found.case, found.outcome, found.runs) == (None, None, 2)


def test_an_order_with_other_rows_is_shown_as_a_case(examples: Path, one_planner: None) -> None:
    job = (REPOSITORY / f"jobs/{JOB}.yaml").read_text()
    job = job.replace(f"join: {JOB}", "join: first_click").replace("  page_impressions: earliest\n", "")
    (examples / "jobs/first_click.yaml").write_text(job.replace("parallelism: 2", "parallelism: 1"))
    (examples / "sql/joins/first_click.sql").write_text(FIRST)
    path = examples / "first.yaml"
    path.write_text(CASES)
    asked = ["--project", str(examples), "test", "--orders", "3", "--seed", "4", str(path)]
    ended = CliRunner().invoke(main, asked)

    assert ended.exit_code == 1, ended.output
    head, _, copy = ended.stdout.partition("\nThis order as a case:\n\n")
    assert "first.yaml::the first click (order " in head
    assert "seed 4)" in head
    path.write_text(copy[: copy.index("\n\n") + 1])
    (case,) = cases_in(examples, path)
    assert [each.row["click_id"] for each in case.arrivals] != ["c1", "c2", "c3"]
