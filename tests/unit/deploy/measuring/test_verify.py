"""The figures of a running job that can be held against what was foretold, and those that can't."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.capacity.found import found_traffic

from juncture.deploy.environment.connection import Connection
from juncture.deploy.measuring.verify import _growing, _Measured, _terms, _unless_growing, _watched, verify
from juncture.deploy.store.deployments import Store
from juncture.errors import Refused
from juncture.flink.answers import JobDetail
from juncture.model.environment import Flink, Kafka
from juncture.model.figures import Figure, Range, Unit
from juncture.model.traffic import SideState
from juncture.model.verification import Term

MIB = 1024.0 * 1024
UNITS: dict[str, Unit] = {"CPU a record": "µs", "state": "bytes", "upload of a checkpoint": "bytes"}
FIGURES = {
    name: Figure(
        name=name,
        unit=unit,
        value=Range(low=MIB, expected=2 * MIB, high=4 * MIB),
        formula="",
        basis="calibrated",
    )
    for name, unit in UNITS.items()
}
JOB = JobDetail.model_validate(
    {
        "jid": "j", "name": "j", "state": "RUNNING", "start-time": 0, "end-time": -1, "duration": 1,
        "vertices": [],
    }
)  # fmt: skip


SIDE = SideState(
    operator="a join", side="l", tables=("l",), columns=("k",), rate=Range.exactly(1), kept=Range.exactly(300_000),
    row_bytes=Range.exactly(10),
)  # fmt: skip
COMING = 100.0
"""Records a second that topics get."""


def measured(cpu: float, untold: str = "", behind: int | None = 0, records: int = 1_000) -> _Measured:
    return _Measured(
        job=JOB,
        seconds=10,
        read={"l": records},
        rows=500,
        cpu=cpu,
        untold=untold,
        behind=behind,
        states=[2 * MIB],
        written=[2 * MIB],
    )


def test_a_cluster_that_does_not_tell_its_cpu_has_the_other_figures_checked() -> None:
    terms = {each.name: each for each in _terms(FIGURES, measured(0.0, "nobody tells it"), COMING)}
    assert (terms["CPU a record"].measured, terms["CPU a record"].why) == (None, "nobody tells it")
    assert terms["state"].measured == terms["upload of a checkpoint"].measured == 2 * MIB


def test_of_an_idle_cluster_nothing_is_told_of_a_record() -> None:
    busy, idle = (_terms(FIGURES, measured(cpu), COMING)[0] for cpu in (5.0, 4.9))
    assert busy.measured == 5_000
    assert idle.measured is None
    assert idle.why is not None
    assert idle.why.startswith("0.49 cores in all, 4,900.0 µs for each of 1,000 records")


@pytest.mark.parametrize(("behind", "held"), [(1_000, True), (1_001, False), (None, True)])
def test_what_a_job_that_is_behind_keeps_and_uploads_is_not_what_was_foretold(
    behind: int | None, held: bool
) -> None:
    cpu, *others = _terms(FIGURES, measured(9.0, behind=behind), COMING)
    assert cpu.measured == 9_000
    for each in others:
        assert (each.measured, each.why) == (
            (2 * MIB, None) if held else (None, "it is 1,001 records behind: a job that keeps up is foretold")
        )


def test_what_a_job_keeps_that_gets_no_records_is_not_what_was_foretold() -> None:
    cpu, *others = _terms(FIGURES, measured(9.0, records=0), COMING)
    assert (cpu.measured, cpu.why) == (None, "0.90 cores in all: much of it is what TaskManagers do anyhow")
    told = [(each.measured, each.why) for each in others]
    assert told == [(None, "no record came in 10 s: a job that gets some is foretold")] * 2


@pytest.mark.parametrize("name", ["CPU a record", "state", "upload of a checkpoint", "rows written"])
@pytest.mark.parametrize(("times", "held"), [(1.0, True), (0.9, False), (9.0, True)])
def test_little_is_no_sign_while_state_may_grow(name: str, times: float, held: bool) -> None:
    low = Range(low=MIB, expected=2 * MIB, high=4 * MIB)
    term = Term(name=name, unit="bytes", foretold=low, basis="calibrated", measured=times * MIB)
    growing = _growing([SIDE], 240)
    assert growing == "it has run for 4 min, and rows are kept for 5 min: state may still grow"
    found = _unless_growing(term, growing)
    assert (found.measured, found.why) == ((times * MIB, None) if held else (None, growing))
    # A job that has run for so long has what it keeps.
    assert _growing([SIDE], 300) == ""
    assert _unless_growing(term, "") == term


def test_records_and_rows_go_by_what_was_read_of_each_topic_while_it_was_watched() -> None:
    seen = replace(measured(5.0), read={"views": 3_000, "taps": 1_500})
    traffic = [found_traffic(table, 7.0) for table in ("views", "taps", "quiet")]
    found = _watched(traffic, seen)
    assert [each.peak for each in found] == [Range.exactly(rate) for rate in (300, 150, 0)]
    assert (seen.records, seen.rate) == (4_500, 450)


def test_that_a_job_does_not_run_is_told_with_what_to_ask_instead(
    tmp_path: Path,
) -> None:
    connection = Connection("local", Kafka(bootstrap_servers="k"), Flink(rest="http://127.0.0.1:1"))

    def refused(job: str) -> Refused:
        with pytest.raises(Refused) as caught:
            verify(job, connection, Store(tmp_path), 1)
        return caught.value

    own = refused("clicks")
    assert own.problem == "'clicks' does not run on local"
    assert "before it runs, `juncture capacity clicks` tells what is foretold" in str(own.remedy)
    helper = refused("clicks__calibration")
    assert "`juncture calibrate clicks` runs it" in helper.problem
    assert "`juncture capacity clicks` tells what is foretold of that, without --verify" in str(helper.remedy)
