"""What goes into the state of each side of a plan's joins: columns, for how long, and how many bytes a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from juncture.capacity.disk import accesses_of
from juncture.capacity.rates import Rates
from juncture.capacity.rowsizes import RowSizes
from juncture.capacity.supposed import widened
from juncture.checks.tables import Table
from juncture.checks.timebound import is_endless
from juncture.checks.wording import describe, tables_of
from juncture.model.figures import Range
from juncture.model.flow import Flow, watermark_delays
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.timed import TimeBounds, existence_bounds, interval_bounds
from juncture.model.traffic import HotKey, SideState, Traffic

_LATER = 1.2
"""How much longer rows stay than their bounds say, as watermarks wait for the slowest partition."""


class Supposed(NamedTuple):
    """In ms: `cleanup` is how much later than it could Flink's interval join removes rows
    (table.exec.interval-join.min-cleanup-interval); `window` is taken in place of the joins' own."""

    cleanup: int = 0
    window: int | None = None


AS_AUTHORED = Supposed()


def sides_of(
    plan: CompiledPlan,
    tables: Mapping[str, Table],
    traffic: Mapping[str, Traffic],
    sizes: RowSizes,
    on_event_join: frozenset[str],
    chains: Sequence[Sequence[str]] = (),
    supposed: Supposed = AS_AUTHORED,
    hot: Mapping[int, Sequence[HotKey]] | None = None,
) -> tuple[tuple[SideState, ...], tuple[str, ...]]:
    """What joins keep, in the plan's order, and which operators are left out because nothing is known of them.

    Args:
        plan: the job's.
        tables: its sources, for which of them are changelogs.
        traffic: by table.
        sizes: of rows.
        on_event_join: uids of the joins that run on the event join.
        chains: of these, those that run as one operator, which keeps no left rows but the first join's.
        supposed: what of the job's options, and what if, decides how long they keep it.
        hot: keys with a large share of both sides, by the id of the join.
    """
    flow = Flow(plan, lambda name: name in tables and tables[name].is_changelog)
    rates = Rates(flow, traffic, hot or {}, supposed.window)
    found: list[SideState] = []
    left_out = []
    for node in plan.nodes:
        if node.kind in ("interval-join", "join") and len(node.inputs) == 2:
            chain = next((chain for chain in chains if node.uid in chain), ())
            for number, up in enumerate(plan.inputs(node)):
                if number == 0 and node.uid in chain[1:]:
                    continue
                kept = _kept(flow, node, number, node.uid in on_event_join, supposed)
                row_bytes = sizes.stored(up)
                accesses = accesses_of(node.kind, node.uid in on_event_join, row_bytes)
                found.append(
                    SideState(
                        operator=describe(flow, node),
                        side=tables_of(flow, up),
                        tables=tuple(sorted(flow.plan.tables(up))),
                        columns=tuple(name for name, _ in up.fields),
                        rate=rates.out_of(up).all,
                        kept=_kept_by_chain(flow, chain, node, number, supposed.window) if chain else kept,
                        row_bytes=row_bytes,
                        reads=accesses.reads,
                        writes=accesses.writes,
                        on_event_join=node.uid in on_event_join,
                    )
                )
        elif node.raw.get("state") or node.kind in ("temporal-join", "window-join", "over-aggregate"):
            left_out.append(f"the state of {describe(flow, node)} is not computed, and comes on top")
    return tuple(found), tuple(left_out)


def _kept(
    flow: Flow,
    node: PlanNode,
    number: int,
    event_join: bool,
    supposed: Supposed,
) -> Range | None:
    """How long a row stays, in ms: its reach, the wait of the watermark, and what Flink is told to clean up later."""
    bounds = _bounds(flow, node, event_join, supposed.window)
    if bounds is None:
        state = node.raw["state"][number]
        if is_endless(state):
            return None
        millis = float(str(state["ttl"]).split()[0])
        return Range(low=millis, expected=millis, high=millis * _LATER)
    left, right = -float(bounds.lower), float(bounds.upper)
    reach = max(left if number == 0 else right, 0.0)
    wait = _wait(flow, node)
    clean = 0 if event_join else supposed.cleanup
    return Range(low=reach + wait, expected=reach + wait + clean, high=(reach + wait + clean) * _LATER)


def widest_window(plan: CompiledPlan, on_event_join: frozenset[str]) -> int:
    """From the first to the last row that a row can match, in ms, of the join by time with most; 0 without one."""
    flow = Flow(plan, lambda table: False)
    found = [
        _bounds(flow, node, node.uid in on_event_join, None)
        for node in plan.of_kind("interval-join", "join")
        if len(node.inputs) == 2
    ]
    return max((each.upper - each.lower for each in found if each is not None), default=0)


def _bounds(flow: Flow, node: PlanNode, event_join: bool, window: int | None) -> TimeBounds | None:
    if node.kind == "interval-join":
        return widened(interval_bounds(node), window)
    found = existence_bounds(flow, node) if event_join else None
    return widened(found, window) if isinstance(found, TimeBounds) else None


def _kept_by_chain(
    flow: Flow,
    chain: Sequence[str],
    node: PlanNode,
    number: int,
    window: int | None,
) -> Range:
    """As `_kept`, of a row that later joins of the same operator need, too.

    A later join's event time is behind by the reach of those before it; a row of another input than the first is
    needed beside the last row of that which it can match.
    """
    nodes = [each for uid in chain for each in flow.plan.nodes if each.uid == uid]
    own = nodes.index(node)
    reach = partner = behind = 0.0
    for at, join in enumerate(nodes):
        bounds = widened(interval_bounds(join), window)
        left, right = -float(bounds.lower), float(bounds.upper)
        if number == 0 or at > own:
            reach = max(reach, partner + behind + left)
        elif at == own:
            reach, partner = max(behind + right, 0.0), right
        behind += max(left, right)
    kept = reach + _wait(flow, nodes[-1])
    return Range(low=kept, expected=kept, high=kept * _LATER)


def _wait(flow: Flow, node: PlanNode) -> int:
    """How long the watermark that a join waits for stays behind the time of records, in ms."""
    delays = watermark_delays(flow.plan)
    return max((delays[table] for table in flow.plan.tables(node) if table in delays), default=0)
