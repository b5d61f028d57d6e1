"""Verdicts on joins: interval, regular, temporal, and Juncture's event join."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from juncture.checks.timebound import is_endless
from juncture.checks.wording import describe
from juncture.model.duration import option_millis
from juncture.model.flow import condition_of, join_spec, join_type, sql_join_type
from juncture.model.plan import PlanNode
from juncture.model.timed import TimeBounds
from juncture.verdicts.finding import Finding
from juncture.verdicts.inputs import compare_filters, compare_keys, compare_rows, told
from juncture.verdicts.lineage import Column, is_same, stored_type
from juncture.verdicts.version import Version, base_uid

_FLAGGED = {"INNER": "", "LEFT": "l", "RIGHT": "r", "FULL": "lr"}
"""The sides whose rows Flink marks as matched, by kind of join."""
_MADE_UP = re.compile(r"(\$f|f|EXPR\$)\d+")
_NUMBERED = re.compile(r"(.*\D)\d+")


def interval_join(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    """Flink's own: each side's rows whole, by position and time, with a mark for those that have matched."""
    _rows(finding, old, before, new, after)
    _keys(finding, old, before, new, after)
    for side, (then, since) in enumerate(
        zip(_times(old.bounds(before)), _times(new.bounds(after)), strict=True)
    ):
        _time(finding, old, before, then, new, after, since, side)
    missing = set(_FLAGGED[join_type(after)]) - set(_FLAGGED[join_type(before)])
    if missing:
        finding.wrong(
            f"the {sql_join_type(before)} has not marked which rows have matched: as a {sql_join_type(after)} it"
            " would write rows as unmatched that were joined before"
        )
    _bounds(finding, old.bounds(before), new.bounds(after))
    _horizons(finding, old, before, new, after)
    _residual(finding, old, before, new, after, "gap" if join_type(after) != "INNER" else "note")


def event_join(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    """Juncture's: each side's rows with the names of their columns, and marks of matches whatever the kind."""
    horizon = new.bounds(after).reach
    _keys(finding, old, before, new, after)
    for side in (0, 1):
        _kept_rows(finding, old, before, new, after, side, horizon)
    if (join_type(before), join_type(after)) == ("ANTI", "SEMI"):
        finding.gap("rows that have had a match are not kept, and EXISTS would write them", horizon)
    _bounds(finding, old.bounds(before), new.bounds(after))
    _horizons(finding, old, before, new, after)
    _residual(finding, old, before, new, after, "gap" if join_type(after) != "INNER" else "note")


def _kept_rows(
    finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode, side: int, horizon: int
) -> None:
    """The rows of one side, by the names of their columns."""
    was, now = old.plan.inputs(before)[side], new.plan.inputs(after)[side]
    had = {
        name: (stored_type(kind), old.lineage.meanings(was, i)) for i, (name, kind) in enumerate(was.fields)
    }
    has = {
        name: (stored_type(kind), new.lineage.meanings(now, i)) for i, (name, kind) in enumerate(now.fields)
    }
    if list(had) != list(has) and (_any_made_up(had) or _any_made_up(has)):
        finding.lost("the planner made up names of columns, by which rows kept from before can't be read")
        return
    for name, (kind, meaning) in has.items():
        if name not in had:
            if kind.endswith("NOT NULL"):
                finding.lost(f"{name} is NOT NULL, and rows kept from before have none")
            else:
                finding.note(f"{name} is null in rows kept from before")
        elif had[name][0] != kind:
            finding.lost(f"{name} was {had[name][0]}, and is {kind}")
        elif not had[name][1] <= meaning:
            finding.gap(f"{name} of rows kept from before is as the old version made it", horizon)
    then, since = (
        fields[_times(version.bounds(node))[side]][0]
        for fields, version, node in ((was.fields, old, before), (now.fields, new, after))
    )
    if then != since:
        finding.lost(f"rows are kept by {then}, and now by {since}")


def chained_joins(
    finding: Finding, old: Version, before: Sequence[PlanNode], new: Version, after: Sequence[PlanNode]
) -> None:
    """Several that Juncture's operator runs together: each topic's rows once, with marks of each join.

    What one passes on to the next is not kept, but made anew, by the bounds that hold then.
    """
    bounds = [(old.bounds(was), new.bounds(now)) for was, now in zip(before, after, strict=True)]
    horizon = max(max(-now.lower for _, now in bounds) + max(now.upper for _, now in bounds), 0)
    for number, (was, now) in enumerate(zip(before, after, strict=True)):
        _keys(finding, old, was, new, now)
        for side in (0, 1) if number == 0 else (1,):
            _kept_rows(finding, old, was, new, now, side, horizon)
            inputs = [version.plan.inputs(node)[side] for version, node in ((old, was), (new, now))]
            compare_filters(finding, (old, inputs[0]), (new, inputs[1]), horizon)
        if (join_type(was), join_type(now)) == ("INNER", "LEFT") and now is not after[-1]:
            finding.gap(
                f"rows that {describe(old.flow, was)} had found nothing for are not there for the joins behind it",
                horizon,
            )
        # Only a last join that is inner has a further condition.
        _residual(finding, old, was, new, now, "note")
    _chain_bounds(finding, bounds)


def _chain_bounds(finding: Finding, bounds: Sequence[tuple[TimeBounds, TimeBounds]]) -> None:
    """Rows that a join had removed may be missing to a later one for as long as that one is wider, besides."""
    firsts = [max(was.lower - now.lower, 0) for was, now in bounds]
    others = [max(now.upper - was.upper, 0) for was, now in bounds]
    both = [others[one] + firsts[later] for later in range(len(bounds)) for one in range(later)]
    if wider := max(*firsts, *others, *both):
        finding.gap("bounds are wider: rows that the old ones had removed are not there", wider)
    if any(now.lower > was.lower or now.upper < was.upper for was, now in bounds):
        finding.note(
            "bounds are narrower: what is beyond them matches no more, and where a row was written with such a match,"
            " results that come later are without it"
        )


def regular_join(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    """Rows of both sides, counted, or by a unique key; of outer joins with the number of matches."""
    if join_type(before) != join_type(after):
        finding.lost(
            f"Flink keeps the rows of a {sql_join_type(before)} and of a {sql_join_type(after)} in different ways"
        )
    _rows(finding, old, before, new, after)
    _keys(finding, old, before, new, after)
    for key in ("leftUpsertKeys", "rightUpsertKeys"):
        if before.raw.get(key) != after.raw.get(key):
            finding.lost("an input got, or lost, a unique key, by which Flink keeps its rows in another way")
    ttl = times_to_live(finding, before, after)
    for was, now in zip(old.plan.inputs(before), new.plan.inputs(after), strict=True):
        compare_filters(finding, (old, was), (new, now), ttl)
    _residual(finding, old, before, new, after, "gap" if join_type(after) != "INNER" else "note")


def temporal_join(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    """Rows of the left side until the watermark reaches them, and versions of the right side by their time."""
    _rows(finding, old, before, new, after)
    _keys(finding, old, before, new, after)
    then, since = (node.raw.get("rightTimeAttributeIndex", -1) for node in (before, after))
    if min(then, since) >= 0:
        _time(finding, old, before, then, new, after, since, 1)
    for was, now in zip(old.plan.inputs(before), new.plan.inputs(after), strict=True):
        compare_filters(finding, (old, was), (new, now), None)


def _rows(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    operator = describe(new.flow, after)
    for was, now in zip(old.plan.inputs(before), new.plan.inputs(after), strict=True):
        compare_rows(finding, old.lineage.columns(was), new.lineage.columns(now), operator)


def _keys(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    for side, name in enumerate(("leftKeys", "rightKeys")):
        compare_keys(finding, _key(old, before, side, name), _key(new, after, side, name))


def _time(
    finding: Finding,
    old: Version,
    before: PlanNode,
    then: int,
    new: Version,
    after: PlanNode,
    since: int,
    side: int,
) -> None:
    """Rows are kept by their time: by another one those of before are matched, and removed, at the wrong moment."""
    was, now = (
        version.lineage.columns(version.plan.inputs(node)[side])[index]
        for version, node, index in ((old, before, then), (new, after, since))
    )
    if not was.meanings <= now.meanings:
        finding.wrong(f"rows are kept by {told(was)} as their time, and this version's is {told(now)}")


def _key(version: Version, node: PlanNode, side: int, name: str) -> list[Column]:
    columns = version.lineage.columns(version.plan.inputs(node)[side])
    return [columns[index] for index in join_spec(node)[name]]


def _bounds(finding: Finding, was: TimeBounds, now: TimeBounds) -> None:
    wider = max(was.lower - now.lower, now.upper - was.upper)
    narrower = max(now.lower - was.lower, was.upper - now.upper)
    if wider > 0:
        finding.gap("the bounds are wider: rows that the old ones had removed are not there", wider)
    elif narrower > 0:
        finding.note("the bounds are narrower: rows that are kept longer than that match no more")


def _times(bounds: TimeBounds) -> tuple[int, int]:
    return bounds.left_time, bounds.right_time


def _horizons(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    horizon = new.bounds(after).reach
    for was, now in zip(old.plan.inputs(before), new.plan.inputs(after), strict=True):
        compare_filters(finding, (old, was), (new, now), horizon)


def _residual(
    finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode, how: str
) -> None:
    conditions = [
        version.lineage.condition(condition_of(node), version.plan.inputs(node))
        for version, node in ((old, before), (new, after))
    ]
    if is_same(*conditions):
        return
    if how == "note":
        finding.note("the condition holds for rows that arrive from now on; pairs that were judged stay so")
    else:
        timed = after.kind == "interval-join" or base_uid(after.uid) in new.event_joins
        millis = new.bounds(after).reach if timed else None
        finding.gap("whether rows kept from before have matched was judged by the old condition", millis)


def times_to_live(finding: Finding, before: PlanNode, after: PlanNode) -> int | None:
    """Compares how long rows are kept, and returns it, in ms of processing time; None: for ever."""
    longest: int | None = 0
    for was, now in zip(before.raw.get("state", ()), after.raw.get("state", ()), strict=False):
        if is_endless(was) != is_endless(now):
            finding.note(
                "rows kept from before are removed by the new time to live, once they are read again"
            )
        kept = None if is_endless(now) else _millis(now)
        if not is_endless(was) and (kept is None or kept > _millis(was)):
            finding.gap("rows are kept longer: those that were removed are not there", kept)
        longest = None if longest is None or kept is None else max(longest, kept)
    return longest


def _millis(state: dict[str, object]) -> int:
    return option_millis(str(state["ttl"]))


def _any_made_up(names: Collection[str]) -> bool:
    """Whether one is a name that the planner gives: $f0, EXPR$0, or id0 beside another id."""
    second = (_NUMBERED.fullmatch(name) for name in names)
    return any(map(_MADE_UP.fullmatch, names)) or any(each and each[1] in names for each in second)
