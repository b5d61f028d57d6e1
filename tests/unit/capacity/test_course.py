"""What a run over a sample tells of one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from juncture.capacity.course import Course, Seen, Taken, settled, steady, uploaded
from juncture.errors import Refused


def course(
    micros: Sequence[float], others: float = 0.0, taken: tuple[Taken, ...] = (), written: float = 0.0
) -> Course:
    """A thousand records of `l` and a thousand of `r` a second, each second's with so many µs, and then nothing; so
    many rows are written for each."""
    seen = [Seen(0, 100.0, {"l": 0, "r": 0})]
    for second, each in enumerate(micros, start=1):
        cpu = seen[-1].cpu + 2_000 * each / 1e6 + others
        seen.append(
            Seen(
                second * 1000, cpu, {"l": second * 1000, "r": second * 1000}, round(second * 2_000 * written)
            )
        )
    last = seen[-1]
    return Course((*seen, Seen(last.at + 5_000, last.cpu, last.read, last.written)), taken, others)


def test_the_last_half_is_measured_without_what_came_before_and_after() -> None:
    found = steady(course([900] * 5 + [500] * 5 + [700]))
    # Of the last second only its beginning was seen.
    assert found.micros.expected == pytest.approx(500)
    assert (found.measured, found.seconds, found.rate) == (10_000, 5, 2_000)
    assert found.micros.low < 500 < found.micros.high


def test_whole_rounds_of_checkpoints_are_measured() -> None:
    # Each costs 500 ms in the second after it began, in which a record takes 250 µs more.
    micros = [750 if second % 3 == 0 else 500 for second in range(30)]
    taken = tuple(Taken(second * 1_000.0, 0, 0) for second in range(0, 30, 3))
    found = steady(course(micros, taken=taken))
    assert found.micros.expected == pytest.approx((750 + 500 + 500) / 3)
    assert found.seconds in (12, 15)
    # One after the half is not enough, and neither is one that is long before it.
    plain = steady(course(micros))
    assert steady(course(micros, taken=taken[:5])) == plain
    assert steady(course(micros, taken=(taken[3], taken[9]))) == plain


def test_what_others_take_is_taken_off() -> None:
    assert steady(course([500] * 11, others=0.4)).micros.expected == pytest.approx(500)


def test_a_run_of_which_others_took_most_tells_nothing() -> None:
    steady(course([500] * 11, others=0.95))
    with pytest.raises(Refused, match=r"others seem to have taken 5\.2 s"):
        steady(course([500] * 11, others=1.05))
    # Where it has taken next to nothing, that is why nothing is told.
    with pytest.raises(Refused, match="22,000 records are too few"):
        steady(course([99] * 11, others=1.05))


def test_too_little_cpu_is_refused() -> None:
    steady(course([101] * 11))
    with pytest.raises(Refused, match=r"22,000 records are too few.* 0\.99 s of CPU"):
        steady(course([99] * 11))


def test_a_refusal_tells_what_came_meanwhile_and_how_many_would_do() -> None:
    # Half of them took 0.405 s: 35,000 would do, and half as many again do as Java compiles.
    with pytest.raises(Refused) as refused:
        steady(replace(course([40.5] * 11), wanted=14_000))
    assert refused.value.problem == (
        "14,000 records, and 8,000 that came meanwhile, are too few: the half that was measured took 0.41 s of CPU, and"
        " 1 s are needed"
    )
    assert refused.value.remedy is not None
    assert refused.value.remedy.startswith("take at least 52,000 with --records; ")
    with pytest.raises(Refused, match=r"^22,000 records are too few") as refused:
        steady(replace(course([8] * 11), wanted=22_000))
    assert str(refused.value.remedy).startswith("take ten times as many with --records; ")


def test_cpu_of_a_half_without_records_does_not_tell_that_fewer_would_do() -> None:
    read = [(0, 0), (1_000, 500), (9_000, 500), (10_000, 1_000)]
    seen = [Seen(at, at / 1_000, {"l": count}) for at, count in read]
    with pytest.raises(Refused, match="came between two looks at the counters") as refused:
        steady(Course(seen, ()))
    assert str(refused.value.remedy).startswith("take ten times as many with --records; ")


def test_parts_that_differ_make_it_less_sure() -> None:
    even, uneven = (
        steady(course([500] * 21)).micros,
        steady(course([500] * 10 + [300] * 5 + [700] * 5 + [500])).micros,
    )
    assert even.high / even.expected == pytest.approx(1.05)
    assert uneven.high / uneven.expected > 1.2


def test_a_record_takes_something_however_little_is_sure() -> None:
    unsure = replace(course([500] * 11), unsure=2.0)
    found = steady(unsure).micros
    assert found.high > 2 * found.expected
    assert 0 < found.low < found.expected / 2


def test_whether_it_still_got_cheaper() -> None:
    assert steady(course([500] * 21)).trend == pytest.approx(1)
    # Of the last ten seconds five at 600 and five at 300.
    assert steady(course([900] * 10 + [600] * 5 + [300] * 6)).trend == pytest.approx(0.5)


def test_checkpoints_are_looked_at_when_the_run_has_come_some_way() -> None:
    taken = tuple(Taken(at, at, 1_000) for at in (500, 2_999, 3_000, 10_000))
    assert [each.at for each in settled(course([500] * 10, taken=taken))] == [3_000, 10_000]


def test_what_was_written_for_a_record() -> None:
    # The first that counts wrote what had come before it; and what comes after the last record is no record's.
    taken = (Taken(1_000, 0, 9e9), Taken(3_000, 0, 8e9), Taken(5_000, 0, 10_000), Taken(7_000, 0, 70_000))
    assert uploaded(course([500] * 10, taken=taken)) == pytest.approx(10)
    assert uploaded(course([500] * 10, taken=(*taken, Taken(10_001, 0, 9e9)))) == pytest.approx(10)
    assert uploaded(course([500] * 10, taken=taken[:2])) is None
