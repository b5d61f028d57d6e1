"""Rendering: what comes out, that it is the same each time, and that places lead back to the author's files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.projects import JOIN, SINK, SOURCE, small_project

from juncture.errors import InvalidProject
from juncture.model.project import Project
from juncture.model.rendered import RenderedJob
from juncture.project.loader import read_project
from juncture.render.renderer import render


def rendered(project: Project, environment: str = "local", job: str = "matches") -> RenderedJob:
    return render(project, job, project.environments[environment])


def place(job: RenderedJob, text: str) -> str:
    """The author's place of the first occurrence of `text` in the insert statement."""
    return str(job.insert.locate(job.insert.text.index(text)))


def test_statements_in_order(tmp_path: Path) -> None:
    job = rendered(small_project(tmp_path))
    assert [(s.kind, s.name) for s in job.statements] == [
        ("source", "client"), ("source", "server"), ("sink", "matches"), ("insert", "matches"),
    ]  # fmt: skip
    assert job.statements[0].text.startswith("CREATE TEMPORARY TABLE `client` (")
    assert job.insert.text.startswith("INSERT INTO `matches`\nSELECT s.id")
    assert job.topics == {"client": "client-topic", "matches": "matches-topic", "server": "server-topic"}


def test_same_files_same_result(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    assert rendered(project) == rendered(project)


def test_only_the_sources_that_the_join_names(tmp_path: Path) -> None:
    project = small_project(tmp_path, {"sql/sources/other.sql": SOURCE.format(name="other")})
    assert {s.name for s in rendered(project).statements} == {"client", "server", "matches"}


def test_trailing_semicolon_and_comment_are_taken_off(tmp_path: Path) -> None:
    project = small_project(tmp_path, {"sql/joins/matches.sql": JOIN + ";  -- done\n"})
    assert rendered(project).insert.text.endswith("MINUTE")


def test_a_comment_sign_in_a_literal_is_text(tmp_path: Path) -> None:
    project = small_project(tmp_path, {"sql/joins/matches.sql": JOIN + "WHERE s.payload <> '--;'"})
    assert rendered(project).insert.text.endswith("<> '--;'")


class TestPlaces:
    def test_literal_text(self, tmp_path: Path) -> None:
        job = rendered(small_project(tmp_path))
        assert place(job, "c.payload") == "sql/joins/matches.sql:1:25"
        assert place(job, "c.ts BETWEEN") == "sql/joins/matches.sql:5:9"

    def test_an_expression_is_at_its_braces(self, tmp_path: Path) -> None:
        job = rendered(small_project(tmp_path))
        assert place(job, "`client`") == "sql/joins/matches.sql:3:6"
        assert place(job, "10' MINUTE") == "sql/joins/matches.sql:5:48"

    def test_text_after_an_expression(self, tmp_path: Path) -> None:
        assert place(rendered(small_project(tmp_path)), "' MINUTE") == "sql/joins/matches.sql:5:68"

    def test_text_after_whitespace_control(self, tmp_path: Path) -> None:
        join = "{%- set x = 1 -%}\n\n   SELECT *\n  {% if x %}\nFROM {{ source('server') }}{% endif %}\n"
        job = rendered(small_project(tmp_path, {"sql/joins/matches.sql": join}))
        assert place(job, "SELECT") == "sql/joins/matches.sql:3:4"
        assert place(job, "FROM") == "sql/joins/matches.sql:5:1"

    def test_text_of_the_projects_macro(self, tmp_path: Path) -> None:
        files = {
            "templates/macros/bounds.sql": "{% macro within(a, b) %}\n{{ b }}.ts BETWEEN {{ a }}.ts AND "
            "{{ a }}.ts + INTERVAL '1' HOUR\n{% endmacro %}\n",
            "sql/joins/matches.sql": "SELECT s.id, s.payload, c.payload, s.ts FROM {{ source('server') }} AS s\n"
            "JOIN {{ source('client') }} AS c ON c.id = s.id AND {{ within('s', 'c') }}",
        }
        job = rendered(small_project(tmp_path, files))
        assert place(job, ".ts BETWEEN") == "templates/macros/bounds.sql:2:8"

    def test_text_of_a_packaged_macro_is_at_its_call(self, tmp_path: Path) -> None:
        source = rendered(small_project(tmp_path)).statement("source", "client")
        assert source is not None
        assert str(source.locate(source.text.index("'connector'"))) == "sql/sources/client.sql:7:3"

    def test_include(self, tmp_path: Path) -> None:
        files = {
            "templates/tail.sql": "JOIN {{ source('client') }} AS c ON c.id = s.id",
            "sql/joins/matches.sql": "SELECT 1 FROM {{ source('server') }} AS s\n{% include 'tail.sql' %}",
        }
        job = rendered(small_project(tmp_path, files))
        assert place(job, "ON c.id") == "templates/tail.sql:1:34"

    def test_a_template_that_measures_its_text_falls_back_to_the_file(self, tmp_path: Path) -> None:
        join = "{% set t %}abc{% endset %}SELECT {{ t | length }} FROM {{ source('server') }}"
        job = rendered(small_project(tmp_path, {"sql/joins/matches.sql": join}))
        assert job.insert.text.endswith("SELECT 3 FROM `server`")
        assert place(job, "FROM") == "sql/joins/matches.sql:1:1"
        assert [job.insert.text[r.offset :] for r in job.references] == ["`server`"]

    def test_references(self, tmp_path: Path) -> None:
        job = rendered(small_project(tmp_path))
        assert [(r.table, job.insert.text[r.offset :].split()[0]) for r in job.references] == [
            ("server", "`server`"), ("client", "`client`"),
        ]  # fmt: skip


class TestMistakes:
    def problems(self, root: Path, files: Mapping[str, str | None]) -> list[tuple[str, str | None]]:
        project = small_project(root, files)
        with pytest.raises(InvalidProject) as raised:
            rendered(project)
        return [(str(problem), problem.remedy) for problem in raised.value.problems]

    @pytest.mark.parametrize(
        ("join", "problem", "remedy"),
        [
            (
                "-- all\nINSERT INTO matches\nSELECT 1 FROM {{ source('server') }}",
                "2:1: a join is one SELECT, but this begins with INSERT",
                "leave out the line with INSERT: Juncture writes it, into the sink 'matches'",
            ),
            (
                "SET 'a' = 'b'",
                "1:1: a join is one SELECT, but this begins with SET",
                "Flink's options belong",
            ),
            (
                "SELECT ';' FROM {{ source('server') }}; -- done\n\n  SELECT 2",
                "3:3: a second statement begins here",
                "a join is one SELECT: give each a file",
            ),
        ],
    )
    def test_a_join_is_one_select(self, tmp_path: Path, join: str, problem: str, remedy: str) -> None:
        [(told, how)] = self.problems(tmp_path, {"sql/joins/matches.sql": join})
        assert told == f"sql/joins/matches.sql:{problem}"
        assert how is not None
        assert how.startswith(remedy)

    def test_a_file_creates_one_table(self, tmp_path: Path) -> None:
        tables = SOURCE.format(name="server") + ";\n" + SOURCE.format(name="other")
        [(told, _)] = self.problems(tmp_path, {"sql/sources/server.sql": tables})
        assert told == "sql/sources/server.sql:9:1: a second statement begins here"

    def test_undefined_variable(self, tmp_path: Path) -> None:
        assert self.problems(tmp_path, {"sql/joins/matches.sql": "SELECT 1\nFROM {{ sorce('server') }}"}) == [
            ("sql/joins/matches.sql:2:9: 'sorce' is undefined", "did you mean 'source'?")
        ]

    def test_unknown_source_and_variable(self, tmp_path: Path) -> None:
        assert self.problems(tmp_path, {"sql/joins/matches.sql": "SELECT 1\nFROM {{ source('sever') }}"}) == [
            ("sql/joins/matches.sql:2:17: there is no source 'sever'", "did you mean 'server'?")
        ]
        assert self.problems(tmp_path, {"sql/joins/matches.sql": "SELECT {{ var('minuts') }}"}) == [
            ("sql/joins/matches.sql:1:16: there is no variable 'minuts'", "did you mean 'minutes'?")
        ]
        [(_, remedy)] = self.problems(tmp_path, {"sql/joins/matches.sql": "SELECT {{ var('x') }}"})
        assert remedy is not None
        assert remedy.startswith("define it under `vars` in the job's file, or in juncture.toml in [vars]")

    def test_all_names_of_a_template_that_are_not_there(self, tmp_path: Path) -> None:
        join = "SELECT {{ var('minuts') }}\nFROM {{ source('sever') }}\n{% for each in var('many').x %}{% endfor %}"
        assert [problem for problem, _ in self.problems(tmp_path, {"sql/joins/matches.sql": join})] == [
            "sql/joins/matches.sql:1:16: there is no variable 'minuts'",
            "sql/joins/matches.sql:2:17: there is no source 'sever'",
            "sql/joins/matches.sql:3:21: there is no variable 'many'",
        ]

    def test_a_key_that_is_no_column(self, tmp_path: Path) -> None:
        columns = "    -- why\n    `id` STRING, member_id BIGINT\n"
        text = f"CREATE TABLE client (\n{columns}) {{{{ kafka(topic='c', key=['id', 'membr_id']) }}}}"
        [(problem, remedy)] = self.problems(tmp_path, {"sql/sources/client.sql": text})
        assert problem == "sql/sources/client.sql:4:3: `key` names 'membr_id', and client has no such column"
        assert remedy == "did you mean 'member_id'?"

    def test_broken_template(self, tmp_path: Path) -> None:
        [(problem, _)] = self.problems(tmp_path, {"sql/joins/matches.sql": "SELECT 1\n{% if x %}\n"})
        assert problem.startswith("sql/joins/matches.sql:2:1: the template is broken")

    def test_missing_include(self, tmp_path: Path) -> None:
        [(problem, _)] = self.problems(
            tmp_path, {"sql/joins/matches.sql": "SELECT 1\n{% include 'nope.sql' %}"}
        )
        assert problem == "sql/joins/matches.sql:2:13: there is no template 'nope.sql'"

    def test_includes_stay_inside_the_project(self, tmp_path: Path) -> None:
        (tmp_path / "secret.sql").write_text("SELECT 'secret'")
        root = tmp_path / "project"
        [(problem, _)] = self.problems(root, {"sql/joins/matches.sql": "{% include '../secret.sql' %}"})
        assert "there is no template" in problem

    def test_every_mistake_at_once(self, tmp_path: Path) -> None:
        problems = self.problems(
            tmp_path,
            {
                "sql/sources/server.sql": SOURCE.format(name="served"),
                "sql/sources/client.sql": SOURCE.format(name="client").replace("kafka(", "kafak("),
                "sql/sinks/matches.sql": "SELECT 1",
            },
        )
        assert [text for text, _ in problems] == [
            "sql/sources/client.sql:7:6: 'kafak' is undefined",
            "sql/sources/server.sql:1:14: the file is called 'server', but creates 'served'",
            "sql/sinks/matches.sql:1: this is not a CREATE TABLE statement",
        ]

    def test_startpoint_of_a_source_that_is_not_read(self, tmp_path: Path) -> None:
        [(problem, _)] = self.problems(
            tmp_path,
            {
                "sql/sources/other.sql": SOURCE.format(name="other"),
                "jobs/matches.yaml": "join: matches\nsink: matches\nstartpoints:\n  other: latest\n",
            },
        )
        assert problem.startswith("jobs/matches.yaml:4:3: the join 'matches' does not read 'other'")

    def test_unknown_parameter_of_a_macro(self, tmp_path: Path) -> None:
        sink = SINK.replace("topic=", "tpic=")
        assert self.problems(tmp_path, {"sql/sinks/matches.sql": sink}) == [
            ("sql/sinks/matches.sql:6:12: the macro 'kafka' has no parameter 'tpic'", "did you mean 'topic'?")
        ]

    def test_a_placeholder_in_a_join_is_not_put_in(self, tmp_path: Path) -> None:
        join = JOIN.replace("s.payload,", "'${HOME}',")
        [(problem, _)] = self.problems(tmp_path, {"sql/joins/matches.sql": join})
        assert problem.startswith("sql/joins/matches.sql:1:15: '${HOME}' in a join is text")

    def test_unknown_on_error(self, tmp_path: Path) -> None:
        sink = SINK.replace("key='id'", "key='id', on_error='ignore'")
        [(problem, remedy)] = self.problems(tmp_path, {"sql/sinks/matches.sql": sink})
        assert problem == "sql/sinks/matches.sql:6:55: on_error='ignore' is unknown"
        assert remedy == "use 'skip' or 'fail'"


def test_a_projects_macro_wins_over_the_packaged_one(tmp_path: Path) -> None:
    macro = "{% macro kafka(topic, key=none, idle_timeout=none) %}WITH ('connector' = 'mine'){% endmacro %}"
    project = small_project(tmp_path, {"templates/macros/kafka.sql": macro})
    assert "'connector' = 'mine'" in rendered(project).statements[0].text


def test_values_never_become_sql(tmp_path: Path) -> None:
    sink = SINK.replace("topic='matches-topic'", "topic=\"a', 'x' = 'y\"")
    text = rendered(small_project(tmp_path, {"sql/sinks/matches.sql": sink})).statements[2].text
    assert "'topic' = 'a'', ''x'' = ''y'" in text


def test_secrets_stay_placeholders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", "hunter2")
    job = rendered(small_project(tmp_path), "production")
    assert job.placeholders == ("KAFKA_PASSWORD",)
    assert "hunter2" not in job.model_dump_json()
    assert 'password="${KAFKA_PASSWORD}"' in job.statements[0].text


@pytest.mark.parametrize("path", ["templates/part.sql", "templates/macros/own.sql"])
def test_a_template_that_cannot_be_read_is_told(tmp_path: Path, path: str) -> None:
    join = JOIN + "{% include 'part.sql' %}\n"
    project = small_project(tmp_path, {"sql/joins/matches.sql": join, "templates/part.sql": "", path: ""})
    (tmp_path / path).chmod(0)
    if os.access(tmp_path / path, os.R_OK):
        pytest.skip("everything is readable here")
    with pytest.raises(InvalidProject) as caught:
        rendered(project)
    assert f"{path}: the file can't be read: Permission denied" in map(str, caught.value.problems)


@pytest.mark.parametrize("path", ["templates/part.sql", "templates/macros/own.sql"])
def test_a_template_in_another_encoding_is_told_of_itself(tmp_path: Path, path: str) -> None:
    join = JOIN + "{% include 'part.sql' %}\n"
    project = small_project(tmp_path, {"sql/joins/matches.sql": join, "templates/part.sql": "", path: ""})
    (tmp_path / path).write_bytes(b"-- one\n-- caf\xe9\n")
    with pytest.raises(InvalidProject) as caught:
        rendered(project)
    told = f"{path}:2:7: the file is not UTF-8: byte 0xe9 can't be read"
    assert {str(each) for each in caught.value.problems} == {told}


def test_a_byte_order_mark_of_an_include_is_no_part_of_the_sql(tmp_path: Path) -> None:
    join = "{% include 'part.sql' %}" + JOIN
    project = small_project(
        tmp_path, {"sql/joins/matches.sql": join, "templates/part.sql": "\ufeff-- part\n"}
    )
    assert "\ufeff" not in rendered(project).insert.text


def test_a_job_that_is_not_there_or_broken_is_no_defect(tmp_path: Path) -> None:
    with pytest.raises(InvalidProject) as gone:
        rendered(small_project(tmp_path / "gone"), job="matchez")
    assert [(str(each), each.remedy) for each in gone.value.problems] == [
        ("the project has no job 'matchez'", "did you mean 'matches'?")
    ]
    (tmp_path / "gone/jobs/matches.yaml").write_text("join: [\n")
    with pytest.raises(InvalidProject) as broken:
        rendered(read_project(tmp_path / "gone"))
    assert [str(each).partition(": ")[0] for each in broken.value.problems] == ["jobs/matches.yaml:2:1"]
