"""What brokers keep, send and allow."""

from __future__ import annotations

import pytest
from tests.unit.capacity.found import found_traffic
from tests.unit.capacity.test_pricing import of_job

from juncture.capacity.brokers import (
    GROWTH,
    Asked,
    broker_checks,
    broker_figures,
    compressed,
    read_figure,
)
from juncture.capacity.traffic import BYTES_UNKNOWN
from juncture.model.brokers import Brokers, Quota, Stored
from juncture.model.capacity import Check
from juncture.model.figures import Figure, Range
from juncture.model.traffic import SinkTopic, Written

DAY = 86_400_000
OUT = SinkTopic(table="out", topic="out", partitions=4, replicas=3, retention=DAY)
EVER = OUT.model_copy(update={"retention": -1})
ROWS = Written(table="out", rate=Range(low=50, expected=100, high=200), row_bytes=Range.exactly(200))


def test_topics_that_are_compressed() -> None:
    # 10,800 records of 500 bytes, in a quarter of that.
    found = found_traffic("l", 1).model_copy(update={"record_bytes": Range(low=400, expected=500, high=625)})
    (each,) = compressed([found], {"l": Stored(once=1_350_000, in_all=4_050_000)})
    assert each.compression == Range(low=0.2, expected=0.25, high=0.3125)
    figure = read_figure([each])
    assert figure.value == Range(low=80, expected=125, high=195.3125)
    assert figure.formula == "1.0 records/s * 500 bytes * 0.25 on disk (l)"


@pytest.mark.parametrize(
    "more", [{"compacted": True}, {"records": 0}, {"record_bytes": BYTES_UNKNOWN}, {"topic": "other"}]
)
def test_what_offsets_tell_no_ratio_of(more: dict[str, object]) -> None:
    (each,) = compressed([found_traffic("l", 1).model_copy(update=more)], {"l": Stored(once=9, in_all=9)})
    assert each.compression is None
    assert read_figure([each]).value == each.record_bytes
    assert "uncompressed" in read_figure([each]).formula


def test_what_is_written_stays_for_its_retention() -> None:
    # On average half of the peak.
    traffic = found_traffic("l", 1_000).model_copy(update={"hours": (500.0,) * 3})
    (figure,) = broker_figures([traffic], [ROWS], [OUT])
    day = 86_400 * 200 * 3
    assert figure.value == Range(low=25 * day, expected=50 * day, high=200 * day)
    assert (figure.unit, figure.basis) == ("bytes", "computed")
    # At most what a partition may have.
    (figure,) = broker_figures([traffic], [ROWS], [OUT.model_copy(update={"most": 30 * 86_400 * 200})])
    assert figure.value == Range(low=25 * day, expected=30 * day, high=30 * day)


@pytest.mark.parametrize(
    "more",
    [
        {"retention": None},
        {"replicas": None},
        {"retention": -1, "compacted": True},
        {"retention": -1, "compacted": True, "most": 9},
    ],
)
def test_what_is_not_known_to_be_kept_comes_to_no_figure(more: dict[str, object]) -> None:
    assert list(broker_figures([found_traffic("l", 1)], [ROWS], [OUT.model_copy(update=more)])) == []


def test_what_is_kept_for_ever_grows() -> None:
    # On average half of the peak.
    traffic = found_traffic("l", 1_000).model_copy(update={"hours": (500.0,) * 3})
    (figure,) = broker_figures([traffic], [ROWS], [EVER])
    hour = 3_600 * 200 * 3
    assert (figure.name, figure.unit) == (GROWTH, "bytes/h")
    assert figure.value == Range(low=25 * hour, expected=50 * hour, high=200 * hour)
    assert figure.formula == (
        "50.0 rows/s on average * 200 bytes * 3,600 s * 3 replicas (out, uncompressed), without end"
    )
    # Beside one that lets go of its rows.
    other = ROWS.model_copy(update={"table": "other"})
    both = [EVER, OUT.model_copy(update={"table": "other", "topic": "other"})]
    assert [each.name for each in broker_figures([traffic], [ROWS, other], both)] == ["broker disk", GROWTH]
    # With no limit of time but one of bytes it comes to that.
    (figure,) = broker_figures([traffic], [ROWS], [EVER.model_copy(update={"most": 1_000})])
    assert (figure.name, figure.value) == ("broker disk", Range.exactly(3_000))


