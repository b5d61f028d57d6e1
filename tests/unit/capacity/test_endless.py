"""State that nothing removes."""

from __future__ import annotations

import pytest
from tests.unit.capacity.test_pricing import MIB, of_job
from tests.unit.capacity.test_storage import GIVEN, checked

from juncture.capacity.endless import STATE_GROWTH, grows, without_end
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
