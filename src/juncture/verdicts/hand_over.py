"""Which pairs of versions can be handed over from one to the other exactly, and why others can't."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.wording import describe
from juncture.model.flow import join_type, sql_join_type
from juncture.model.plan import PlanNode, table_names
from juncture.model.wording import counted
from juncture.verdicts.version import Version, base_uid

_KNOWN = ("table-source-scan", "sink", "interval-join")


def obstacles(old: Version, new: Version) -> tuple[str, ...]:
    """What keeps the hand-over from being exact, in words of the author's SQL; empty if nothing does."""
    return (*_shape(old, "the old version"), *_shape(new, "the new version"), *_between(old, new))


def join_span(version: Version) -> int:
    """For how much event time, in ms, the joins of a version keep rows at most.

    Of several, a row of another topic than the first is kept as long as a row of that which it may match.
    """
    bounds = [_bounds(join) for join in _joins(version)]
    left, right = max(-lower for lower, _ in bounds), max(upper for _, upper in bounds)
    return max(left, right, left + right if len(bounds) > 1 else 0, 0)


def join_reach(version: Version) -> int:
    """How much event time, in ms, lies at most between the watermark and a row that finds one which is kept."""
    bounds = [_bounds(join) for join in _joins(version)]
    return max(max(-lower for lower, _ in bounds), 0) + max(max(upper for _, upper in bounds), 0)


def join_delay(version: Version) -> int:
    """By how much, in ms, the watermark of the last join is behind those of the sources at most."""
    bounds = [_bounds(join) for join in _joins(version)]
    return sum(max(-lower, upper, 0) for lower, upper in bounds[:-1])


def writes_unmatched(version: Version) -> bool:
    """Whether a join of a version writes rows without a match."""
    return any(join_type(join) != "INNER" for join in _joins(version))


def _joins(version: Version) -> tuple[PlanNode, ...]:
    return version.plan.of_kind("interval-join")


def _shape(version: Version, which: str) -> Iterator[str]:
    joins = _joins(version)
    if not joins:
        yield f"{which} has no interval join"
    if len(joins) > 1:
        for join in joins:
            if join_type(join) != "INNER":
                yield (
                    f"{which} has {counted(len(joins), 'interval join')}, and {describe(version.flow, join)} is one of"
                    " them: what each of several has written as unmatched is not known"
                )
    for node in version.stateful.values():
        if node.kind not in _KNOWN or "upsertMaterialize" in node.raw:
            yield f"{which} keeps state in {describe(version.flow, node)} ({node.kind}), too"
    scans = _sources(version)
    topics = [version.topics.get(table) for table in scans]
    for table, topic in zip(scans, topics, strict=True):
        if topic is None:
            yield f"{which} reads {table}, which is no topic"
    if len(set(topics)) < len(topics):
        yield f"{which} reads one topic twice, so that its offsets are two"


def _between(old: Version, new: Version) -> Iterator[str]:
    were, are = _joins(old), _joins(new)
    read = {old.topics.get(table) for table in _sources(old)}
    for table in _sources(new):
        if new.topics.get(table) not in read:
            yield f"the old version does not read {new.topics.get(table)}, which {table} names"
    if not were or not are:
        return
    if len(were) != len(are):
        yield f"the old version has {counted(len(were), 'interval join')}, and the new one {len(are)}"
    elif not all(_on_event_join(new, join) for join in are):
        yield "the new version's join runs on Flink's operator, which can't build its state without writing rows"
    elif len(new.chain_of(are[-1].uid)) < len(are):
        yield "the new version's joins are no chain of one operator: what one passes on, the next has to write"
    if len(were) > 1 or len(are) > 1 or not writes_unmatched(old):
        return
    if not _on_event_join(old, were[0]):
        yield (
            f"the old version's {sql_join_type(were[0])} runs on Flink's operator, whose state does not tell which rows"
            " it has written as unmatched"
        )
    if _bounds(were[0]) != _bounds(are[0]):
        yield (
            f"the bounds of the {sql_join_type(were[0])} are others: rows that were written as unmatched might match"
        )


def _sources(version: Version) -> list[str]:
    return [table_names(node.raw)[0] for node in version.plan.of_kind("table-source-scan")]


def _on_event_join(version: Version, join: PlanNode) -> bool:
    return base_uid(join.uid) in version.event_joins


def _bounds(join: PlanNode) -> tuple[int, int]:
    bounds = join.raw["intervalJoinSpec"]["windowBounds"]
    return int(bounds["leftLowerBound"]), int(bounds["leftUpperBound"])
