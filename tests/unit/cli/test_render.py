import pytest
from tests.projects import CONFIG, JOB, write_project


def test_problems_of_templates_are_told_together_before_any_jvm_starts(juncture, tmp_path):
    join = "SELECT 1 FROM {{ source('servers') }}"
    job = "join: other\nsink: matches\n"
    files = {
        "sql/joins/other.sql": "SELECT {{ nothing }} FROM {{ source('server') }}",
        "jobs/other.yaml": job,
        "sql/joins/matches.sql": join,
    }
    write_project(tmp_path, files)
    result = juncture("render", "--project", str(tmp_path))
    assert result.exit_code == 2
    assert "there is no source 'servers'" in result.stderr
    assert "'nothing' is undefined" in result.stderr
    assert "2 problems in the project" in result.stderr


def test_a_job_that_is_not_there(juncture, tmp_path):
    result = juncture("render", "match", "--project", str(write_project(tmp_path)))
    assert result.exit_code == 2
    assert result.stderr == "error: there is no job 'match'\n  remedy: did you mean 'matches'?\n"


BROKEN = {
    "jobs/other.yaml": "join: other\nsinks: matches\n",
    "jobs/late.yaml": "join: late\nsink: matches\n",
    "sql/joins/late.sql": "SELECT id FROM {{ source('late') }}",
    "sql/sources/late.sql": " ",
}


@pytest.mark.parametrize("command", ["render", "submit"])
def test_a_job_that_needs_a_broken_file_is_not_taken(juncture, tmp_path, command):
    project = str(write_project(tmp_path, BROKEN))
    result = juncture(command, "other", "--project", project)
    assert result.exit_code == 2
    assert "jobs/other.yaml:2:1: unknown key 'sinks'" in result.stderr
    assert "late.sql" not in result.stderr


def test_a_source_that_is_broken_is_told_instead_of_missing(juncture, tmp_path):
    result = juncture("render", "late", "--project", str(write_project(tmp_path, BROKEN)))
    assert result.exit_code == 2
    assert "error: sql/sources/late.sql: the file is empty" in result.stderr
    assert "there is no source" not in result.stderr
    assert "broken, and not needed here: jobs/other.yaml (`juncture check` examines it)" in result.stderr


def test_submit_goes_on_to_the_cluster_where_other_files_are_broken(juncture, tmp_path):
    result = juncture("submit", "matches", "--project", str(write_project(tmp_path, BROKEN)))
    assert "juncture local up" in result.stderr
    assert "unknown key" not in result.stderr


def test_all_jobs_are_rendered_only_where_all_files_are_whole(juncture, tmp_path):
    result = juncture("render", "--project", str(write_project(tmp_path, BROKEN)))
    assert result.exit_code == 2
    assert "jobs/other.yaml:2:1" in result.stderr
    assert "sql/sources/late.sql" in result.stderr


PODS = """
[environments.pods]
kafka.bootstrap_servers = "k:1"
kubernetes.namespace = "shop"
kubernetes.image = "shop/{job}:{digest}"
"""


def test_an_environment_without_kubernetes(juncture, tmp_path):
    project = str(write_project(tmp_path, {"juncture.toml": CONFIG + PODS}))
    result = juncture("render", "--project", project, "--target", "kubernetes")
    assert result.exit_code == 2
    assert "the environment 'local' has no Kubernetes" in result.stderr
    assert "name one that has, by --env: pods" in result.stderr


def test_sizes_of_a_job_that_is_not_there_and_jobs_of_one_name(juncture, tmp_path):
    files = {
        "juncture.toml": CONFIG + PODS + "kubernetes.jobs.match.slots = 2\n",
        "jobs/Matches.yaml": JOB,
    }
    project = str(write_project(tmp_path, files))
    result = juncture("render", "--project", project, "--env", "pods", "--target", "kubernetes")
    assert result.exit_code == 2
    assert "environments.pods.kubernetes.jobs: there is no job 'match'" in result.stderr
    assert "'Matches' and 'matches' would be the same deployment, matches" in result.stderr


@pytest.mark.parametrize("arguments", [["matches"], ["--target", "kubernetes"], []])
def test_offsets_that_were_seen_are_for_one_job_on_kubernetes(juncture, tmp_path, arguments):
    seen = tmp_path / "seen.json"
    seen.write_text("{}")
    project = str(write_project(tmp_path, {"juncture.toml": CONFIG + PODS}))
    result = juncture("render", "--project", project, *arguments, "--startpoints", str(seen))
    assert result.exit_code == 2
    assert "--startpoints is for one JOB, and goes with --target kubernetes" in result.stderr
