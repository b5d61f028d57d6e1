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
JOIN = "sql/joins/clicks.sql"
IMPRESSIONS, CLICKS = "{{ source('page_impressions') }}", "{{ source('page_clicks') }}"
BOUND = "c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE"
ON = f"\n    ON c.impression_id = i.impression_id\n    AND {BOUND}"
QUIET = {
    "left": f"SELECT i.impression_id, c.target FROM {IMPRESSIONS} AS i LEFT JOIN {CLICKS} AS c {ON}",
    "full": f"SELECT i.impression_id, c.target FROM {IMPRESSIONS} AS i FULL OUTER JOIN {CLICKS} AS c {ON}",
    "anti": f"SELECT i.impression_id, i.page FROM {IMPRESSIONS} AS i LEFT JOIN {CLICKS} AS c {ON}"
    " WHERE c.impression_id IS NULL",
    "residual over both sides": f"SELECT i.impression_id, c.target FROM {IMPRESSIONS} AS i"
    f" LEFT JOIN {CLICKS} AS c {ON} AND i.page <> c.click_id",
    "window join": "SELECT l.impression_id, r.target"
    f" FROM (SELECT * FROM TUMBLE(TABLE {IMPRESSIONS}, DESCRIPTOR(served_at), INTERVAL '5' MINUTE)) AS l"
    f" JOIN (SELECT * FROM TUMBLE(TABLE {CLICKS}, DESCRIPTOR(clicked_at), INTERVAL '5' MINUTE)) AS r"
    " ON l.impression_id = r.impression_id AND l.window_start = r.window_start AND l.window_end = r.window_end",
    "union of topics": f"SELECT i.impression_id, c.target FROM {IMPRESSIONS} AS i JOIN ("
    f" SELECT impression_id, target, clicked_at FROM {CLICKS} UNION ALL"
    " SELECT request_id, landing_page, clicked_at FROM {{ source('ad_clicks') }}) AS c" + ON,
    "temporal": "SELECT o.order_id, u.country FROM {{ source('orders') }} AS o"
    " LEFT JOIN {{ source('customers') }} FOR SYSTEM_TIME AS OF o.ordered_at AS u"
    " ON u.customer_id = o.customer_id",
    "nondeterministic, but appended": f"SELECT i.impression_id, UUID() FROM {IMPRESSIONS} AS i"
    f" JOIN {CLICKS} AS c {ON}",
    "windowed aggregation": f"SELECT impression_id, MAX(target) FROM TABLE(TUMBLE(TABLE {CLICKS},"
    " DESCRIPTOR(clicked_at), INTERVAL '5' MINUTE)) GROUP BY impression_id, window_start, window_end",
    "payload used as a whole": f"SELECT i.impression_id, i.items FROM {IMPRESSIONS} AS i JOIN {CLICKS} AS c {ON}"
    " WHERE JSON_VALUE(i.items, '$.a') <> c.target",
}
"""Joins without a finding."""

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


def found(planner: Planner, root: Path, join: str, files: dict[str, str] | None = None) -> list[str]:
    """'rule line:column' of each finding in the join's file, 'rule path:line:column' of those elsewhere."""
    findings = check_files(planner, root, {JOIN: join, **(files or {})})
    return [f"{f.rule} {str(f.location).removeprefix(JOIN + ':')}" for f in findings]
