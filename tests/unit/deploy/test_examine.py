"""Whether the author's files are those of the version that runs, and why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.projects import small_project

from juncture.deploy.examine import _authored
from juncture.diagnosis.patient import Authored
from juncture.project.loader import read_project
from juncture.render.renderer import render


def found(root: Path, files: dict[str, str]) -> tuple[Authored | None, str]:
    def author() -> Authored:
        project = read_project(root)
        return Authored(render(project, "matches", project.environments["local"]), project.jobs["matches"])

    return _authored(author, files)


@pytest.fixture
def deployed(tmp_path: Path) -> dict[str, str]:
    project = small_project(tmp_path)
    statements = render(project, "matches", project.environments["local"]).statements
    return {"statements.sql": "\n".join(f"{each.text};\n" for each in statements)}


def test_files_of_the_version_that_runs(tmp_path: Path, deployed: dict[str, str]) -> None:
    authored, why = found(tmp_path, deployed)
    assert (authored is not None, why) == (True, "")


def test_a_job_that_has_left_the_project(tmp_path: Path, deployed: dict[str, str]) -> None:
    (tmp_path / "jobs/matches.yaml").unlink()
    assert found(tmp_path, deployed) == (None, "the project has no job 'matches'")


def test_a_job_whose_file_is_broken_is_told_of_by_its_place(tmp_path: Path, deployed: dict[str, str]) -> None:
    (tmp_path / "jobs/matches.yaml").write_text("join: [\n")
    authored, why = found(tmp_path, deployed)
    assert authored is None
    assert why.startswith("jobs/matches.yaml:2:1: ")
    (tmp_path / "jobs/matches.yaml").write_text("join: matches\nsink: matches\nnope: 1\nneither: 2\n")
    assert found(tmp_path, deployed)[1].endswith(" (and 1 problem more)")
