"""How many rows of the other side a record of a join is compared with, as the last records of its topics foretell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from juncture.checks.timebound import is_endless
from juncture.diagnosis.sampling import Sampled
from juncture.kafka.rows import millis_of
from juncture.model.flow import Flow, join_spec
from juncture.model.observation import JoinSeen
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.sources_seen import SourceSeen

_FEWEST = 20
_Key = tuple[str, ...]


@dataclass(frozen=True)
class _Side:
    """A side of a join: its records by key, by partition, and by how many of a key come in a ms of event time.

    `held` is how many of its records there are at all.
    """

    keys: Counter[_Key]
    rates: Mapping[_Key, float] | None
    held: int

    @property
    def count(self) -> int:
        return sum(self.keys.values())

    def kept(self, key: _Key, millis: float | None) -> float:
        """How many records of a key are kept, where each is for so many ms; for ever with None."""
        most = self.keys[key] / self.count * self.held
        if millis is None or self.rates is None:
            return most
        return min(self.rates.get(key, 0.0) * millis, most)


def joins_seen(
    plan: CompiledPlan, sources: Sequence[SourceSeen], samples: Mapping[str, Sequence[Sampled]]
) -> tuple[JoinSeen, ...]:
    """Each join of two inputs whose keys come straight from topics of which there is a sample."""
    flow = Flow(plan, lambda table: False)
    held = {each.table: sum(p.end - (p.begin or 0) for p in each.partitions) for each in sources}
    found = []
    for node in plan.of_kind("interval-join", "join"):
        if len(node.inputs) == 2 and (seen := _seen(flow, node, samples, held)) is not None:
            found.append(seen)
    return tuple(found)


def _seen(
    flow: Flow, node: PlanNode, samples: Mapping[str, Sequence[Sampled]], held: Mapping[str, int]
) -> JoinSeen | None:
    bounds = (node.raw.get("intervalJoinSpec") or {}).get("windowBounds") or {}
    kept = bounds["leftUpperBound"] - bounds["leftLowerBound"] if bounds.get("isEventTime") else None
    if kept is None and (bounds or not all(map(is_endless, node.raw.get("state", ())))):
        return None  # rows go by the clock, and topics don't tell how many come by that
    sides = []
    for number, side in enumerate(("left", "right")):
        up = flow.plan.inputs(node)[number]
        names = [_column(flow, up, index) for index in join_spec(node).get(f"{side}Keys", ())]
        tables = {table for table, _ in names}
        if len(tables) != 1 or "" in tables:
            return None
        table = tables.pop()
        time = _column(flow, up, bounds[f"{side}TimeIndex"])[1] if kept is not None else ""
        sides.append(_side(samples.get(table, ()), [name for _, name in names], time, held.get(table, 0)))
    left, right = sides
    if min(left.count, right.count) < _FEWEST:
        return None
    met = (_met(left, right, kept) * left.count + _met(right, left, kept) * right.count) / (
        left.count + right.count
    )
    return JoinSeen(node=node.id, compared=round(met, 1), sampled=(left.count, right.count))


def _met(ours: _Side, theirs: _Side, kept: float | None) -> float:
    """How many rows of the other side the mean record of this one finds under its key."""
    return sum(count * theirs.kept(key, kept) for key, count in ours.keys.items()) / ours.count


def _side(records: Sequence[Sampled], names: Sequence[str], time: str, held: int) -> _Side:
    keys: Counter[_Key] = Counter()
    partitions: dict[int, list[tuple[_Key, int | None]]] = {}
    for each in records:
        if any(each.row.get(name) is None for name in names):
            continue
        key = tuple(str(each.row[name]) for name in names)
        keys[key] += 1
        partitions.setdefault(each.partition, []).append((key, millis_of(each.row.get(time))))
    every = [at for rows in partitions.values() for _, at in rows if at is not None]
    whole = max(every, default=0) - min(every, default=0)
    if not time or not whole:
        return _Side(keys, None, held)  # all at one moment, or no times: all that there are may be kept
    rates: dict[_Key, float] = {}
    for rows in partitions.values():
        times = [at for _, at in rows if at is not None]
        # The last records of a partition are of the time that they span, a lone one of all the sample's.
        spanned = max(times, default=0) - min(times, default=0) or whole
        for key, _ in rows:
            rates[key] = rates.get(key, 0.0) + 1 / spanned
    return _Side(keys, rates, held)


def _column(flow: Flow, up: PlanNode, index: int) -> tuple[str, str]:
    """(table, column) that a column is, unchanged; ('', '') for others."""
    origins = flow.origins(up, index)
    return (origins[0].table, origins[0].column) if len(origins) == 1 and not origins[0].through else ("", "")
