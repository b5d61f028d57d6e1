"""How long it is waited between two looks at a job."""

from __future__ import annotations

import time

import pytest

from juncture.validation.harness.pace import POLL, rest


@pytest.mark.parametrize(("took", "least", "most"), [(0.0, POLL, POLL + 0.01), (1.0, 3.0, 3.1)])
def test_a_look_that_took_long_is_followed_by_a_longer_rest(
    monkeypatch: pytest.MonkeyPatch, took: float, least: float, most: float
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: 100.0 + took)
    monkeypatch.setattr(time, "sleep", slept.append)
    rest(100.0)
    (seconds,) = slept
    assert least <= seconds <= most
