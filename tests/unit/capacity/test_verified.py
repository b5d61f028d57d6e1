"""The rows that were written, beside those that were foretold."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from tests.unit.capacity.found import found_traffic

from juncture.capacity.verified import rows_term
from juncture.model.figures import Range
from juncture.model.traffic import Written
from juncture.model.verification import Term, Verification

TRAFFIC = [found_traffic("l", 100), found_traffic("r", 100)]
WRITTEN = [
    Written(table=table, rate=Range(low=10, expected=20, high=40), row_bytes=Range.exactly(100))
    for table in ("matched", "late")
]


def term(rows: int, records: int = 1_000, is_known: bool = True) -> Term:
    return rows_term(TRAFFIC, WRITTEN, records, rows, 10, is_known)


def test_what_is_foretold_is_of_the_records_that_were_read() -> None:
    # 40 rows of both sinks for 200 records, and half as many records came.
    found = term(200)
    assert (found.name, found.unit, found.basis) == ("rows written", "rows/s", "calibrated")
    assert (found.foretold.low, found.foretold.expected, found.foretold.high) == (10, 20, 40)
    assert (found.measured, found.off, found.holds) == (20, 1, True)


@pytest.mark.parametrize(("rows", "holds"), [(99, False), (100, True), (400, True), (401, False)])
def test_a_calibration_knows_how_many_find_a_partner(rows: int, holds: bool) -> None:
    assert term(rows).holds is holds


@pytest.mark.parametrize(("rows", "holds"), [(0, True), (400, True), (401, False), (257_000, False)])
def test_without_one_fewer_are_no_fault(rows: int, holds: bool) -> None:
    found = term(rows, is_known=False)
    assert (found.holds, found.basis) == (holds, "computed")


@pytest.mark.parametrize(("rows", "is_off"), [(0, True), (99, True), (100, False)])
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
    assert rows_term([found_traffic("l", 0)], WRITTEN, 1_000, 1, 10, True).measured is None
