"""What is told of the rows of keys that are hot on both sides of a join: figures, and a check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.capacity.costs import PAIR
from juncture.capacity.endless import AFTER
from juncture.model.capacity import Check
from juncture.model.figures import Basis, Figure, Range
from juncture.model.traffic import HotRows, KeySearch
from juncture.model.wording import counted, percent

MOST = 3
"""Keys that are told one by one, those with the most rows; the rest in one."""


def hot_figures(hot: Sequence[HotRows]) -> Iterator[Figure]:
    """Rows a second of each key, and of all that are not told one by one."""
    most, rest = _most(hot)
    for each in most:
        name = f"rows of the key '{each.key}' in {each.operator}"
        yield Figure(name=name, unit="rows/s", value=each.rate, formula=each.formula, basis=_basis([each]))
    if rest:
        yield Figure(
            name=f"rows of {counted(len(rest), 'further hot key')}",
            unit="rows/s",
            value=Range.total(each.rate for each in rest),
            formula="as those above, each of them fewer",
            basis=_basis(rest),
        )


def grow(hot: Sequence[HotRows]) -> bool:
    """Whether any of them gives more rows the longer the job runs, without end."""
    return any(each.growth is not None for each in hot)


def after_a_day(check: Check, hot: Sequence[HotRows]) -> Check:
    """A check that was made with the rows of hot keys as they are after a day: it does not pass where these grow on."""
    if not grow(hot) or check.outcome != "passed":
        return check
    message = f"{check.message}; that is{AFTER}, and the rows of hot keys grow without end"
    return check.model_copy(update={"outcome": "unknown", "message": message})


def _basis(hot: Sequence[HotRows]) -> Basis:
    return "assumed" if grow(hot) else "sampled"


def gives_more(hot: Sequence[HotRows]) -> bool:
    """Whether hot keys of one join give more rows than all keys would if each row found one partner."""
    return any(_gives_more(hot, each) for each in hot)


def hot_key_checks(hot: Sequence[HotRows], searches: Sequence[KeySearch] = ()) -> Iterator[Check]:
    """Of the keys of joins whose hot keys give more rows than all would if each row found one partner, as each does in
    the end where rows are kept for ever; of other joins, in how much of their topics such keys were looked for.

    A key is joined by one subtask: it fails where that can't write the rows even by the lowest estimate.
    """
    wrong = [each for each in hot if _gives_more(hot, each)]
    most, rest = _most(wrong)
    for each in most:
        yield _check(each)
    if rest:
        rows = sum(each.rate.expected for each in rest)
        yield Check(
            id="hot-keys",
            outcome="warned",
            message=f"{counted(len(rest), 'further key')} give {rows:,.0f} rows/s expected, each of them fewer"
            + (f"; that is{AFTER}, and grows without end" if grow(rest) else ""),
            remedy="join by a further column, or deduplicate a side first",
        )
    for search in searches:
        if not search.found or search.operator in {each.operator for each in hot if each not in wrong}:
            yield _searched(search)


def _searched(search: KeySearch) -> Check:
    """'none in 1,000 records of l and 1,000 of r, from 10 places of each: ...'"""
    (left, right), (ours, theirs) = search.sides, search.records
    looked = f"{counted(ours, 'record')} of {left} and {theirs:,} of {right}"
    if search.missed >= 1:
        return Check(id="hot-keys", outcome="unknown", message=f"{looked} are too few to see any")
    found = "those seen give fewer rows than all keys would" if search.found else "none seen"
    between = "; one that came between these places alone would not" if max(search.places) > 1 else ""
    return Check(
        id="hot-keys",
        outcome="passed",
        message=f"{found}, in {looked}{_places(search)}: one that has {search.missed * 100:.1f} % of both all along"
        f" would be (95 %){between}",
    )


def _places(search: KeySearch) -> str:
    """', from 10 places of each'; nothing where each was looked at in one."""
    (left, right), (ours, theirs) = search.sides, search.places
    if ours == theirs:
        return f", from {ours} places of each" if ours > 1 else ""
    return f", from {counted(ours, 'place')} of {left} and {theirs} of {right}"


def _check(hot: HotRows) -> Check:
    (left, right), shares = hot.sides, tuple(percent(share) for share in hot.shares)
    told = (
        f"'{hot.key}' is the key ({hot.columns}) of {shares[0]} of {left} and of {shares[1]} of {right}: each of these"
        f" rows meets all of the other side's, {hot.rate.expected:,.0f} rows/s expected"
    )
    if hot.growth is None:
        told += f", {hot.rate.low:,.0f} at the least"
    else:
        told += f"{AFTER}, and {hot.growth:,.0f} more with each hour of the peak, without end"
    there, of = hot.places
    if there < of:
        told += f", in {there} of {of} places of the topics"
    if hot.filtered:
        told += "; a filter before the join reads the key, and may leave it out"
    where = f" (WHERE {hot.condition})" if hot.condition else ""
    most = 1e6 / PAIR.low
    failed = hot.rate.low > most
    bound = "bound the join in time, or set `state: {ttl: ...}`; " if hot.growth is not None else ""
    return Check(
        id="hot-keys",
        outcome="failed" if failed else "warned",
        message=f"{told}; one subtask has them all, and writes {most:,.0f} at most" if failed else told,
        remedy=f"{bound}join by a further column, leave rows with this key out of the join if it means that none is"
        f" known{where}, or deduplicate a side first",
    )


def _gives_more(hot: Sequence[HotRows], one: HotRows) -> bool:
    own = [each for each in hot if each.operator == one.operator]
    return grow(own) or sum(each.rate.expected for each in own) > one.others


def _most(hot: Sequence[HotRows]) -> tuple[Sequence[HotRows], Sequence[HotRows]]:
    ordered = sorted(hot, key=lambda each: each.rate.expected, reverse=True)
    return ordered[:MOST], ordered[MOST:]
