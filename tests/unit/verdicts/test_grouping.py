"""Which joins of a new version begin an operator, so that those before them keep their state."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.verdicts.test_chains import FIRST, SECOND, version

from juncture.verdicts.grouping import first_apart
from juncture.verdicts.version import Version

THIRD = f"{SECOND}+sales"


def having(*operators: tuple[str, ...], apart: tuple[str, ...] = ()) -> Version:
    """A version with these joins, by operator."""
    joins = frozenset(uid for each in operators for uid in each)
    chains = tuple(each for each in operators if len(each) > 1)
    return replace(version(), event_joins=joins, chains=chains, apart=frozenset(apart))


def test_a_join_that_is_added_behind_others_leaves_them_their_state() -> None:
    assert first_apart(having((FIRST,)), (FIRST, SECOND)) == SECOND
    assert first_apart(having((FIRST, SECOND)), (FIRST, SECOND, THIRD)) == THIRD
    assert first_apart(having((FIRST,)), (FIRST, SECOND, THIRD)) == SECOND
    assert first_apart(having((FIRST,)), (SECOND, THIRD)) is None, "those that are added run together"


def test_joins_that_ran_together_do_so_again() -> None:
    assert first_apart(having((FIRST, SECOND)), (FIRST, SECOND)) is None


def test_what_was_apart_stays_so() -> None:
    old = having((FIRST,), (SECOND,), apart=(SECOND,))
    assert first_apart(old, (FIRST, SECOND)) == SECOND
    assert first_apart(old, (FIRST, SECOND, THIRD)) == SECOND
    assert first_apart(old, (SECOND, THIRD)) == THIRD


def test_joins_that_were_to_be_separate_and_are_no_more_run_together() -> None:
    assert first_apart(having((FIRST,), (SECOND,)), (FIRST, SECOND)) is None


def test_there_is_nothing_to_keep_of_joins_that_are_gone_or_were_flinks() -> None:
    assert first_apart(having((FIRST, SECOND)), (FIRST, THIRD)) is None
    assert first_apart(having(), (FIRST, SECOND)) is None
