import json

import pytest
from tests.projects import write_project

from juncture.checks.registry import known_rules
from juncture.cli.findings import FORMATS, as_findings
from juncture.cli.sarif import sarif
from juncture.errors import JunctureError, Location
from juncture.model.report import Finding

WARNING = Finding(
    rule="no-idle-timeout",
    severity="warning",
    job="a",
    message="'s' may fall\nquiet, 100%",
    location=Location("sql/sources/my s.sql", 4, 2),
    remedy="give it one",
)
FINDINGS = [
    WARNING,
    WARNING.model_copy(update={"job": "b"}),
    Finding(
        rule="unbounded-state",
        severity="error",
        job="b",
        message="it grows",
        location=Location("jobs/b.yaml"),
        remedy="bound it",
    ),
    WARNING.model_copy(update={"rule": "join-key-cast", "silenced": "measured twice"}),
]


@pytest.fixture
def printed(probe, tmp_path):
    """Standard output of a format, for a project that lies in a folder of its repository."""
    (tmp_path / ".git").mkdir()
    project = write_project(tmp_path / "streams" / "shop")

    def run(form: str) -> str:
        def body(invocation):
            FORMATS[form](invocation, FINDINGS, ["a", "b"])

        result = probe(body, "--project", str(project))
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_people_read_each_finding_once_in_the_order_of_places(printed):
    assert printed("text").splitlines() == [
        "jobs/b.yaml: error: it grows [unbounded-state] (b)",
        "    bound it",
        "sql/sources/my s.sql:4:2: warning: 's' may fall",
        "quiet, 100% [no-idle-timeout] (a, b)",
        "    give it one",
        "2 jobs checked: 1 error, 1 warning, 1 silenced",
    ]


def test_json_has_every_finding_of_every_job(printed):
    data = json.loads(printed("json"))
    assert data["jobs"] == ["a", "b"]
    assert [Finding.model_validate(finding) for finding in data["findings"]] == FINDINGS


def test_github_reads_one_line_a_finding_from_the_top_of_the_repository(printed):
    assert printed("github").splitlines() == [
        "::error file=streams/shop/jobs/b.yaml,title=unbounded-state (b)::it grows%0Abound it",
        "::warning file=streams/shop/sql/sources/my s.sql,line=4,col=2,title=no-idle-timeout (a%2C b)"
        "::'s' may fall%0Aquiet, 100%25%0Agive it one",
    ]


def test_sarif_names_every_rule_and_place(printed):
    log = json.loads(printed("sarif"))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(known_rules())
    first, second, third = run["results"]
    assert first["level"] == "error"
    assert first["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "streams/shop/jobs/b.yaml"}}}
    ]
    by_rule = {result["ruleId"]: result for result in (second, third)}
    assert by_rule["no-idle-timeout"]["properties"] == {"jobs": ["a", "b"]}
    assert by_rule["no-idle-timeout"]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "streams/shop/sql/sources/my%20s.sql"},
        "region": {"startLine": 4, "startColumn": 2},
    }
    assert by_rule["join-key-cast"]["suppressions"] == [
        {"kind": "inSource", "justification": "measured twice"}
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_a_project_that_cannot_be_loaded_is_shown_in_every_format(juncture, tmp_path, form):
    project = write_project(tmp_path, {"jobs/matches.yaml": "join: matches\nsinks: matches\n"})
    result = juncture("check", "--format", form, "--project", str(project))
    assert result.exit_code == 2
    assert "unknown key 'sinks'" in result.stdout
    assert result.stderr == ""


def test_broken_templates_are_findings_with_their_job(juncture, tmp_path):
    project = write_project(tmp_path, {"sql/joins/matches.sql": "SELECT {{ x }} FROM {{ source('client') }}"})
    result = juncture("check", "--output", "json", "--project", str(project))
    assert result.exit_code == 2
    (finding,) = json.loads(result.stdout)["findings"]
    assert (finding["rule"], finding["job"], finding["location"]["line"]) == ("invalid-project", "matches", 1)


def test_sarif_has_the_name_of_a_file_in_another_encoding():
    place = Location("sql/sources/caf\udce9.sql")
    problem = JunctureError("'caf\udce9' is not a name", location=place)
    log = sarif([(each, [""]) for each in as_findings("", [problem])], "")
    (result,) = log["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "sql/sources/caf%E9.sql"