@pytest.mark.parametrize("local", [False, True])
def test_topics_that_grow_without_end_are_warned_of(local: bool) -> None:
    """But on a local stack, whose topics all do."""
    value = Range(low=1024, expected=2048, high=4096)
    growth = Figure(name=GROWTH, unit="bytes/h", value=value, formula="", basis="computed")
    asked = Asked(Brokers(count=3, usable=48 * 2048), {GROWTH: growth}, (EVER,), local=local)
    check = next(each for each in broker_checks(asked) if each.id == "broker-disk")
    assert check.outcome == ("passed" if local else "warned")
    assert check.message == (
        "what is written to 'out' is kept for ever: it grows by 2.0 KiB/h on average, 4.0 KiB/h at most, without end;"
        " 96.0 KiB are free on 3 brokers, full after 48.0 h on average"
    )
    if not local:
        assert check.remedy is not None
        assert check.remedy.startswith("set retention.ms or retention.bytes of 'out'")


def test_what_is_there_of_a_topic_that_is_kept_for_ever_makes_no_room_for_others() -> None:
    other = OUT.model_copy(update={"table": "ever", "topic": "ever", "retention": -1})
    stored = {"out": Stored(once=20, in_all=40), "ever": Stored(once=900, in_all=900)}
    value = Range(low=50, expected=100, high=200)
    disk = Figure(name="broker disk", unit="bytes", value=value, formula="", basis="computed")
    figures = of_job() | {disk.name: disk}
    asked = Asked(Brokers(count=3, stored=stored, usable=159), figures, (OUT, other))
    check = next(each for each in broker_checks(asked) if each.id == "broker-disk")
    assert check.outcome == "warned"


def checked(brokers: Brokers, disk: float | None = 100.0, silent: tuple[str, ...] = ()) -> dict[str, Check]:
    figures = of_job()
    if disk is not None:
        value = Range(low=disk * 0.5, expected=disk, high=disk * 2)
        figures["broker disk"] = Figure(
            name="broker disk", unit="bytes", value=value, formula="", basis="computed"
        )
    return {each.id: each for each in broker_checks(Asked(brokers, figures, (OUT,), silent))}


@pytest.mark.parametrize(
    ("free", "outcome"),
    [(0, "failed"), (9, "failed"), (10, "warned"), (159, "warned"), (160, "passed"), (None, "unknown")],
)
def test_room_on_the_brokers_disks(free: int | None, outcome: str) -> None:
    # 50 to 200 bytes, of which 40 are there.
    brokers = Brokers(count=3, stored={"out": Stored(once=20, in_all=40)}, usable=free)
    assert checked(brokers)["broker-disk"].outcome == outcome
    assert "broker-disk" not in checked(brokers, None)


def test_disks_that_may_not_be_seen() -> None:
    check = checked(Brokers(count=3, refused={"disks": "not authorized", "quotas": "not authorized"}))
    assert check["broker-disk"].outcome == check["quotas"].outcome == "unknown"
    assert check["broker-disk"].message.endswith("is not known: not authorized")


def test_room_and_quotas_are_not_known_to_do_where_a_topic_has_no_records() -> None:
    room = Brokers(count=2, stored={"out": Stored(once=20, in_all=40)}, usable=160)
    held, free = (
        checked(room.model_copy(update={"read": quota}), silent=("'taps'",))
        for quota in (Quota(rate=250_000.0, whose="the user 'ann'"), None)
    )
    assert (held["broker-disk"].outcome, held["quotas"].outcome) == ("unknown", "unknown")
    assert free["quotas"].outcome == "passed"


@pytest.mark.parametrize(
    ("rate", "outcome"), [(249_999.0, "failed"), (250_000.0, "passed"), (None, "passed")]
)
def test_quotas_are_of_each_broker(rate: float | None, outcome: str) -> None:
    # 1,000 records a second of 500 bytes are read, of two brokers.
    quota = Quota(rate=rate, whose="the user 'ann'") if rate is not None else None
    check = checked(Brokers(count=2, read=quota))["quotas"]
    assert check.outcome == outcome
    if quota is None:
        assert check.message == "brokers limit neither what is read nor written"
    else:
        assert "the user 'ann' may have 244.1 KiB/s of each of 2 brokers" in check.message
