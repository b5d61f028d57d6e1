"""Which pairs of versions can be handed over from one to the other exactly, and why others can't."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.wording import describe
from juncture.model.flow import join_type, sql_join_type
from juncture.model.plan import PlanNode, table_names
from juncture.verdicts.version import Version, base_uid

_KNOWN = ("table-source-scan", "sink", "interval-join")


def obstacles(old: Version, new: Version) -> tuple[str, ...]:
    """What keeps the hand-over from being exact, in words of the author's SQL; empty if nothing does."""
    return (*_shape(old, "the old version"), *_shape(new, "the new version"), *_between(old, new))


def join_span(version: Version) -> int:
    """For how much event time, in ms, the one join of a version keeps rows at most."""
    bounds = _bounds(version.plan.of_kind("interval-join")[0])
    return max(-bounds[0], bounds[1], 0)


def writes_unmatched(version: Version) -> bool:
    """Whether the one join of a version writes rows without a match."""
    return join_type(version.plan.of_kind("interval-join")[0]) != "INNER"


def _shape(version: Version, which: str) -> Iterator[str]:
    joins = version.plan.of_kind("interval-join")
    if len(joins) != 1:
        yield f"{which} has {len(joins) or 'no'} interval join{'s' if len(joins) > 1 else ''}, and it takes one"
    for node in version.stateful.values():
        if node.kind not in _KNOWN or "upsertMaterialize" in node.raw:
            yield f"{which} keeps state in {describe(version.flow, node)} ({node.kind}), too"
    scans = [table_names(node.raw)[0] for node in version.plan.of_kind("table-source-scan")]
    topics = [version.topics.get(table) for table in scans]
    for table, topic in zip(scans, topics, strict=True):
        if topic is None:
            yield f"{which} reads {table}, which is no topic"
    if len(set(topics)) < len(topics):
        yield f"{which} reads one topic twice, so that its offsets are two"


def _between(old: Version, new: Version) -> Iterator[str]:
    were, are = old.plan.of_kind("interval-join"), new.plan.of_kind("interval-join")
    read = {old.topics.get(table) for table in _sources(old)}
    for table in _sources(new):
        if new.topics.get(table) not in read:
            yield f"the old version does not read {new.topics.get(table)}, which {table} names"
    if len(were) != 1 or len(are) != 1:
        return
    if not _on_event_join(new, are[0]):
        yield "the new version's join runs on Flink's operator, which can't build its state without writing rows"
    if join_type(were[0]) == "INNER":
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
