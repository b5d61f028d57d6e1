import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.projects import JOIN, write_project

from juncture.cli.main import main

pytestmark = pytest.mark.usefixtures("one_planner")

REPOSITORY = Path(__file__).parents[2]


def juncture(*args: str) -> Result:
    return CliRunner().invoke(main, args)


def test_the_example_has_no_finding():
    result = juncture("check", "--project", str(REPOSITORY), "--output", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["findings"] == []


def test_an_error_ends_with_1_and_a_silence_takes_its_entry_in_the_job(tmp_path):
    silence = "silence:\n  - rule: no-such-rule\n    reason: just a test\n"
    files = {
        "sql/joins/matches.sql": JOIN.replace("c.payload", "c.payloads"),
        "jobs/matches.yaml": f"join: matches\nsink: matches\n{silence}",
    }
    result = juncture("check", "--project", str(write_project(tmp_path, files)))
    assert result.exit_code == 1
    assert "sql/joins/matches.sql:1:27: error: 'c' has no column 'payloads'" in result.stdout
    assert "jobs/matches.yaml:4:5: " in result.stdout
