"""Flink's own planner on rendered jobs: every kind of join, stable plans, errors at the author's place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.cluster.recorded import recorded
from tests.projects import JOIN, SINK, small_project

from juncture.checks.engine import check
from juncture.deploy.environment.toolchain import find_toolchain
from juncture.errors import Unreachable
from juncture.model.compilation import Compilation
from juncture.model.rendered import RenderedJob
from juncture.planner.compilations import CompilationCache
from juncture.planner.process import classes_of_planners
from juncture.planner.session import Planner
from juncture.project.loader import load_project
from juncture.render.renderer import render

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def planner(planner: Planner) -> Iterator[Planner]:
    """The warm one, which takes nothing from what was compiled before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planner, "_cache", None)
        yield planner


def compile_join(
    planner: Planner, root: Path, join: str, files: Mapping[str, str | None] | None = None
) -> tuple[RenderedJob, Compilation]:
    project = small_project(root, {"sql/joins/matches.sql": join, **(files or {})})
    rendered = render(project, "matches", project.environments["local"])
    return rendered, planner.compile(rendered)


def kinds(compilation: Compilation) -> list[str]:
    assert compilation.error is None, compilation.error
    assert compilation.plan is not None
    plumbing = ("table-source-scan", "exchange", "calc", "sink", "watermark-assigner")
    return [node.kind for node in compilation.plan.nodes if node.kind not in plumbing]


BOUND = "c.id = s.id AND c.ts BETWEEN s.ts AND s.ts + INTERVAL '10' MINUTE"
BOTH = "{{ source('server') }} AS s %s JOIN {{ source('client') }} AS c ON %s"
ROW = "s.id, s.payload, c.payload AS client_payload, s.ts"


@pytest.mark.parametrize("kind", ["INNER", "LEFT", "RIGHT", "FULL"])
def test_interval(planner: Planner, tmp_path: Path, kind: str) -> None:
    _, compilation = compile_join(planner, tmp_path, f"SELECT {ROW} FROM " + BOTH % (kind, BOUND))
    assert kinds(compilation) == ["interval-join"]


@pytest.mark.parametrize("kind", ["", "NOT "])
def test_semi_and_anti_are_regular_joins(planner: Planner, tmp_path: Path, kind: str) -> None:
    """Flink has no interval join of these kinds, and its hints do not reach them: the job's TTL does."""
    join = (
        "SELECT s.id, s.payload, s.payload AS p, s.ts"
        f" FROM {{{{ source('server') }}}} AS s WHERE {kind}EXISTS"
        " (SELECT 1 FROM {{ source('client') }} AS c WHERE " + BOUND + ")"
    )
    job = {"jobs/matches.yaml": "join: matches\nsink: matches\nstate:\n  ttl: 10 min\n"}
    _, compilation = compile_join(planner, tmp_path, join, job)
    assert compilation.plan is not None
    [node] = [node for node in compilation.plan.nodes if "join" in node.kind]
    assert node.kind == "join"
    assert [side["ttl"] for side in node.raw["state"]] == ["10 min", "10 min"]
    assert compilation.lenient == (kind == "NOT ")


def test_anti_as_an_interval_join(planner: Planner, tmp_path: Path) -> None:
    join = (
        "SELECT s.id, s.payload, CAST(NULL AS STRING) AS p, s.ts FROM "
        + BOTH % ("LEFT", BOUND)
        + " WHERE c.id IS NULL"
    )
    assert kinds(compile_join(planner, tmp_path, join)[1]) == ["interval-join"]


UPSERT = {
    "sql/sinks/matches.sql": SINK.replace("id STRING,", "id STRING NOT NULL,", 1)
    .replace("ts TIMESTAMP_LTZ(3)\n", "ts TIMESTAMP_LTZ(3),\n    PRIMARY KEY (id) NOT ENFORCED\n")
    .replace("kafka(topic='matches-topic', key='id')", "upsert_kafka(topic='matches-topic')")
}
VERSIONED = {
    "sql/sources/client.sql": "CREATE TABLE client (id STRING NOT NULL, payload STRING, ts TIMESTAMP_LTZ(3),"
    " PRIMARY KEY (id) NOT ENFORCED, WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE)"
    " {{ upsert_kafka(topic='client-topic', idle_timeout='30 s') }}"
}
DEDUPLICATED = (
    "(SELECT id, payload, ts FROM (SELECT id, payload, ts,"
    " ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts) AS n FROM {{ source('%s') }}) WHERE n = 1)"
)


