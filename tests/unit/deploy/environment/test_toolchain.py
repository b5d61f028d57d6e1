"""Which jobs need the jar of the operators."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.projects import SOURCE, small_project

from juncture.deploy.environment import toolchain
from juncture.deploy.environment.toolchain import Jar, Toolchain, may_need_operators, toolchain_of_bundle
from juncture.deploy.store.deployments import Store
from juncture.render.renderer import render

PAYLOAD = SOURCE.replace("payload STRING", "payload STRING METADATA FROM 'value.payload' VIRTUAL").replace(
    "key='id'", "key='id', format='json-payload'"
)
EXCLUDED = {"start": {"kind": "earliest"}, "exclude": {"0": [{"first": 1, "last": 1}]}}
STARTS: dict[str, Any] = {"start": {"kind": "earliest"}}


@pytest.mark.parametrize(("text", "needed"), [(SOURCE, False), (PAYLOAD, True)])
def test_a_source_that_keeps_whole_records_needs_it(tmp_path: Path, text: str, needed: bool) -> None:
    project = small_project(tmp_path, {"sql/sources/server.sql": text.format(name="server")})
    rendered = render(project, "matches", project.environments["local"])
    assert may_need_operators([rendered]) == needed


@pytest.mark.parametrize(
    ("format", "startpoint", "needed"),
    [("json", STARTS, False), ("json-payload", STARTS, True), ("json", EXCLUDED, True)],
)
def test_so_does_what_was_rendered_of_it_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, startpoint: dict[str, Any], needed: bool
) -> None:
    asked: list[bool] = []

    def find(connectors: object, progress: object = None, *, operators: bool = False) -> Toolchain:
        asked.append(operators)
        return Toolchain(Path("java"), (Jar("a:b:1", "0" * 64, Path("b.jar")),))

    monkeypatch.setattr(toolchain, "find_toolchain", find)
    fields = {
        "schema_version": 1, "job": "matches", "environment": "local", "flink": "2.3", "variables": [], "options": {},
        "topics": {"clicks": "clicks"}, "sources": {"clicks": {"connector": "kafka", "startpoint": startpoint}},
        "parallelism": 1, "jars": [{"coordinates": "a:b:1", "sha256": "0" * 64}],
    }  # fmt: skip
    statements = f"CREATE TABLE clicks (id STRING) WITH ('connector' = 'kafka', 'format' = '{format}');"
    files = {"manifest.json": json.dumps(fields), "job.py": "", "statements.sql": statements}
    assert toolchain_of_bundle(files, Store(tmp_path)).jars
    assert asked == [needed]
