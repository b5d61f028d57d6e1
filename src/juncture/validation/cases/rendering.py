"""A job as cases run it: what its topics hold by Avro is JSON, in which cases and the oracle write and read records."""

from __future__ import annotations

from juncture.model.environment import Environment
from juncture.model.project import Project
from juncture.model.rendered import FORMAT, RenderedJob, Statement
from juncture.render.renderer import render
from juncture.validation.cases.options import with_options
from juncture.validation.oracle.tables import read_table

_AVRO, _JSON = "avro", "json"


def render_in_json(project: Project, job: str, environment: Environment) -> RenderedJob:
    """Render a job; its query, columns and plan are the deployed one's. Raises InvalidProject."""
    rendered = render(project, job, environment)
    statements = tuple(
        _in_json(each) if each.kind != "insert" and _AVRO in FORMAT.findall(each.text) else each
        for each in rendered.statements
    )
    return rendered.model_copy(update={"statements": statements})


def _in_json(statement: Statement) -> Statement:
    options: dict[str, str] = {}
    for name, value in read_table(statement).options.items():
        prefix = name.removesuffix("format")
        if name.endswith("format") and value == _AVRO:
            options |= {name: _JSON, f"{prefix}{_JSON}.timestamp-format.standard": "ISO-8601"}
        elif not name.startswith((f"{_AVRO}.", f"key.{_AVRO}.", f"value.{_AVRO}.")):
            options[name] = value
    return with_options(statement, options)