def test_regular_with_ttl_hints(planner: Planner, tmp_path: Path) -> None:
    join = (
        f"SELECT /*+ STATE_TTL('s' = '1h', 'c' = '2h') */ s.id, MAX(s.payload), MAX(c.payload),"
        f" MAX(CAST(s.ts AS TIMESTAMP_LTZ(3))) FROM {BOTH % ('LEFT', 'c.id = s.id')} GROUP BY s.id"
    )
    _, compilation = compile_join(planner, tmp_path, join, UPSERT)
    assert kinds(compilation)[0] == "join"
    assert compilation.plan is not None
    state = compilation.plan.of_kind("join")[0].raw["state"]
    assert [side["ttl"] for side in state] == ["1 h", "2 h"]


def test_temporal(planner: Planner, tmp_path: Path) -> None:
    join = (
        f"SELECT {ROW} FROM {{{{ source('server') }}}} AS s"
        " LEFT JOIN {{ source('client') }} FOR SYSTEM_TIME AS OF s.ts AS c ON c.id = s.id"
    )
    assert "temporal-join" in kinds(compile_join(planner, tmp_path, join, VERSIONED)[1])


def test_window(planner: Planner, tmp_path: Path) -> None:
    windowed = "(SELECT * FROM TABLE(TUMBLE(TABLE {{ source('%s') }}, DESCRIPTOR(ts), INTERVAL '5' MINUTE)))"
    join = (
        f"SELECT s.id, s.payload, c.payload, s.window_time FROM {windowed % 'server'} AS s"
        f" JOIN {windowed % 'client'} AS c ON s.id = c.id"
        " AND s.window_start = c.window_start AND s.window_end = c.window_end"
    )
    assert "window-join" in kinds(compile_join(planner, tmp_path, join)[1])


def test_lookup(planner: Planner, tmp_path: Path) -> None:
    dimension = {
        "sql/sources/client.sql": "CREATE TABLE client (id STRING NOT NULL, payload STRING,"
        " PRIMARY KEY (id) NOT ENFORCED) {{ jdbc(url='jdbc:postgresql://db.internal/shop', table='client',"
        " username='shop', password='${DB_PASSWORD}') }}",
        "sql/sources/server.sql": "CREATE TABLE server (id STRING, payload STRING, ts TIMESTAMP_LTZ(3),"
        " seen AS PROCTIME(), WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE)"
        " {{ kafka(topic='server-topic', idle_timeout='30 s') }}",
    }
    join = (
        f"SELECT {ROW} FROM {{{{ source('server') }}}} AS s"
        " LEFT JOIN {{ source('client') }} FOR SYSTEM_TIME AS OF s.seen AS c ON c.id = s.id"
    )
    rendered, compilation = compile_join(planner, tmp_path, join, dimension)
    assert "lookup-join" in kinds(compilation)
    assert rendered.placeholders == ("DB_PASSWORD", "JUNCTURE_KAFKA_BOOTSTRAP_SERVERS")


def test_deduplicated_before_the_join(planner: Planner, tmp_path: Path) -> None:
    join = f"SELECT {ROW} FROM {DEDUPLICATED % 'server'} AS s JOIN {DEDUPLICATED % 'client'} AS c ON {BOUND}"
    assert kinds(compile_join(planner, tmp_path, join)[1]) == ["deduplicate", "deduplicate", "interval-join"]


