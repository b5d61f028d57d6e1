"""What is told of how rows of a join's sides meet: how many do, what that rests on, and that none do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.model.capacity import Check
from juncture.model.traffic import Matching
from juncture.model.wording import counted, lag, percent, span

_SEVERAL = 0.05
"""The share of left rows whose key came before them from which on rows have several partners."""
_UNREAD, _TOLD = 0.5, 0.01
"""The share of the rows of a side whose event time can't be read from which on it is warned of, and told."""
_FEWEST = 20
"""Rows of which none that meets another tells nothing."""


def match_checks(found: Sequence[Matching]) -> Iterator[Check]:
    """That event times of both sides can be read, and rows have keys in common, and lie within the join's bounds."""
    for each in found:
        if unread := list(_unread(each, _UNREAD)):
            yield Check.lacking(
                "match",
                f"{' and '.join(unread)} have an event time that Flink's JSON format does not read, and"
                f" meet none in {each.operator}",
                "write times as 2026-01-31T12:00:00.000Z, not with +00:00 or as numbers, and see the columns of the"
                " WATERMARKs",
            )
        elif each.keys == "apart":
            yield Check.lacking(
                "match",
                f"of {counted(each.apart, 'sampled record')} of {each.right} with the key of one of {each.left}, none"
                f" lies within the bounds of {each.operator}: they are {lag(each.apart_by or 0.0)}",
                "see the columns of the WATERMARKs, their units and time zones, and the bounds of the join",
            )
        elif each.keys == "never":
            yield Check.lacking(
                "match",
                f"of {counted(round(each.searched), 'record')} of {each.right} that were looked for none has the key of"
                f" a record of {each.left}: {each.operator} has less than one row in a hundred records, if any",
                "see that the columns of its ON are what is meant, and written alike on both sides"
                + (f": most are alike but for {each.alike_but_for}" if each.alike_but_for else ""),
            )


def told(each: Matching) -> Iterator[str]:
    """'37 % ± 3 % of page_clicks meet one of page_impressions, 38.2 s later (99 %: 3 min)', and what that rests on."""
    left, right = each.left, each.right
    if each.bound is not None and (not each.covered or (not each.pairs and each.rows < _FEWEST)):
        text = f"how many of {right} meet one of {left} is not known: each is taken to meet one"
    elif not each.pairs:
        most = "" if each.is_least else f": at most {_share(each.error)} do"
        text = f"none of {right} was seen to meet one of {left}{most}"
    else:
        least = " or more" if each.is_least else ""
        text = f"{_share(each.matched)} ± {_share(each.error)}{least} of {right} meet one of {left}"
        if each.delay_median is not None and each.delay_most is not None:
            text += f", {lag(each.delay_median)} (99 %: {lag(each.delay_most)})"
    if each.apart_by is not None:
        text += f"; {each.apart:,} have the key of one outside of the join's bounds, {lag(each.apart_by)}"
    yield text
    if each.within is not None:
        seconds = f"{each.within:.0f} s"
        yield f"  brokers answer too slowly: in {seconds} it was not found which records lie within the bounds"
        return
    before = tuple(percent(share) for share in each.repeated)
    yield f"  {_resting(each)}; keys that came before: {before[0]} of {left}, {before[1]} of {right}"
    if unread := list(_unread(each, _TOLD)):
        yield f"  with an event time that Flink's JSON format does not read, and so no partner: {' and '.join(unread)}"
    if each.bound is not None:
        yield f"  {_where(each)}"


def _unread(each: Matching, least: float) -> Iterator[str]:
    """The sides of which so many rows have such a time, where that matters."""
    sides = zip((each.left, each.right), each.sampled, each.unread, strict=True)
    for table, count, share in sides if each.bound is not None else ():
        if share >= least:
            yield f"{percent(share)} of {counted(count, 'sampled record')} of {table}"


def _where(each: Matching) -> str:
    """Where in the topics was looked."""
    if each.looked == "all":
        return "these are all records of both topics"
    if each.looked == "end":
        return "these are the last records of the topics: those before them were not looked at"
    if len(each.places) == 1:
        return "these are from one place in the topics"
    shares = ", ".join(_share(share) for share in each.places)
    return f"in {len(each.places)} places all over the topics, the oldest first: {shares}"


def _share(share: float) -> str:
    return percent(share) if share >= 0.01 else f"{share * 100:.1f} %"


def _resting(each: Matching) -> str:
    left, right = (counted(number, "record") for number in each.sampled)
    read = f"{left} of {each.left} and {right} of {each.right}"
    if each.bound is None:
        return f"the last {read} were looked at"
    if 1 in each.unread:
        return f"no event time of one side can be read in {read}"
    if not each.covered:
        return f"no two of {read} are as near as the join's bounds of {span(each.bound)} have it"
    if each.basis == "counted":
        partners = f"with all their partners among {left} of {each.left}"
        return f"counted: {each.rows:,.0f} of {right} of {each.right}, {partners}"
    several = (
        "; a row with partners far from each other may count twice" if each.repeated[0] > _SEVERAL else ""
    )
    over = "all over" if each.covered == 1 else f"in {span(each.covered * each.bound)} of"
    within = f"{over} the bounds of {span(each.bound)}"
    return f"estimated: {counted(each.pairs, 'pair')} in {read}, {within}, as good as {each.rows:,.0f} counted{several}"
