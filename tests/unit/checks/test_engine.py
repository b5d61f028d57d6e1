"""Refusals in words, silences, and the order of findings; all without a planner."""

from __future__ import annotations

import pytest
from tests.projects import SOURCE
from tests.unit.checks.conftest import MakeCase

from juncture.checks.engine import check, explained
from juncture.checks.registry import known_rules
from juncture.model.compilation import Compilation, PlannerError
from juncture.model.project import JobFile
from juncture.model.report import Finding

SERVER, CLIENT = "{{ source('server') }}", "{{ source('client') }}"
QUERY = f"SELECT s.id, s.pay, c.payload, s.ts\nFROM {SERVER} AS s JOIN {CLIENT} AS c ON c.id = s.id"
MISMATCH = """\
Column types of query result and sink for 'default_catalog.default_database.matches' do not match.
Cause: {}

Query schema: [id: STRING, r: ROW<`a` INT, `b` INT>, n: BIGINT NOT NULL, ts: TIMESTAMP_LTZ(3) *ROWTIME*]
Sink schema:  [id: STRING, server_payload: STRING, client_payload: STRING, ts: TIMESTAMP_LTZ(3)]"""


def refusal(message: str, *, line: int | None = None, column: int | None = None) -> PlannerError:
    return PlannerError(kind="validate", message=message, statement=3, line=line, column=column)


def findings(
    make_case: MakeCase, join: str, error: PlannerError | None = None, files: dict[str, str] | None = None
) -> tuple[Finding, ...]:
    case = make_case(join, error, files)
    return check(case.rendered, case.compilation)


@pytest.mark.parametrize(
    ("error", "place", "message", "remedy"),
    [
        (
            refusal("Column 'pay' not found in table 's'", line=2, column=16),
            "1:16",
            "'s' has no column 'pay'",
            "did you mean 'payload'?",
        ),
        (
            refusal("Column member_id does not exists in definition of proto class."),
            "1:1",
            "the column member_id of client or server is no field of its message",
            "name fields as the .proto file does; what is none is computed (`AS ...`) or metadata",
        ),
        (
            refusal("Protobuf field type does not match column type, LONG(protobuf) is not compatible of VARCHAR"),
            "1:1",
            "a column is VARCHAR, and the field of its message is LONG",
            "declare the column as the field is (int64 as BIGINT), and compute another one from it: CAST(...)",
        ),
        (
            refusal("At line 2, column 8: Table 'ss' not found", line=2, column=8),
            "1:8",
            "there is no table or alias 'ss' in this query",
            "did you mean 's'?",
        ),
        (
            refusal("Column 'id' is ambiguous", line=2, column=8),
            "1:8",
            "'id' may mean the column of more than one table",
            "write s.id or c.id",
        ),
        (
            refusal("No match found for function signature UPER(<CHARACTER>)", line=2, column=8),
            "1:8",
            "there is no function 'UPER'",
            "did you mean 'UPPER'?",
        ),
        (
            refusal("No match found for function signature UPPER(<NUMERIC>, <BOOLEAN>)", line=2, column=8),
            "1:8",
            "UPPER does not take (numeric, boolean)",
            "look up the arguments of UPPER in Flink's functions",
        ),
        (
            refusal('Encountered "." at line 2, column 9.', line=2, column=9),
            "1:9",
            "'.' can't stand here after 's'",
            "something before it is missing or misspelt",
        ),
        (
            refusal(MISMATCH.format("Incompatible types for sink column 'client_payload' at position 3.")),
            "1:21",
            "the sink matches takes STRING for its column client_payload, but the query gives BIGINT NOT NULL (n)",
            "columns go by position: check their order, or CAST(... AS STRING)",
        ),
        (
            refusal(
                "The query contains more than one rowtime attribute column [ts, ts0] for writing into table 'x'."
            ),
            "1:1",
            "the query gives several time attributes (ts and ts0), and a sink's records have one time",
            "keep one, and CAST(ts0 AS TIMESTAMP_LTZ(3)), or whichever is not the event's time",
        ),
        (
            refusal("StreamPhysicalIntervalJoin doesn't support consuming update and delete changes which is"
                    " produced by node ChangelogNormalize(key=[id])"),
            "2:34",
            "an interval join takes only appended rows, but a changelog source updates them",
            "join a changelog as versions, FOR SYSTEM_TIME AS OF the other side's time",
        ),
        (
            refusal("StreamPhysicalIntervalJoin doesn't support consuming update and delete changes which is"
                    " produced by node Join(joinType=[LeftAntiJoin], where=[(id = id0)])"),
            "2:34",
            "an interval join takes only appended rows, but NOT EXISTS (or NOT IN) takes rows back",
            "write LEFT JOIN, bounded in time on both sides' WATERMARK columns, and WHERE <right key> IS NULL",
        ),
        (
            refusal("Something that nobody has seen. at line 2, column 8.", line=2, column=8),
            "1:8",
            "Something that nobody has seen.",
            "correct the statement: Flink's planner refuses it as it is",
        ),
    ],
)  # fmt: skip
def test_refusals(make_case: MakeCase, error: PlannerError, place: str, message: str, remedy: str) -> None:
    (finding,) = findings(make_case, QUERY, error)
    assert (finding.rule, finding.severity, finding.job) == ("sql-invalid", "error", "matches")
    assert (finding.message, finding.remedy) == (message, remedy)
    assert str(finding.location) == f"sql/joins/matches.sql:{place}"


