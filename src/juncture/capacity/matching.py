"""How rows of a join's sides meet in its topics' last records: how many match, how late, how often a key comes."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from typing import Any

from juncture.checks.wording import describe
from juncture.kafka.rows import millis_of
from juncture.model.capacity import Check
from juncture.model.flow import Flow, join_spec
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.timed import interval_bounds
from juncture.model.traffic import Matching
from juncture.model.wording import counted, lag

_FEWEST = 20

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
Key = tuple[str | None, ...]
Keyed = tuple[Key, int | None]


def matching_of(plan: CompiledPlan, samples: Rows) -> tuple[Matching, ...]:
    """For each join of two inputs whose keys, and times, come straight from topics of which there is a sample."""
    flow = Flow(plan, lambda table: False)
    found = []
    for node in plan.of_kind("interval-join", "join"):
        if len(node.inputs) == 2 and (made := _matching(flow, node, samples)) is not None:
            found.append(made)
    return tuple(found)


def _matching(flow: Flow, node: PlanNode, samples: Rows) -> Matching | None:
    sides = keyed_sides(flow, node, samples)
    if sides is None:
        return None
    (left, ours), (right, theirs) = sides
    if min(len(ours), len(theirs)) < _FEWEST:
        return None
    times: dict[Key, list[int | None]] = {}
    for key, moment in ours:
        if None not in key:
            times.setdefault(key, []).append(moment)
    bounds = interval_bounds(node) if node.kind == "interval-join" else None
    met: list[int | None] = []
    apart: list[int] = []
    for key, moment in theirs:
        if key in times:
            delays = _delays(times[key], moment)
            within = [each for each in delays if bounds is None or bounds.lower <= -each <= bounds.upper]
            if within or not delays:
                met.append(within[0] if within else None)
            else:
                apart.append(delays[0])
    known = sorted(each for each in met if each is not None)
    share = len(met) / len(theirs)
    keys_left, keys_right = Counter(key for key, _ in ours), Counter(key for key, _ in theirs)
    return Matching(
        operator=describe(flow, node),
        left=left,
        right=right,
        sampled=(len(ours), len(theirs)),
        matched=share,
        error=1.96 * sqrt(share * (1 - share) / len(theirs)),
        delay_median=statistics.median(known) if known else None,
        delay_most=known[int(len(known) * 0.99)] if known else None,
        apart=len(apart) / len(theirs),
        apart_by=statistics.median(apart) if apart else None,
        repeated=(_repeated(keys_left), _repeated(keys_right)),
        hottest=max(
            keys_right.most_common(1)[0][1] / len(theirs), keys_left.most_common(1)[0][1] / len(ours)
        ),
    )


def _delays(then: Sequence[int | None], moment: int | None) -> list[int]:
    return [] if moment is None else [moment - each for each in then if each is not None]


def match_checks(found: Sequence[Matching]) -> Iterator[Check]:
    """That some of the rows that share a key lie within the join's bounds."""
    for each in found:
        rows = round(each.apart * each.sampled[1])
        if not each.matched and rows >= _FEWEST:
            yield Check.lacking(
                "match",
                f"of {counted(rows, 'sampled record')} of {each.right} with the key of one of {each.left} none lies"
                f" within the bounds of {each.operator}: they are {lag(each.apart_by or 0.0)}",
                "see the columns of the WATERMARKs, their units and time zones, and the bounds of the join",
            )


def keyed_sides(flow: Flow, node: PlanNode, samples: Rows) -> list[tuple[str, list[Keyed]]] | None:
    """The table of each side of a join, with the key and the event time in ms of each row of its sample.

    None where keys do not come unchanged from one table each, or there is no sample of it. A value of a key that is
    null is None: no other equals it.
    """
    spec = join_spec(node)
    sides = []
    bounds = (node.raw.get("intervalJoinSpec") or {}).get("windowBounds") or {}
    for up, keys, time in zip(
        flow.plan.inputs(node), ("leftKeys", "rightKeys"), ("leftTimeIndex", "rightTimeIndex"), strict=True
    ):
        columns = [column_of(flow, up, index) for index in spec.get(keys, ())]
        tables = {table for table, _ in columns}
        if len(tables) != 1 or "" in tables or not samples.get(next(iter(tables))):
            return None
        table = tables.pop()
        at = column_of(flow, up, bounds[time])[1] if time in bounds else ""
        sides.append((table, [_keyed(row, [name for _, name in columns], at) for row in samples[table]]))
    return sides


def column_of(flow: Flow, up: PlanNode, index: int) -> tuple[str, str]:
    """(table, column) that a column is, unchanged; ('', '') for others."""
    origins = flow.origins(up, index)
    if len(origins) != 1 or origins[0].through:
        return "", ""
    return origins[0].table, origins[0].column


def _keyed(row: Mapping[str, Any], names: Sequence[str], time: str) -> Keyed:
    values = (row.get(name) for name in names)
    return tuple(None if each is None else str(each) for each in values), millis_of(row.get(time))


def _repeated(counts: Counter[Key]) -> float:
    """The share of rows whose key came before them."""
    total = sum(counts.values())
    return (total - len(counts)) / total
