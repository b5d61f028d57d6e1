"""What is told while a savepoint is waited for."""

from __future__ import annotations

from juncture.deploy.state.patience import savepoint_told


def told_until(seconds: int) -> list[str]:
    said: list[str] = []
    waiting = savepoint_told("clicks", 600, said.append)
    for second in range(seconds + 1):
        waiting(float(second))
    return said


def test_it_is_told_less_often_as_it_goes_on() -> None:
    said = [each for each in told_until(573) if each.startswith("Taking a savepoint")]
    times = [int(each.split(", ")[1].removesuffix(" s")) for each in said]
    assert times == [5, 10, 15, 20, 25, *range(30, 573, 30)]


def test_after_a_minute_it_is_told_once_what_may_be_done() -> None:
    assert not any("diagnose" in each for each in told_until(59))
    (advice,) = [each for each in told_until(573) if "diagnose" in each]
    assert advice in told_until(60)
    for part in (
        "`juncture diagnose clicks`",
        "After 600 s",
        "`juncture stop clicks --no-savepoint`",
        "checkpoint",
    ):
        assert part in advice
