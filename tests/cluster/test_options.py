"""A job's own Flink options, as the installed Flink knows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.projects import JOB, JOIN, write_project

from juncture.checks.engine import check_file
from juncture.cli.main import main
from juncture.model.job import Job
from juncture.model.project import JobFile
from juncture.planner.session import Planner


def told(planner: Planner, *options: tuple[str, str]) -> list[str]:
    """'severity line message; remedy' of each finding; option n stands in line n."""
    positions: dict[tuple[str | int, ...], tuple[int, int]] = {
        ("options", key): (line, 3) for line, (key, _) in enumerate(options, start=1)
    }
    job = Job(name="j", join="j", sink="s", options=dict(options))
    file = JobFile(job=job, path="jobs/j.yaml", positions=positions)
    findings = check_file(file, planner.examine(job.options))
    return [f"{f.severity} {f.location.line} {f.message}; {f.remedy}" for f in findings]


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("table.exec.state.tl", "table.exec.state.ttl"),
        ("table.exec.mini-batch.enable", "table.exec.mini-batch.enabled"),
        ("execution.checkpointing.intervall", "execution.checkpointing.interval"),
        ("state.backend.rocksdb.memory.manged", "state.backend.rocksdb.memory.managed"),
        ("restart-strategy.fixed-delay.atempts", "restart-strategy.fixed-delay.attempts"),
        ("pipeline.objekt-reuse", "pipeline.object-reuse"),
        ("tabel.exec.state.ttl", "table.exec.state.ttl"),
        ("python.fn-execution.bundle.siz", "python.fn-execution.bundle.size"),
    ],
)
def test_a_misspelt_key(planner: Planner, key: str, nearest: str) -> None:
    assert told(planner, (key, "1")) == [
        f"error 1 Flink has no option '{key}', and would ignore it; did you mean '{nearest}'?"
    ]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("table.exec.mini-batch.size", "5 k", "a whole number"),
        ("pipeline.object-reuse", "yes", "true or false"),
        ("execution.checkpointing.max-concurrent-checkpoints", "1.5", "a whole number"),
        ("restart-strategy.exponential-delay.jitter-factor", "a tenth", "a number"),
        ("execution.checkpointing.alignment-timeout", "soon", "a duration, for instance '10 min'"),
        ("state.backend.rocksdb.block.cache-size", "big", "a memory size, for instance '64 mb'"),
    ],
)
def test_a_wrong_value(planner: Planner, key: str, value: str, expected: str) -> None:
    told_of = f"error 1 {key}: '{value}' is not {expected}; write {expected}"
    assert told(planner, (key, value)) == [told_of]


@pytest.mark.parametrize(
    ("key", "value", "nearest"),
    [
        ("table.exec.sink.not-null-enforcer", "eror", "ERROR"),
        ("restart-strategy.type", "fixed-dely", "fixed-delay"),
        ("state.backend.type", "rocksbd", "rocksdb"),
        ("execution.checkpointing.storage", "file-system", "filesystem"),
    ],
)
def test_a_value_that_is_one_of_several(planner: Planner, key: str, value: str, nearest: str) -> None:
    assert told(planner, (key, value)) == [
        f"error 1 {key}: '{value}' is not a valid value; did you mean '{nearest}'?"
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("table.exec.mini-batch.size", "5000"),
        ("table.exec.mini-batch.enabled", "TRUE"),
        ("table.exec.sink.not-null-enforcer", "drop"),
        ("table.exec.emit.early-fire.enabled", "true"),  # of the planner's own jar
        ("table.exec.resource.default-parallelism", "2"),
        ("state.backend.rocksdb.writebuffer.size", "64mb"),
        ("state.backend.rocksdb.metrics.block-cache-usage", "true"),
        ("pipeline.global-job-parameters", "a:1,b:2"),
        ("pipeline.global-job-parameters.team", "ads"),
        ("pipeline.jobvertex-parallelism-overrides.abc", "2"),
        ("python.logging.level.overrides.org.x", "WARN"),
        ("metrics.latency.interval", "10 s"),
        ("restart-strategy.type", "fixed-delay"),
        ("restart-strategy", "fixed-delay"),  # the name of 1.x
        ("restart-strategy.type", "off"),
        ("execution.checkpointing.storage", "jobmanager"),
        ("execution.checkpointing.storage", "com.acme.StorageFactory"),
        ("task.cancellation.timeout", "1 min"),
    ],
)
def test_what_flink_takes(planner: Planner, key: str, value: str) -> None:
    assert told(planner, (key, value)) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("taskmanager.numberOfTaskSlots", "2"),
        ("metrics.reporter.x.factory.class", "x"),
        ("fs.s3a.endpoint", "x"),
        ("s3.secret-key", "x"),  # of a plugin's, which is not in Flink's distribution
        ("execution.state-recovery.from-local", "true"),
        ("state.backend.local-recovery", "true"),  # its name in 1.x
    ],
)
def test_what_only_the_cluster_can_set(planner: Planner, key: str, value: str) -> None:
    (warning,) = told(planner, (key, value))
    assert warning.startswith(f"warning 1 {key} is an option of the cluster")


def test_what_may_be_a_librarys_is_no_error(planner: Planner) -> None:
    (warning,) = told(planner, ("acme.feature.flag", "on"))
    assert warning.startswith("warning 1 Flink has no option 'acme.feature.flag'; take it away, unless")


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("pipeline.jars", "name the job's own under `jars`"),
        ("execution.target", "take it away"),
        ("$internal.pipeline.job-id", "take it away"),
    ],
)
def test_what_juncture_sets_at_the_start(planner: Planner, key: str, remedy: str) -> None:
    assert told(planner, (key, "x")) == [
        f"error 1 {key} is set by Juncture when the job is started; {remedy}"
    ]


def test_what_the_jobs_file_has_a_key_for(planner: Planner) -> None:
    assert told(planner, ("table.exec.state.ttl", "1 h"), ("state.backend", "rocksdb")) == [
        "warning 1 table.exec.state.ttl wins over the job's 'state.ttl', by which Juncture plans; "
        "write 'state.ttl' instead",
        "error 2 state.backend is ignored beside state.backend.type, which Juncture sets from the job's "
        "'state.backend'; write 'state.backend' instead",
    ]


@pytest.mark.usefixtures("one_planner")
def test_all_at_once_beside_the_findings_of_the_query(tmp_path: Path) -> None:
    options = "options:\n  table.exec.state.tl: 1 h\n  table.exec.mini-batch.size: many\n"
    files = {"jobs/matches.yaml": JOB + options, "sql/joins/matches.sql": JOIN.replace("c.pay", "c.paid")}
    project = str(write_project(tmp_path, files))
    result = CliRunner().invoke(main, ["check", "--project", project, "--output", "json"])
    assert result.exit_code == 1, result.output
    found = [
        (f["rule"], f["location"]["path"], f["location"]["line"], f["location"]["column"])
        for f in json.loads(result.stdout)["findings"]
    ]
    assert found == [
        ("invalid-option", "jobs/matches.yaml", 4, 3),
        ("invalid-option", "jobs/matches.yaml", 5, 3),
        ("sql-invalid", "sql/joins/matches.sql", 1, 27),
    ]
    result = CliRunner().invoke(main, ["render", "--project", project])
    assert result.exit_code == 2
    assert "jobs/matches.yaml:5:3: table.exec.mini-batch.size: 'many' is not a whole number" in result.stderr
