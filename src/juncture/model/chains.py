"""Which event joins of a plan run together as one operator, and why the others don't."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from juncture.model.base import Value
from juncture.model.flow import condition_of, join_spec, join_type
from juncture.model.joins import JoinForm
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.timed import interval_bounds

JoinChains = Literal["fused", "separate"]

_MOST = 16
"""A row has two marks for each, which are bits of an int."""
_KINDS = ("INNER", "LEFT")

Columns = tuple[int, ...]


class JoinChain(Value):
    """Joins one behind the other that run as one operator.

    `joins` are in the order in which rows pass them. `columns` are, before each but the first, those of the result
    before that are its left row's, or None where all are.
    """

    joins: tuple[JoinForm, ...]
    columns: tuple[Columns | None, ...]

    @property
    def uids(self) -> tuple[str, ...]:
        """The plan's uids."""
        return tuple(join.uid for join in self.joins)


@dataclass(frozen=True)
class Grouping:
    """The event joins of a plan by operator.

    `apart` says, by the uid of each join that another one feeds and that is not one operator with it, why.
    """

    chains: tuple[JoinChain, ...]
    single: tuple[JoinForm, ...]
    apart: Mapping[str, str]


@dataclass(frozen=True)
class _Link:
    """How a join's left rows come from another join."""

    before: PlanNode
    columns: Columns | None


def group_joins(
    plan: CompiledPlan, joins: Sequence[JoinForm], how: JoinChains, begin: Collection[str] = ()
) -> Grouping:
    """Put interval joins one behind the other on one key together; EXISTS has an operator of its own.

    Args:
        plan: what Flink compiled.
        joins: those that run on the event join, in the plan's order.
        how: the job's `join_chains`.
        begin: uids of joins that begin an operator in any case.
    """
    forms = {join.uid: join for join in joins if join.kind == "interval-join"}
    nodes = {node.uid: node for node in plan.nodes if node.uid in forms}
    chains: dict[str, list[tuple[JoinForm, Columns | None]]] = {}
    apart: dict[str, str] = {}
    for uid, node in nodes.items():
        chains[uid] = [(forms[uid], None)]
        link = _link(plan, node, nodes)
        if link is None:
            continue
        if isinstance(link, str):
            apart[uid] = link
            continue
        before = chains[link.before.uid]
        members = [nodes[form.uid] for form, _ in before]
        against = _against(plan, members, [columns for _, columns in before[1:]], node, link, how)
        if uid in begin:
            against = f"so {link.before.uid} keeps the state that it has by itself"
        if against is not None:
            apart[uid] = against
        else:
            chains[uid] = [*chains.pop(link.before.uid), (forms[uid], link.columns)]
    found = [
        JoinChain(joins=tuple(form for form, _ in each), columns=tuple(columns for _, columns in each[1:]))
        for each in chains.values()
        if len(each) > 1
    ]
    single = tuple(each[0][0] for each in chains.values() if len(each) == 1)
    return Grouping(tuple(found), single, apart)


def _link(plan: CompiledPlan, node: PlanNode, joins: Mapping[str, PlanNode]) -> _Link | str | None:
    """The event join that feeds a join's left side; a reason if one feeds it in another way; None if none does."""
    left, right = (_above(plan, up) for up in plan.inputs(node))
    if right[-1].uid in joins:
        return f"{right[-1].uid} is on its right side"
    if left[-1].uid not in joins:
        return None
    before, between = left[-1], left[:-1]
    if any(sum(each.id in other.inputs for other in plan.nodes) > 1 for each in left):
        return f"the rows of {before.uid} go elsewhere, too"
    others = [each.kind for each in between if each.kind not in ("exchange", "calc")]
    if others:
        return f"there is a {others[0]} between it and {before.uid}"
    calcs = [each for each in between if each.kind == "calc"]
    if len(calcs) > 1 or any(each.raw.get("condition") for each in calcs):
        return f"there is a condition between it and {before.uid}"
    if not calcs:
        return _Link(before, None)
    projection = calcs[0].raw["projection"]
    if any(each["kind"] != "INPUT_REF" for each in projection):
        return f"there is an expression between it and {before.uid}"
    return _Link(before, tuple(each["inputIndex"] for each in projection))


def _above(plan: CompiledPlan, node: PlanNode) -> list[PlanNode]:
    """A node and what feeds it, up to the first with other than one input."""
    found = [node]
    while len(found[-1].inputs) == 1:
        found.append(plan.by_id[found[-1].inputs[0]])
    return found


def _against(
    plan: CompiledPlan,
    members: Sequence[PlanNode],
    columns: Sequence[Columns | None],
    node: PlanNode,
    link: _Link,
    how: JoinChains,
) -> str | None:
    """Why a join can't be one more of the operator that the joins before it are; None where it can."""
    if how == "separate":
        return "so the job's join_chains says"
    if len(members) == _MOST:
        return f"an operator takes {_MOST} joins"
    for each in (*members, node):
        if (kind := join_type(each)) not in _KINDS:
            return f"{each.uid} is a {kind.lower()} join, and only inner and left ones are put together"
    for each in members:
        if condition_of(each) is not None:
            return f"{each.uid} has a further condition, which would have to hold again later"
    if join_type(node) == "LEFT" and condition_of(node) is not None:
        return "it is a left join with a further condition"
    origins = _origins(plan, members, [*columns, link.columns])
    first = members[0]
    if origins[interval_bounds(node).left_time] != (0, interval_bounds(first).left_time):
        return f"its bounds are not on the time by which {first.uid} joins its left side"
    if _key(members, origins, node) != [(0, index) for index in join_spec(first)["leftKeys"]]:
        return f"its equal keys are not those of {first.uid}, in the same order"
    return None


def _origins(
    plan: CompiledPlan, members: Sequence[PlanNode], columns: Sequence[Columns | None]
) -> list[tuple[int, int]]:
    """For each column of the left row behind some joins: of which input it is, and which column of that."""
    row = [(0, index) for index in range(len(plan.inputs(members[0])[0].fields))]
    for number, (join, projection) in enumerate(zip(members, columns, strict=True), start=1):
        row = row + [(number, index) for index in range(len(plan.inputs(join)[1].fields))]
        row = row if projection is None else [row[index] for index in projection]
    return row


def _key(
    members: Sequence[PlanNode], origins: Sequence[tuple[int, int]], node: PlanNode
) -> list[tuple[int, int]]:
    """Where a join's left key comes from; a right key of an inner join before is as good as the left one."""
    same = {
        (number, right): (0, left)
        for number, join in enumerate(members, start=1)
        if join_type(join) == "INNER"
        for left, right in zip(join_spec(members[0])["leftKeys"], join_spec(join)["rightKeys"], strict=True)
    }
    found = [origins[index] for index in join_spec(node)["leftKeys"]]
    return [same.get(each, each) for each in found]