def test_union_of_client_topics(planner: Planner, tmp_path: Path) -> None:
    files = {
        "sql/sources/app.sql": "CREATE TABLE app (id STRING, payload STRING, ts TIMESTAMP_LTZ(3),"
        " WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE) {{ kafka(topic='app', idle_timeout='30 s') }}"
    }
    union = (
        "(SELECT id, payload, ts FROM {{ source('client') }}"
        " UNION ALL SELECT id, payload, ts FROM {{ source('app') }})"
    )
    join = f"SELECT {ROW} FROM {{{{ source('server') }}}} AS s JOIN {union} AS c ON {BOUND}"
    _, compilation = compile_join(planner, tmp_path, join, files)
    assert kinds(compilation) == ["union", "interval-join"]


class TestRepositorysJobs:
    @pytest.mark.parametrize(
        ("job", "stateful"),
        [
            ("impression_clicks", ["interval-join:page_impressions+page_clicks"]),
            (
                "ad_funnel",
                [
                    "interval-join:ad_requests+ad_impressions",
                    "interval-join:ad_requests+ad_impressions+ad_clicks",
                ],
            ),
            ("paid_orders", ["interval-join:orders+payments", "temporal-join:orders+payments+customers"]),
        ],
    )
    def test_compiles(self, planner: Planner, job: str, stateful: list[str]) -> None:
        project = load_project(REPOSITORY)
        for environment in project.environments.values():
            compilation = planner.compile(render(project, job, environment))
            assert compilation.error is None
            assert compilation.plan is not None
            assert [n.uid for n in compilation.plan.nodes if n.kind.endswith("-join")] == stateful

    def test_a_plan_holds_no_connector_options(self, planner: Planner) -> None:
        project = load_project(REPOSITORY)
        compilation = planner.compile(
            render(project, "impression_clicks", project.environments["production"])
        )
        assert compilation.plan is not None
        assert "bootstrap" not in compilation.plan.text
        assert "KAFKA_PASSWORD" not in compilation.plan.text


def test_the_same_plan_to_the_byte_in_another_jvm_and_what_was_compiled_before_needs_none(
    planner: Planner, tmp_path: Path
) -> None:
    tools, cache = find_toolchain(["kafka"]), CompilationCache(tmp_path / "cache")
    jars = [jar.path for jar in tools.jars]
    with Planner(tools.java_home, jars, cache=cache, archive=recorded(tools)) as first:
        rendered, compilation = compile_join(first, tmp_path, JOIN)
        _, refused = compile_join(first, tmp_path, JOIN.replace("JOIN", "JION"))
    assert compilation.plan is not None
    planner.compile(rendered)  # Flink counts on
    assert compilation == planner.compile(rendered)
    assert refused.error is not None
    with Planner(tmp_path / "no java", jars, cache=cache) as second:
        assert second.compile(rendered) == compilation
        with pytest.raises(Unreachable, match="planner ended"):  # what was refused is put to Flink again
            compile_join(second, tmp_path, JOIN.replace("JOIN", "JION"))


def test_jars_that_a_job_has_added_may_be_gone_when_the_next_one_is_compiled(
    planner: Planner, tmp_path: Path
) -> None:
    jar, script = tmp_path / "operators.jar", tmp_path / "job.py"
    (operators,) = (each.path for each in find_toolchain([], operators=True).jars)
    shutil.copy(operators, jar)
    script.write_text(
        "from pyflink.table import EnvironmentSettings, TableEnvironment\n"
        "from pyflink.util.java_utils import add_jars_to_context_class_loader\n"
        f"add_jars_to_context_class_loader(['{jar.as_uri()}'])\n"
        "environment = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())\n"
        "environment.execute_sql(\"CREATE TEMPORARY TABLE t (a INT) WITH ('connector' = 'datagen')\")\n"
        "environment.explain_sql('SELECT * FROM t')\n"
    )
    planner.run(script, {}, {})
    jar.unlink()
    _, compilation = compile_join(planner, tmp_path, JOIN)
    assert kinds(compilation) == ["interval-join"]


