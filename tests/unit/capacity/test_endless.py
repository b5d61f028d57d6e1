"""State that nothing removes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.capacity.found import found_traffic
from tests.unit.capacity.test_hotkeys import hot_rows, regular, rows_of, samples
from tests.unit.capacity.test_pricing import MIB, of_job
from tests.unit.capacity.test_readiness import demand, outcomes
from tests.unit.capacity.test_storage import GIVEN, checked

from juncture.capacity.demand import figures
from juncture.capacity.endless import STATE_GROWTH, grows, told_days, without_end
from juncture.capacity.hotrows import hot_key_checks
from juncture.capacity.job import Job
from juncture.capacity.storage import Probe
from juncture.model.capacity import Check
from juncture.model.figures import Range

RESTING = {
    "rocksdb": ("state", "full checkpoint", "upload of a checkpoint", "local disk"),
    "hashmap": ("state", "full checkpoint", "upload of a checkpoint", "heap"),
}


@pytest.mark.parametrize("backend", ["rocksdb", "hashmap"])
def test_it_is_told_as_it_is_after_a_day_and_how_fast_it_grows(backend: str) -> None:
    endless, a_day = (of_job(backend, kept=kept) for kept in (None, 86_400_000))
    for name in RESTING[backend]:
        assert endless[name].value == a_day[name].value
    assert (endless["state"].basis, a_day["state"].basis) == ("assumed", "packaged")
    assert endless["rows of l in a join"].formula.endswith("86,400 s, a day: they are kept for ever")
    growth = endless[STATE_GROWTH]
    assert growth.unit == "bytes/h"
    assert growth.value.expected == pytest.approx(
        1_000 * (910 + 90) * 3_600 * {"rocksdb": 0.8, "hashmap": 0.5}[backend]
    )
    assert growth.formula.startswith("(1,000.0 records/s * 1,000 bytes (l)) * ")


def test_it_is_never_steady_and_other_state_grows_to_an_end() -> None:
    assert "time until state is steady" not in of_job(kept=None)
    assert STATE_GROWTH not in of_job()


@pytest.mark.parametrize("name", ["checkpoint-room", "local-disk"])
def test_what_has_room_for_a_day_is_not_known_to_have_room(name: str) -> None:
    assert checked(free=1 << 40)[name].outcome == "passed"
    check = checked(free=1 << 40, kept=None)[name]
    assert check.outcome == "unknown"
    assert "that is after a day, and state grows by" in check.message
    assert checked(Probe(8 * MIB, 0.1, free=99), free=49, kept=None)[name].outcome == "warned"


@pytest.mark.parametrize(("backend", "outcome"), [("hashmap", "unknown"), ("rocksdb", "passed")])
def test_a_heap_is_written_whole_and_files_as_rows_come(backend: str, outcome: str) -> None:
    fast = Probe(8 * MIB, 1e-6, free=GIVEN.free)
    assert checked(fast, backend=backend, kept=None)["checkpoint-writes"].outcome == outcome


def test_what_has_no_room_for_a_day_may_have_it_for_an_hour() -> None:
    for failed in (False, True):
        check = Check.lacking("heap", "2 bytes", "mend it", failed)
        told = without_end(check, Range.exactly(1024))
        assert (told.outcome, told.remedy) == ("warned", "mend it")
        assert (
            told.message
            == "2 bytes; that is after a day, and state grows by 1.0 KiB/h at the peak rate, without end"
        )
        assert without_end(check, None) == check
    assert grows(Range.exactly(0)) == "grows with each record, without end"


@pytest.mark.parametrize(
    ("ttls", "met", "growing"), [(("0 ms", "0 ms"), 2 * 86_400, 2), (("60000 ms", "0 ms"), 86_460, 1)]
)
def test_a_hot_key_meets_the_rows_of_a_day_and_an_hour_more_with_each_hour(
    ttls: tuple[str, str], met: int, growing: int
) -> None:
    (rows,) = hot_rows(samples(50, 20), regular(*ttls))
    # 50 % of 100 records/s, 20 % of 30 records/s; at first none is kept.
    assert rows.rate.expected == pytest.approx(50 * 6 * met)
    assert rows.rate.low == 0
    assert rows.growth == pytest.approx(50 * 6 * growing * 3_600)
    assert rows.formula.endswith(f" * {met:,.1f} s in which rows are met, a day where they are kept for ever")
    # A run over a sample has no more event time than that.
    (run,) = hot_rows(samples(50, 20), regular(*ttls), within=50_000)
    assert run.rate.expected == pytest.approx(50 * 6 * 50)


def test_the_check_names_the_key_that_gives_more_rows_without_end() -> None:
    """However few they are after a day."""
    few = rows_of(0, 12).model_copy(update={"growth": 3.0})
    (check,) = hot_key_checks([few])
    assert check.outcome == "warned"
    assert check.message == (
        "'hot' is the key (ad_id) of 90 % of l and of 90 % of r: each of these rows meets all of the other side's, 12"
        " rows/s expected after a day, and 3 more with each hour of the peak, without end"
    )
    assert check.remedy is not None
    assert check.remedy.startswith(
        "bound the join in time, or set `state: {ttl: ...}`; join by a further column"
    )
    *_, rest = hot_key_checks([few] * 5)
    assert rest.message.endswith("; that is after a day, and grows without end")


@pytest.mark.parametrize(("growth", "basis"), [(3.0, "assumed"), (None, "packaged")])
def test_what_rests_on_the_rows_of_such_a_key_is_assumed(growth: float | None, basis: str) -> None:
    hot = rows_of(0, 12).model_copy(update={"growth": growth})
    job = Job(2, "hashmap", True, joins=1, exchanges=2, interval=10_000, backlog=0)
    found = {each.name: each for each in figures(job, [found_traffic("l", 100)], [], [], [hot])}
    assert found["cores"].basis == basis
    assert found["rows of the key 'hot' in a join"].basis == ("assumed" if growth else "sampled")
    told = told_days([], of_job(kept=None)[STATE_GROWTH], [hot])
    assert ("So are the rows of hot keys" in told) == (growth is not None)


@pytest.mark.parametrize(("growth", "outcome"), [(3.0, "unknown"), (None, "passed")])
def test_what_is_enough_for_the_rows_of_a_day_is_not_known_to_be(growth: float | None, outcome: str) -> None:
    hot = rows_of(0, 12).model_copy(update={"growth": growth})
    found = outcomes(replace(demand(found_traffic("l", 1)), hot=[hot]))
    assert (found["cores"], found["parallelism"]) == (outcome, outcome)
