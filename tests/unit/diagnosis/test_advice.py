"""What findings tell to write, in SQL and in the author's own names."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from juncture.checks.tables import read_table
from juncture.diagnosis.advice import alias_of, interval, literal, macro_of, time_of
from juncture.diagnosis.patient import Patient
from juncture.model.observation import Observation
from juncture.model.rendered import Span, Statement
from juncture.planner.plan import parse_plan

PLAN = parse_plan((Path(__file__).parents[1] / "monitoring/plan.json").read_text())
SQL = "CREATE TABLE client (id STRING, n BIGINT, t TIMESTAMP(3), WATERMARK FOR t AS t - INTERVAL '5' SECOND) WITH ()"


@pytest.mark.parametrize(
    ("millis", "told"),
    [
        (1, "INTERVAL '1' SECOND"),
        (90_000, "INTERVAL '90' SECOND"),
        (115_000, "INTERVAL '2' MINUTE"),
        (1_990_000, "INTERVAL '34' MINUTE"),
        (3_600_000, "INTERVAL '1' HOUR"),
        (86_400_000 * 3, "INTERVAL '3' DAY"),
    ],
)
def test_an_interval_is_written_in_the_largest_unit_that_is_near(millis: int, told: str) -> None:
    assert interval(millis) == told


def test_the_authors_names_are_told_where_they_are_known() -> None:
    patient = Patient(observation(), PLAN)
    known = KnownPatient(observation(), PLAN)
    assert macro_of(patient, "client") == "the macro of the source client"
    assert (alias_of(patient, "client"), time_of(patient, "client")) == ("client", None)
    assert (alias_of(known, "client"), time_of(known, "client")) == ("c", "t")
    assert literal(patient, "client", "n", "7") == "'7'"
    assert literal(known, "client", "n", "7") == "7"
    assert literal(known, "client", "n", "7 OR 1=1") == "'7 OR 1=1'"
    assert literal(known, "client", "id", "o'7") == "'o''7'"


class KnownPatient(Patient):
    """One whose source is known, and called c in the query."""

    @property
    def case(self) -> Any:
        span = Span(start=0, path="sql/sources/client.sql", line=1, column=1, literal=False)
        table = read_table(Statement(kind="source", name="client", text=SQL, spans=(span,)))
        named = SimpleNamespace(table="client", alias="c")
        return cast(
            "Any", SimpleNamespace(tables={"client": table}, places=SimpleNamespace(named=lambda: (named,)))
        )


def observation() -> Observation:
    return Observation(
        job="matches", version=1, flink_job_id="f", state="RUNNING", at=datetime.now(timezone.utc), seconds=10,
        running=10, restarts=0, failures=(), vertices=(), sources=(), checkpoints=(), workers=(), options={},
    )  # fmt: skip
