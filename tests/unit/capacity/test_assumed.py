"""What had to be assumed, with how far it moves the answer."""

from __future__ import annotations

from tests.unit.capacity.found import found_traffic
from tests.unit.capacity.test_pricing import of_job

from juncture.capacity.assumed import Assumed, Varied, told
from juncture.model.figures import Figure, Range
from juncture.model.traffic import SideState


def needs(varied: Varied) -> dict[str, Figure]:
    """A side of 910 bytes a row and more, 1,000 bytes with what state keeps beside it."""
    return of_job(rate=varied.peak if varied.peak is not None else 1_000)


def test_a_topic_without_records_by_what_each_thousand_would_add() -> None:
    empty = found_traffic("l", 0)
    found = told(Assumed("'l' has no records", rates="l"), {"l": empty}, needs)
    # 600,000 rows of 1,000 bytes, of which the packaged model takes 0.8.
    assert found.startswith("'l' has no records: each 1,000 records/s of it add 0.0")
    assert found.endswith(" cores and 457.8 MiB of state")


def test_a_peak_that_is_not_sure_by_both_ends() -> None:
    unsure = found_traffic("l", 0).model_copy(update={"peak": Range(low=10, expected=500, high=1_000)})
    found = told(Assumed("it is short", rates="l"), {"l": unsure}, needs)
    assert found.startswith(
        "it is short: between 10.0 and 1,000.0 records/s the job needs 0.0060 to 0.03 cores"
    )
    assert found.endswith("cores, and 4.6 MiB to 457.8 MiB of state")


def test_what_moves_nothing_is_told_as_it_is() -> None:
    assert told(Assumed("the newest record is old"), {}, needs) == "the newest record is old"


def test_rows_of_a_table_are_taken_small_or_large() -> None:
    def side(*tables: str) -> SideState:
        return SideState(
            operator="a join", side=" and ".join(tables), tables=tables, columns=("k",), rate=Range.exactly(1),
            kept=None, row_bytes=Range(low=10, expected=20, high=60),
        )  # fmt: skip

    found = Varied("l", rows="high").sides([side("l"), side("r"), side("l", "r")])
    assert [each.row_bytes.expected for each in found] == [60, 20, 60]
    assert [each.row_bytes.low for each in found] == [60, 10, 60]
