"""What several places tell together, and by how much that may be off."""

from __future__ import annotations

import random
from typing import Any

import pytest

from juncture.pairing.meeting import Met, quantile
from juncture.pairing.pooled import mean_error, pooled


def met(matched: float, error: float = 0.01, **more: Any) -> Met:
    known: dict[str, Any] = {
        "basis": "counted", "matched": matched, "error": error, "rows": 1_000, "pairs": 900, "covered": 1.0,
        "seen": 1.0, "delays": (), "apart": (),
    }  # fmt: skip
    return Met(**{**known, **more})


def test_one_place_tells_what_it_tells() -> None:
    assert pooled([met(0.9)]) == met(0.9)


def test_a_place_that_differs_is_in_the_error() -> None:
    """Late rows are at the end of a topic, of which the place there tells 76 %, and all others 95 %."""
    alike = pooled([met(0.95)] * 6)
    odd = pooled([met(0.76), *[met(0.95)] * 5])
    assert alike.matched == pytest.approx(0.95)
    assert alike.error == pytest.approx(0.01 / 6**0.5)
    assert odd.matched == pytest.approx(0.918, abs=0.001)
    assert odd.matched + odd.error > 0.95


def test_a_step_along_the_topics_is_less_uncertain_than_as_many_places_that_alternate() -> None:
    high, low = [0.9] * 3, [0.5] * 3
    step = mean_error([*high, *low], [0.01] * 6)
    mixed = mean_error([each for pair in zip(high, low, strict=True) for each in pair], [0.01] * 6)
    assert 0.1 < step < 0.2 < mixed


def test_places_that_differ_no_more_than_each_may_be_off_are_as_sure_as_all_of_it_together() -> None:
    assert mean_error([0.50, 0.51, 0.49], [0.03] * 3) == pytest.approx(0.03 / 3**0.5)
    assert mean_error([0.5], [0.03]) == 0.03
    # Of two alone it is hardly known by how much places differ.
    assert mean_error([0.5, 0.6], [0.001] * 2) > 0.4


def test_the_error_holds_for_nineteen_of_twenty_topics() -> None:
    """Six places, whose shares lie around 80 % by chance, and 400 rows of each."""
    drawn = random.Random(3)  # noqa: S311 - chance, and no secret
    within = 0
    for _ in range(400):
        shares = [min(max(drawn.gauss(0.8, 0.05), 0), 1) for _ in range(6)]
        seen = [sum(drawn.random() < share for _ in range(400)) / 400 for share in shares]
        error = mean_error(seen, [1.96 * (each * (1 - each) / 400) ** 0.5 for each in seen])
        within += abs(sum(seen) / 6 - 0.8) <= error
    assert 0.9 < within / 400 <= 1


def test_each_place_stands_for_as_much() -> None:
    few = met(1.0, delays=((1, 1.0),), apart=(5,), rows=10, pairs=1)
    many = met(0.5, delays=((9, 1.0),) * 900, covered=0.5, basis="estimated")
    found = pooled([few, many])
    assert found.matched == 0.75
    assert (found.rows, found.pairs, found.apart) == (1_010, 901, (5,))
    assert (found.basis, found.covered) == ("estimated", 0.5)
    assert quantile(found.delays, 0.66) == 1
    assert quantile(found.delays, 0.67) == 9


def test_none_of_all_rows_is_less_than_three_of_them() -> None:
    assert pooled([met(0.0, 0.003)] * 3).error == pytest.approx(0.001)
