"""The rows that were written, beside those that were foretold."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from juncture.capacity.verified import rows_term
from juncture.model.figures import Range
from juncture.model.traffic import Written
from juncture.model.verification import Term, Verification

WRITTEN = [
    Written(table=table, rate=Range(low=10, expected=20, high=40), row_bytes=Range.exactly(100))
    for table in ("matched", "late")
]


def at(times: float) -> list[Written]:
    return [each.model_copy(update={"rate": each.rate * times}) for each in WRITTEN]


def term(rows: int, records: int = 1_000, is_known: bool = True) -> Term:
    return rows_term(WRITTEN, WRITTEN, records, rows, 10, is_known)


def test_what_is_foretold_is_of_both_sinks() -> None:
    found = term(400)
    assert (found.name, found.unit, found.basis) == ("rows written", "rows/s", "calibrated")
    assert (found.foretold.low, found.foretold.expected, found.foretold.high) == (19, 40, 84)
    assert (found.measured, found.off, found.holds) == (40, 1, True)


def test_rows_that_come_late_are_of_earlier_rates() -> None:
    found = rows_term(WRITTEN, at(2), 1_000, 500, 10, True).foretold
    assert (found.low, found.expected, found.high) == (19, 40, 168)
    found = rows_term(WRITTEN, at(0.5), 1_000, 500, 10, True).foretold
    assert (found.low, found.expected, found.high) == (9.5, 40, 84)


@pytest.mark.parametrize(("rows", "holds"), [(189, False), (190, True), (840, True), (841, False)])
def test_a_calibration_knows_how_many_find_a_partner(rows: int, holds: bool) -> None:
    assert term(rows).holds is holds


@pytest.mark.parametrize(("rows", "holds"), [(0, True), (840, True), (841, False), (257_000, False)])
def test_without_one_fewer_are_no_fault(rows: int, holds: bool) -> None:
    found = term(rows, is_known=False)
    assert (found.holds, found.basis) == (holds, "computed")


@pytest.mark.parametrize(("rows", "is_off"), [(0, True), (189, True), (190, False)])
def test_a_job_that_writes_nothing_is_off_the_most(rows: int, is_off: bool) -> None:
    cpu = Term(name="CPU", unit="µs", foretold=Range.exactly(1), basis="calibrated", measured=1)
    found = Verification(
        job="j", environment="e", at=datetime.now(timezone.utc), seconds=10, rate=100,
        terms=(cpu, term(rows)), notes=(),
    )  # fmt: skip
    assert found.worst == (term(rows) if is_off else None)


def test_of_few_records_nothing_is_known() -> None:
    assert term(1, records=100).why is None
    found = term(1, records=99)
    assert (found.measured, found.holds) == (None, True)
    assert found.why == "99 records in 10 s are too few; watch longer with --during"