def test_a_refusal_of_another_rule_is_reported_once(make_case: MakeCase) -> None:
    sink = "CREATE TABLE matches (id STRING,\n  PRIMARY KEY (id) NOT ENFORCED) {{ upsert_kafka(topic='t') }}"
    error = refusal("The query has an upsert key that differs from the primary key of the sink table 'x'."
                    " Primary key: [id], upsert key: [id, n]. This can lead to ...")  # fmt: skip
    (finding,) = findings(make_case, QUERY, error, {"sql/sinks/matches.sql": sink})
    assert (finding.rule, str(finding.location)) == ("upsert-key-mismatch", "sql/sinks/matches.sql:2:3")
    assert "known by id, n" in finding.message


class TestSilences:
    ERROR = refusal("Column 'pay' not found in table 's'", line=2, column=8)

    @pytest.mark.parametrize(
        "comment",
        [
            "-- juncture: silence sql-invalid because it is a draft",
            "/* juncture: silence sql-invalid because it is\n   a draft */",
            "--juncture:silence sql-invalid because: it is a draft  ",
        ],
    )
    def test_in_the_file(self, make_case: MakeCase, comment: str) -> None:
        (finding,) = findings(make_case, f"{comment}\n{QUERY}", self.ERROR)
        assert finding.silenced == "it is a draft"

    def test_another_file_is_not_silenced(self, make_case: MakeCase) -> None:
        table = "CREATE TABLE client (id STRING) {{ kafka(topic='t') }}"
        source = f"-- juncture: silence sql-invalid because of this\n{table}"
        (finding,) = findings(make_case, QUERY, self.ERROR, {"sql/sources/client.sql": source})
        assert finding.silenced is None

    def test_in_a_literal_it_is_text(self, make_case: MakeCase) -> None:
        join = QUERY.replace("s.id,", "'-- juncture: silence sql-invalid because',", 1)
        (finding,) = findings(make_case, join, self.ERROR)
        assert finding.silenced is None

    def test_without_reason_it_does_not_count(self, make_case: MakeCase) -> None:
        first, second = findings(make_case, f"-- juncture: silence sql-invalid\n{QUERY}", self.ERROR)
        assert (first.rule, str(first.location)) == ("invalid-silence", "sql/joins/matches.sql:1:1")
        assert first.message == "sql-invalid is silenced without a reason"
        assert second.silenced is None

    def test_unknown_rule(self, make_case: MakeCase) -> None:
        (finding,) = findings(make_case, f"-- juncture: silence unbound-state because x\n{QUERY}")
        assert finding.message == "there is no rule 'unbound-state' to silence"
        assert finding.remedy == "did you mean 'unbounded-state'?"

    def test_in_the_job(self, make_case: MakeCase) -> None:
        job = (
            "join: matches\nsink: matches\nsilence:\n- {rule: sql-invalid, reason: it is a draft}\n"
            "- {rule: x, reason: because of y}\n"
        )
        case = make_case(QUERY, self.ERROR, {"jobs/matches.yaml": job})
        positions: dict[tuple[str | int, ...], tuple[int, int]] = {
            ("silence", 0): (4, 3),
            ("silence", 1): (5, 3),
        }
        file = JobFile(job=case.rendered.job, path="jobs/matches.yaml", positions=positions)
        unknown, silenced = check(case.rendered, case.compilation, file)
        assert (unknown.rule, str(unknown.location)) == ("invalid-silence", "jobs/matches.yaml:5:3")
        assert silenced.silenced == "it is a draft"
        first, _ = check(case.rendered, case.compilation)
        assert str(first.location) == "jobs/matches.yaml"

    def test_every_rule_is_known(self) -> None:
        assert "unused-column-in-state" in known_rules()
        assert len(known_rules()) == len(set(known_rules()))