def test_classes_are_recorded_once(planner: Planner, tmp_path: Path) -> None:
    tools = find_toolchain(["kafka"])
    archive = classes_of_planners(tmp_path / "classes", tools.java_home)
    assert archive.stem() is not None, "this Java does not record"
    before = set((tmp_path / "classes").iterdir())

    def compiled() -> Compilation:
        with Planner(tools.java_home, [jar.path for jar in tools.jars], archive=archive) as other:
            return other.compile(rendered)

    with Planner(tools.java_home, [jar.path for jar in tools.jars], archive=archive) as other:
        other.examine({})
    assert set((tmp_path / "classes").iterdir()) == before, "what that used is not worth it"
    rendered, expected = compile_join(planner, tmp_path, JOIN)
    assert compiled() == expected
    path = archive.find()
    assert path is not None
    assert compiled() == expected
    assert set(path.parent.iterdir()) - before == {path}


class TestRefusals:
    def place(self, rendered: RenderedJob, compilation: Compilation) -> str:
        error = compilation.error
        assert error is not None
        assert error.line is not None
        assert error.column is not None
        statement = rendered.statements[error.statement]
        return str(statement.locate(statement.offset(error.line, error.column)))

    def test_unknown_column(self, planner: Planner, tmp_path: Path) -> None:
        rendered, compilation = compile_join(planner, tmp_path, JOIN.replace("c.payload", "c.pay"))
        assert compilation.error is not None
        assert "Column 'pay' not found in table 'c'" in compilation.error.message
        assert self.place(rendered, compilation) == "sql/joins/matches.sql:1:27"

    def test_syntax(self, planner: Planner, tmp_path: Path) -> None:
        rendered, compilation = compile_join(planner, tmp_path, JOIN.replace("JOIN", "JION"))
        assert compilation.error is not None
        assert compilation.error.kind == "parse"
        assert self.place(rendered, compilation).startswith("sql/joins/matches.sql:")

    def test_in_a_source(self, planner: Planner, tmp_path: Path) -> None:
        source = "CREATE TABLE client (\n  id STRIN\n) {{ kafka(topic='c') }}"
        rendered, compilation = compile_join(planner, tmp_path, JOIN, {"sql/sources/client.sql": source})
        assert self.place(rendered, compilation) == "sql/sources/client.sql:2:6"

    def test_options_of_a_table(self, planner: Planner, tmp_path: Path) -> None:
        columns = "(id STRING, payload STRING, ts TIMESTAMP_LTZ(3))"
        source = f"CREATE TABLE client {columns}\n{{{{ kafka(topic='c', format='jsn') }}}}"
        rendered, compilation = compile_join(planner, tmp_path, JOIN, {"sql/sources/client.sql": source})
        assert compilation.error is not None
        assert rendered.statements[compilation.error.statement].name == "client"
        assert "jsn" in compilation.error.message
        [finding] = [f for f in check(rendered, compilation) if f.rule == "sql-invalid"]
        assert str(finding.location) == "sql/sources/client.sql:2:1"
        assert "\n" not in finding.message

    def test_a_refused_sink_still_gives_a_plan(self, planner: Planner, tmp_path: Path) -> None:
        _, compilation = compile_join(
            planner, tmp_path, f"SELECT {ROW} FROM {BOTH % ('LEFT', 'c.id = s.id')}"
        )
        assert compilation.error is not None
        assert "doesn't support consuming update" in compilation.error.message
        assert compilation.lenient
        assert compilation.plan is not None
        assert len(compilation.plan.of_kind("join")) == 1

    def test_two_event_times(self, planner: Planner, tmp_path: Path) -> None:
        join = f"SELECT s.id, s.payload, c.payload, c.ts, s.ts FROM {BOTH % ('INNER', BOUND)}"
        sink = SINK.replace("ts TIMESTAMP_LTZ(3)\n", "ts TIMESTAMP_LTZ(3),\n    ts2 TIMESTAMP_LTZ(3)\n")
        _, compilation = compile_join(planner, tmp_path, join, {"sql/sinks/matches.sql": sink})
        assert compilation.error is not None
        assert compilation.error.kind == "translate"
        assert "more than one rowtime attribute" in compilation.error.message
        assert compilation.plan is not None
