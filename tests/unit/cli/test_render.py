import pytest
from tests.projects import write_project


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
