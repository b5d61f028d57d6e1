"""What a bundle says of a job's own jars and functions, and that job.py finds the jars beside it."""

from __future__ import annotations

import ast
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.projects import JOB, small_project, write_project

from juncture.errors import InvalidProject, JunctureError
from juncture.model.plan import CompiledPlan
from juncture.model.project import Project
from juncture.project.loader import load_project
from juncture.render.bundle import bundle
from juncture.render.renderer import render

PLAN = CompiledPlan(flink_version="2.3", nodes=(), text="{}\n")
OWN = f"{JOB}jars: [lib/a.jar]\nfunctions: {{site_of: org.example.SiteOf}}\n"
CREATED = "CREATE TEMPORARY SYSTEM FUNCTION `site_of` AS 'org.example.SiteOf'"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("JUNCTURE_CACHE", str(tmp_path / "cache"))
    root = write_project(tmp_path / "project", {"jobs/matches.yaml": OWN})
    (root / "lib").mkdir()
    with zipfile.ZipFile(root / "lib/a.jar", "w") as archive:
        archive.writestr("org/example/SiteOf.class", "")
    return load_project(root)


def files(project: Project) -> dict[str, str]:
    rendered = render(project, "matches", project.environments["local"])
    return bundle(rendered, PLAN, [], project.template_dirs)


def test_functions_are_made_before_the_tables_that_may_call_them(project: Project) -> None:
    made = files(project)
    statements = made["statements.sql"]
    assert statements.index(f"{CREATED};\n") < statements.index("CREATE TEMPORARY TABLE")
    assert repr(CREATED) in made["job.py"]
    assert "for statement in [*FUNCTIONS, *tables]:" in made["job.py"]
    manifest = json.loads(made["manifest.json"])
    (jar,) = manifest["own_jars"]
    assert (jar["path"], len(jar["sha256"])) == ("lib/a.jar", 64)
    assert manifest["functions"] == {"site_of": "org.example.SiteOf"}


def test_another_build_is_another_version(project: Project) -> None:
    before = files(project)["manifest.json"]
    assert files(project)["manifest.json"] == before
    with zipfile.ZipFile(project.root / "lib/a.jar", "a") as archive:
        archive.writestr("other.txt", "")
    assert files(project)["manifest.json"] != before


def test_a_jar_that_is_gone_since_is_told_of_at_its_place(project: Project) -> None:
    (project.root / "lib/a.jar").unlink()
    with pytest.raises(InvalidProject) as caught:
        files(project)
    assert [str(each) for each in caught.value.problems] == [
        "jobs/matches.yaml:3:8: there is no file 'lib/a.jar'"
    ]


@pytest.mark.parametrize(
    ("named", "remedy"),
    [
        ("org.example.SiteOf", None),
        ("com.google.protobuf.Field", None),
        ("org.example.Sites", "did you mean 'org.example.SiteOf'?"),
    ],
)
def test_a_class_of_messages_is_in_one_of_the_jars(project: Project, named: str, remedy: str | None) -> None:
    source = (
        "CREATE TABLE client (id STRING, payload STRING, ts TIMESTAMP_LTZ(3))\n"
        f"  {{{{ kafka(topic='c', format='protobuf', message_class='{named}') }}}}\n"
    )
    (project.root / "sql/sources/client.sql").write_text(source)
    if remedy is None:
        assert named in files(load_project(project.root))["statements.sql"]
        return
    with pytest.raises(InvalidProject) as caught:
        files(load_project(project.root))
    (found,) = caught.value.problems
    assert str(found) == (
        f"sql/sources/client.sql:2:3: none of the job's jars has the message class '{named}' of client"
    )
    assert found.remedy == remedy


@pytest.mark.parametrize(
    ("beside", "named", "sent"),
    [
        (False, "", None),
        (False, "file:/k.jar", "file:/k.jar"),
        (True, "", "{own}"),
        (True, "file:/k.jar", "file:/k.jar;{own}"),
    ],
)
def test_job_py_sends_the_jars_that_lie_beside_it(
    project: Project, tmp_path: Path, beside: bool, named: str, sent: str | None
) -> None:
    tree = ast.parse(files(project)["job.py"])
    wanted = ("JARS", "with_own_jars")
    parts: list[ast.stmt] = [
        each
        for each in tree.body
        if (isinstance(each, ast.FunctionDef) and each.name in wanted)
        or (
            isinstance(each, ast.Assign)
            and isinstance(each.targets[0], ast.Name)
            and each.targets[0].id in wanted
        )
    ]
    scope: dict[str, Any] = {"__file__": str(tmp_path / "job.py"), "Path": Path}
    exec(compile(ast.Module(parts, []), "job.py", "exec"), scope)  # noqa: S102
    own = tmp_path / "a.jar"
    if beside:
        own.touch()
    options = scope["with_own_jars"]({"pipeline.jars": named} if named else {})
    assert options == ({} if sent is None else {"pipeline.jars": sent.format(own=own.as_uri())})


def test_a_job_without_jars_has_nothing_of_it(tmp_path: Path) -> None:
    made = files(small_project(tmp_path))
    assert "JARS" not in made["job.py"]
    assert "own_jars" not in made["manifest.json"]


def test_a_template_of_ones_own_has_to_take_them_along(project: Project) -> None:
    (project.root / "templates").mkdir()
    (project.root / "templates/job.py.j2").write_text("print('mine, with juncture.table.')\n")
    with pytest.raises(JunctureError, match=r"does not take the job's own jars and functions along"):
        files(load_project(project.root))