def test_a_refusal_is_explained_by_the_rule_that_it_belongs_to(make_case: MakeCase) -> None:
    raw = (
        "Table sink 'default_catalog.default_database.matches' doesn't support consuming update and delete changes"
        " which is produced by node Join(joinType=[LeftAntiJoin], where=[...])"
    )
    case = make_case(QUERY, refusal(raw))
    (finding,) = explained(case.rendered, case.compilation)
    assert finding.rule == "updating-into-append-sink"
    assert "the sink matches only appends" in finding.message
    assert "Join(" not in finding.message
    whole = make_case(QUERY)
    assert explained(whole.rendered, whole.compilation) == ()


@pytest.mark.parametrize(
    ("select", "names", "cast"),
    [
        ("s.ts, c.ts AS ts0", "ts, ts0", "CAST(ts0 AS TIMESTAMP(3))"),
        ("s.ts AS at, c.ts", "at, ts", "CAST(ts AS TIMESTAMP(3))"),
        ("s.ts, c.ts AS payload", "ts, payload", "CAST(payload AS TIMESTAMP(3))"),
    ],
)
def test_a_second_time_attribute_is_cast_to_its_own_type(
    make_case: MakeCase, select: str, names: str, cast: str
) -> None:
    files = {
        f"sql/sources/{name}.sql": SOURCE.format(name=name).replace("TIMESTAMP_LTZ(3)", "TIMESTAMP(3)")
        for name in ("server", "client")
    }
    message = (
        f"The query contains more than one rowtime attribute column [{names}] for writing into table 'x'."
    )
    join = f"SELECT s.id, {select} FROM {SERVER} AS s JOIN {CLIENT} AS c ON c.id = s.id"
    found = findings(make_case, join, refusal(message), files)
    (remedy,) = (each.remedy for each in found if each.rule == "sql-invalid")
    assert cast in remedy


def test_a_function_of_the_jobs_own_that_flink_refuses_is_told_at_its_line(make_case: MakeCase) -> None:
    case = make_case(QUERY)
    job = case.rendered.job.model_copy(update={"functions": {"site_of": "org.example.SiteOf"}})
    rendered = case.rendered.model_copy(update={"job": job})
    error = PlannerError(kind="validate", message="it has no eval", statement=0, function="site_of")
    file = JobFile(job=job, path="jobs/matches.yaml", positions={("functions", "site_of"): (4, 3)})
    (found,) = check(rendered, Compilation(error=error), file)
    assert (str(found.location), found.rule) == ("jobs/matches.yaml:4:3", "sql-invalid")
    assert found.message == "org.example.SiteOf can't be the function 'site_of': it has no eval"
    near = check(
        rendered, Compilation(error=refusal("No match found for function signature SITEOF(<CHARACTER>)"))
    )
    assert "did you mean 'site_of'?" in [each.remedy for each in near]
