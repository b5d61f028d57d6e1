"""Which files hold cases, for the command and for pytest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from juncture.errors import InvalidProject, JunctureError
from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.project.scaffold import create
from juncture.validation.cases.discovery import all_cases, case_files

pytest_plugins = ["pytester"]

CASES = "job: impression_clicks\ncases:\n  - {name: a, events: []}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    create(folder)
    shutil.rmtree(folder / "tests/joins")
    (folder / "tests/joins/more").mkdir(parents=True)
    for name in ("tests/joins/b.yaml", "tests/joins/more/c.yml", "test_x.yaml", "other.yaml"):
        (folder / name).write_text(CASES)
    return folder


def test_cases_are_in_tests_joins_unless_paths_are_given(root: Path) -> None:
    def names(*given: str) -> list[str]:
        found = case_files(root, [root / each for each in given])
        return [each.relative_to(root).as_posix() for each in found]

    assert names() == ["tests/joins/b.yaml", "tests/joins/more/c.yml"]
    assert names("other.yaml", "tests/joins/more", "other.yaml") == ["other.yaml", "tests/joins/more/c.yml"]
    for given in (["nowhere"], ["sql"]):
        with pytest.raises(JunctureError, match=r"there (is|are) no"):
            names(*given)


def test_mistakes_of_all_files_are_told_together(root: Path) -> None:
    for path in (root / "tests/joins/b.yaml", root / "other.yaml"):
        path.write_text("cases: []\n")
    project = load_project(root)

    with pytest.raises(InvalidProject) as caught:
        all_cases(project, resolve_environment(project), [root / "tests/joins/b.yaml", root / "other.yaml"])
    assert [each.location.path for each in caught.value.problems if each.location] == [
        "tests/joins/b.yaml",
        "other.yaml",
    ]


def collected(pytester: pytest.Pytester, root: Path) -> list[str]:
    pytester.chdir()
    found = pytester.runpytest_inprocess("-q", "--co", "--rootdir", root, root).outlines
    return [line.replace(f"{os.path.relpath(root)}/", "") for line in found]


def test_pytest_collects_cases(pytester: pytest.Pytester, root: Path) -> None:
    found = collected(pytester, root)
    assert [line for line in found if "::" in line] == [
        "test_x.yaml::a",
        "tests/joins/b.yaml::a",
        "tests/joins/more/c.yml::a",
    ]
    (root / "test_x.yaml").write_text("cases: []\n")
    assert any("test_x.yaml:1:1: there are no cases" in line for line in collected(pytester, root))


def test_pytest_imports_nothing_heavy_where_there_are_no_cases(root: Path) -> None:
    program = (
        "import sys, pytest; code = pytest.main(sys.argv[1:]);"
        "print('heavy', sorted({'duckdb', 'pyflink', 'sqlglot', 'juncture.model'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "-q", "--co", "jobs"],
        cwd=root, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "heavy []" in done.stdout
