"""A job as cases run it: what its topics hold by Avro or Protobuf is JSON, in which cases and the oracle write and read
records."""

from __future__ import annotations

import re

from juncture.model.environment import Environment
from juncture.model.project import Project
from juncture.model.rendered import PROTOBUF_FORMAT, RenderedJob, Statement, formats
from juncture.render.renderer import render
from juncture.validation.cases.options import with_options
from juncture.validation.oracle.tables import read_table

_PACKED, _JSON = ("avro", PROTOBUF_FORMAT), "json"
_OPTION = re.compile(rf"(?P<of>(?:key\.|value\.)?)(?:{'|'.join(_PACKED)})\.(?P<rest>.+)")


def render_in_json(project: Project, job: str, environment: Environment) -> RenderedJob:
    """Render a job; its query, columns and plan are the deployed one's. Raises InvalidProject."""
    rendered = render(project, job, environment)
    statements = tuple(
        _in_json(each) if each.kind != "insert" and not set(_PACKED).isdisjoint(formats(each.text)) else each
        for each in rendered.statements
    )
    return rendered.model_copy(update={"statements": statements})


def _in_json(statement: Statement) -> Statement:
    options: dict[str, str] = {}
    for name, value in read_table(statement).options.items():
        prefix = name.removesuffix("format")
        packed = _OPTION.match(name)
        if name.endswith("format") and value in _PACKED:
            options |= {name: _JSON, f"{prefix}{_JSON}.timestamp-format.standard": "ISO-8601"}
        elif packed is None:
            options[name] = value
        elif packed["rest"] == "ignore-parse-errors":
            options[f"{packed['of']}{_JSON}.{packed['rest']}"] = value
    return with_options(statement, options)
