"""Rendered jobs without a planner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.projects import small_project

from juncture.checks.case import Case
from juncture.model.compilation import Compilation, PlannerError
from juncture.render.renderer import render

MakeCase = Callable[..., Case]


@pytest.fixture
def make_case(tmp_path: Path) -> MakeCase:
    """make_case(join, error=..., files=...): the small project's job as a rule sees it, without a plan."""

    def make(join: str, error: PlannerError | None = None, files: dict[str, str] | None = None) -> Case:
        project = small_project(tmp_path, {"sql/joins/matches.sql": join, **(files or {})})
        rendered = render(project, "matches", project.environments["local"])
        return Case(rendered, Compilation(error=error))

    return make
