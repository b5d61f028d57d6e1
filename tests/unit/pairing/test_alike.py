"""Keys that are the same but for how they are written."""

from __future__ import annotations

import pytest

from juncture.pairing.alike import alike_but_for
from juncture.pairing.sides import Key


def keys(form: str, count: int, first: int = 0) -> list[Key]:
    return [(form.format(number),) for number in range(first, first + count)]


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        ("K{}", "k{}", "capitals, or blanks around them"),
        (" k{}", "k{} ", "capitals, or blanks around them"),
        ("{}", "{:09}", "zeros in front"),
        ("ab{}", "AB-{}", "signs that are no letters or digits"),
        ("order-{}", "{}", "what stands before their digits"),
        ("a{}x", "b{}y", None),
    ],
)
def test_in_what_they_differ(left: str, right: str, told: str | None) -> None:
    assert alike_but_for(keys(left, 40, 100), keys(right, 40, 100)) == told


@pytest.mark.parametrize(("first", "told"), [(19, True), (20, False)])
def test_most_of_them_have_to_be_alike(first: int, told: bool) -> None:
    found = alike_but_for([*keys("K{}", 40), (None,)], [*keys("k{}", 200, first), (None,)])
    assert bool(found) == told
