"""A join with one subtask that gives out many rows for each that goes in: by one key, or by all."""

from __future__ import annotations

import pytest
from tests.unit.diagnosis.observations import JOIN, found, partition, source
from tests.unit.diagnosis.test_no_matches import readers

from juncture.diagnosis import profile
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import JoinSeen, Spent
from juncture.model.sources_seen import KeySeen, SampleSeen

SPENT = (Spent(doing=profile.ENCODING, share=0.6), Spent(doing=profile.JOINING, share=0.1))


def slowed(
    emitted: int,
    shares: tuple[float, float] = (0.5, 0.5),
    values: tuple[str, str] = ("unknown", "unknown"),
    busy: float = 1.0,
    compared: float = 99,
    whole: bool = True,
) -> list[Diagnosis]:
    """What slows a join of 1,000 rows of each side."""
    sources = [
        source(
            table,
            partition(),
            sample=SampleSeen(
                records=200,
                unread=0,
                late=None,
                oldest=None,
                keys=(KeySeen(column="id", value=value, share=share, whole=whole),),
            ),
        )
        for table, share, value in zip(("server", "client"), shares, values, strict=True)
    ]
    rules = found(
        *sources,
        busy=busy,
        vertices=readers(1_000, 1_000),
        joins=(JoinSeen(node=JOIN, compared=compared, sampled=(200, 200)),),
        emitted={JOIN: emitted},
        spent=SPENT,
    )
    return [each for each in rules if each.effect == "slows"]


@pytest.mark.parametrize(
    ("emitted", "shares", "values", "busy", "told"),
    [
        (20_000, (0.5, 0.2), ("unknown", "unknown"), 0.3, True),
        (19_999, (0.5, 0.2), ("unknown", "unknown"), 0.3, False),
        (20_000, (0.5, 0.19), ("unknown", "unknown"), 0.3, False),
        (20_000, (0.5, 0.5), ("unknown", "other"), 0.3, False),
        (20_000, (0.5, 0.5), ("unknown", "unknown"), 0.29, False),
    ],
)
def test_a_key_that_both_sides_have_much_of_is_the_cause_of_many_rows(
    emitted: int, shares: tuple[float, float], values: tuple[str, str], busy: float, told: bool
) -> None:
    rules = slowed(emitted, shares, values, busy)
    assert [each.rule for each in rules] == ["key-skew"] * told
    if told:
        assert "50 % of server and 20 % of client have one key, id = 'unknown'" in rules[0].message
        assert rules[0].cost == pytest.approx(0.27)
        assert "WHERE server.`id` <> 'unknown'" in rules[0].remedy


@pytest.mark.parametrize(
    ("emitted", "compared", "told"), [(20_000, 100, True), (19_999, 100, False), (20_000, 99, False)]
)
def test_rows_that_come_of_long_scans_are_their_work_where_they_are_many(
    emitted: int, compared: float, told: bool
) -> None:
    rules = slowed(emitted, (0.19, 0.19), compared=compared)
    assert [each.rule for each in rules] == ["scanned-entries"] * told
    if told:
        assert rules[0].cost == pytest.approx(0.7)


def test_of_a_key_that_is_told_in_part_there_is_no_sql() -> None:
    (found,) = slowed(20_000, (0.5, 0.5), whole=False)
    assert "<>" not in found.remedy
    assert "in WHERE before the join" in found.remedy
