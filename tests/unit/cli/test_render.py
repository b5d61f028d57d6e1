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
