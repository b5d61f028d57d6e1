"""Verdicts on joins: interval, regular, temporal, and Juncture's event join."""

from __future__ import annotations

from juncture.checks.timebound import is_endless
from juncture.checks.wording import describe
from juncture.model.duration import parse_duration
from juncture.model.flow import condition_of, join_spec, join_type, sql_join_type
from juncture.model.plan import PlanNode
from juncture.model.timed import TimeBounds
from juncture.verdicts.finding import Finding
from juncture.verdicts.inputs import compare_filters, compare_keys, compare_rows
from juncture.verdicts.lineage import Column, stored_type
from juncture.verdicts.version import Version, base_uid

_FLAGGED = {"INNER": "", "LEFT": "l", "RIGHT": "r", "FULL": "lr"}
"""The sides whose rows Flink marks as matched, by kind of join."""
_MADE_UP = ("$", "EXPR$")


def interval_join(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    """Flink's own: each side's rows whole, by position, with a mark for those that have matched."""
    _rows(finding, old, before, new, after)
    _keys(finding, old, before, new, after)
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
    _keys(finding, old, before, new, after)
    times = [_times(version.bounds(node)) for version, node in ((old, before), (new, after))]
    horizon = _horizon(new.bounds(after))
    for side, (was, now) in enumerate(zip(old.plan.inputs(before), new.plan.inputs(after), strict=True)):
        had = {
            name: (stored_type(kind), old.lineage.meanings(was, i))
            for i, (name, kind) in enumerate(was.fields)
        }
        has = {
            name: (stored_type(kind), new.lineage.meanings(now, i))
            for i, (name, kind) in enumerate(now.fields)
        }
        if list(had) != list(has) and any(_is_made_up(name) for name in (*had, *has)):
            finding.lost("the planner made up names of columns, by which rows kept from before can't be read")
            continue
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
        then, since = was.fields[times[0][side]][0], now.fields[times[1][side]][0]
        if then != since:
            finding.lost(f"rows are kept by {then}, and now by {since}")
    if (join_type(before), join_type(after)) == ("ANTI", "SEMI"):
        finding.gap("rows that have had a match are not kept, and EXISTS would write them", horizon)
    _bounds(finding, old.bounds(before), new.bounds(after))
    _horizons(finding, old, before, new, after)
    _residual(finding, old, before, new, after, "gap" if join_type(after) != "INNER" else "note")


def chained_join(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    """One of several that Juncture's operator runs together: each has to stay what it is."""
    operator = describe(new.flow, after)
    if join_type(before) != join_type(after):
        finding.lost(
            f"{operator} was a {sql_join_type(before)}, and is a {sql_join_type(after)}: the operator that it is with"
            " others refuses its rows"
        )
    was, now = old.bounds(before), new.bounds(after)
    if (was.lower, was.upper) != (now.lower, now.upper):
        finding.lost(f"{operator} has other bounds: the operator that it is with others refuses its rows")
    event_join(finding, old, before, new, after)


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
    ttl = _ttl(finding, before, after)
    for was, now in zip(old.plan.inputs(before), new.plan.inputs(after), strict=True):
        compare_filters(finding, (old, was), (new, now), ttl)
    _residual(finding, old, before, new, after, "gap" if join_type(after) != "INNER" else "note")


def temporal_join(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    """Rows of the left side until the watermark reaches them, and versions of the right side."""
    _rows(finding, old, before, new, after)
    _keys(finding, old, before, new, after)
    for was, now in zip(old.plan.inputs(before), new.plan.inputs(after), strict=True):
        compare_filters(finding, (old, was), (new, now), None)


def _rows(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    operator = describe(new.flow, after)
    for was, now in zip(old.plan.inputs(before), new.plan.inputs(after), strict=True):
        compare_rows(finding, old.lineage.columns(was), new.lineage.columns(now), operator)


def _keys(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    for side, name in enumerate(("leftKeys", "rightKeys")):
        compare_keys(finding, _key(old, before, side, name), _key(new, after, side, name))


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


def _horizon(bounds: TimeBounds) -> int:
    """For how much event time a join keeps rows."""
    return max(-bounds.lower, bounds.upper, 0)


def _horizons(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    horizon = _horizon(new.bounds(after))
    for was, now in zip(old.plan.inputs(before), new.plan.inputs(after), strict=True):
        compare_filters(finding, (old, was), (new, now), horizon)


def _residual(
    finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode, how: str
) -> None:
    conditions = [
        version.lineage.condition(condition_of(node), version.plan.inputs(node))
        for version, node in ((old, before), (new, after))
    ]
    if conditions[0] == conditions[1]:
        return
    if how == "note":
        finding.note("the condition holds for rows that arrive from now on; pairs that were judged stay so")
    else:
        timed = after.kind == "interval-join" or base_uid(after.uid) in new.event_joins
        millis = _horizon(new.bounds(after)) if timed else None
        finding.gap("whether rows kept from before have matched was judged by the old condition", millis)


def _ttl(finding: Finding, before: PlanNode, after: PlanNode) -> int | None:
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
    found = parse_duration(str(state["ttl"]))
    return int(found.total_seconds() * 1000) if hasattr(found, "total_seconds") else 0


def _is_made_up(name: str) -> bool:
    return name.startswith(_MADE_UP) or name[-1:].isdigit()
