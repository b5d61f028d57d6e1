"""A project for checks: the repository's sources, and the SQL files of an example."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tests.projects import CONFIG

from juncture.checks.engine import check
from juncture.model.compilation import Compilation
from juncture.model.rendered import RenderedJob
from juncture.model.report import Finding
from juncture.planner.session import Planner
from juncture.project.loader import load_project
from juncture.render.renderer import render

REPOSITORY = Path(__file__).parents[2]
_HEADER = re.compile(r"^-- ((?:sql|jobs)/\S+)\n", re.MULTILINE)

DEFAULTS = {
    "juncture.toml": CONFIG,
    "jobs/clicks.yaml": "join: clicks\nsink: matches\n",
    "sql/sinks/matches.sql": """\
CREATE TABLE matches (
    impression_id STRING,
    target STRING
) {{ kafka(topic='matches', key='impression_id') }}
""",
}


def files_of(example: str) -> dict[str, str]:
    """The files of an example, each after a comment with its path."""
    parts = _HEADER.split(example + "\n")[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def compile_files(planner: Planner, root: Path, files: Mapping[str, str]) -> tuple[RenderedJob, Compilation]:
    """Write a project of these files and the defaults, and compile its job 'clicks'."""
    sources = sorted((REPOSITORY / "sql/sources").glob("*.sql"))
    all_files = {f"sql/sources/{path.name}": path.read_text(encoding="utf-8") for path in sources}
    for path, text in {**all_files, **DEFAULTS, **files}.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    project = load_project(root)
    rendered = render(project, "clicks", project.environments["local"])
    return rendered, planner.compile(rendered)


def check_files(planner: Planner, root: Path, files: Mapping[str, str]) -> tuple[Finding, ...]:
    """Every finding in the job 'clicks' of such a project."""
    return check(*compile_files(planner, root, files))
