"""Two versions of a job: what the new one does to the state of each operator of the old one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from juncture.checks.wording import describe
from juncture.model.plan import PlanNode
from juncture.model.verdict import OperatorVerdict, StateVerdict, Verdict
from juncture.verdicts import joins
from juncture.verdicts.finding import Finding
from juncture.verdicts.inputs import compare_filters, compare_rows
from juncture.verdicts.lineage import VOLATILE
from juncture.verdicts.version import Version, base_uid

_Compare = Callable[[Finding, Version, PlanNode, Version, PlanNode], None]

_ASIDE = VOLATILE | {"state"}
"""What of an operator's JSON does not say what it keeps; `state` are its times to live."""

_JOINS: dict[str, _Compare] = {
    "interval-join": joins.interval_join,
    "join": joins.regular_join,
    "temporal-join": joins.temporal_join,
}


def state_verdict(old: Version, new: Version) -> StateVerdict:
    """What `new` does to the state of `old`: its operators in the order of its plan, then those it has no more."""
    taken = heirs(old, new)
    found = [
        _verdict(old, old.stateful[taken[uid]], new, node) if uid in taken else _begins(new, node)
        for uid, node in new.stateful.items()
    ]
    gone = [node for uid, node in old.stateful.items() if uid not in taken.values()]
    found += [_gone(old, node, new, taken) for node in gone]
    uids = {node.uid for node in new.plan.nodes}
    unclaimed = (node.uid for node in old.stateful.values() if node.uid not in uids)
    return StateVerdict(operators=tuple(found), unclaimed=tuple(unclaimed))


def heirs(old: Version, new: Version) -> dict[str, str]:
    """Which operator's state each of the new version's takes over, by uid: its own, else that of one like it.

    A uid names the tables above an operator, so that one more topic in a UNION ALL, or another name for a table,
    gives it another. Where the state of an operator that is gone fits a new one of the same kind, that one has it.
    """
    taken = {uid: uid for uid in new.stateful if uid in old.stateful}
    free = [uid for uid in old.stateful if uid not in taken]
    for uid, node in new.stateful.items():
        if uid in taken or node.kind == "sink":
            continue
        for former in free:
            before = old.stateful[former]
            if before.kind == node.kind and _fits(old, before, new, node):
                taken[uid] = former
                free.remove(former)
                break
    return taken


def _fits(old: Version, before: PlanNode, new: Version, after: PlanNode) -> bool:
    if after.kind == "table-source-scan":
        return _over(old, before) == _over(new, after)
    return _verdict(old, before, new, after).verdict in ("KEEP", "KEEP_WITH_GAP")


def _verdict(old: Version, before: PlanNode, new: Version, after: PlanNode) -> OperatorVerdict:
    finding = Finding()
    were, are = (base_uid(node.uid) in version.event_joins for version, node in ((old, before), (new, after)))
    if were != are:
        forms = ("Juncture's event join", "Flink's join")
        then, now = forms if were else reversed(forms)
        finding.lost(f"{then} kept the rows, and {now} can't read them")
    elif are:
        _event_join(finding, old, before, new, after)
    else:
        _COMPARE.get(after.kind, _other)(finding, old, before, new, after)
    return OperatorVerdict(
        uid=after.uid,
        operator=describe(new.flow, after),
        verdict=finding.verdict,
        reasons=tuple(dict.fromkeys(finding.reasons)),
        gap_millis=finding.gap_millis,
        restores=finding.restores,
    )


def _event_join(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    """Of a join that is one operator with others, what becomes of all of them: their rows are kept together."""
    was, now = old.chain_of(before.uid), new.chain_of(after.uid)
    place, here = was.index(base_uid(before.uid)), now.index(base_uid(after.uid))
    if (len(was), place) != (len(now), here):
        then, there = (_as_operators(chain) for chain in (was, now))
        if len(was) == len(now):
            there = "in another place of it"
        written = ""
        if len(was) < len(now) and set(now) <= old.event_joins:
            written = "; `join_chains: separate` in the job keeps it"
        elif len(was) > len(now) and set(was) <= new.event_joins:
            written = "; `join_chains: fused` in the job keeps it, where they can run together"
        finding.lost(
            f"the rows were kept {then}, and are now {there}: neither reads the other's state{written}"
        )
    elif len(was) == 1:
        joins.event_join(finding, old, before, new, after)
    else:
        joins.chained_joins(
            finding, old, [old.stateful[uid] for uid in was], new, [new.stateful[uid] for uid in now]
        )


def _as_operators(chain: tuple[str, ...]) -> str:
    return f"by one operator for {len(chain)} joins" if len(chain) > 1 else "by an operator of its own"


def _begins(new: Version, node: PlanNode) -> OperatorVerdict:
    reason = "it is new, and begins empty"
    if node.kind == "table-source-scan":
        reason = "it is new, and begins at its startpoint"
    return OperatorVerdict(uid=node.uid, operator=describe(new.flow, node), verdict="KEEP", reasons=(reason,))


def _gone(old: Version, node: PlanNode, new: Version, taken: Mapping[str, str]) -> OperatorVerdict:
    """An operator that the new version does not have: lost if another one, that begins empty, takes its place."""
    verdict: Verdict = "KEEP"
    reason = "there is no such operator any more"
    begun = [other for uid, other in new.stateful.items() if uid not in taken]
    instead = [
        other
        for other in begun
        if (other.kind == "sink") == (node.kind == "sink") and _over(new, other) == _over(old, node)
    ]
    if node.kind == "sink":
        reason = "the sink is another; after a stop with a savepoint all its rows are committed"
    elif instead:
        verdict = "LOST"
        reason = f"its place takes {describe(new.flow, instead[0])} ({instead[0].kind}), which begins empty"
    elif node.kind == "table-source-scan":
        reason = "it is not read any more"
    return OperatorVerdict(
        uid=node.uid, operator=describe(old.flow, node), verdict=verdict, reasons=(reason,)
    )


def _over(version: Version, node: PlanNode) -> frozenset[str]:
    """The topics that an operator reads, as tables may have got other names."""
    return frozenset(version.topics.get(table, table) for table in version.plan.tables(node))


def _source(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    if before.uid != after.uid:
        finding.note("it is read again from its startpoint")
        return
    table = new.plan.tables(after)[0]
    was, now = old.topics.get(table), new.topics.get(table)
    if was != now:
        finding.wrong(
            f"{table} now names the topic {now}, and the state has offsets of {was}: Flink goes on reading that one,"
            " too"
        )


def _sink(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    table = new.plan.tables(after)[0] if new.plan.tables(after) else ""
    if old.topics.get(table) != new.topics.get(table):
        finding.note(f"rows go to the topic {new.topics.get(table)} from now on")
    ups = [version.plan.inputs(node)[0] for version, node in ((old, before), (new, after))]
    if any("upsertMaterialize" in node.raw for node in (before, after)):
        compare_rows(finding, old.lineage.columns(ups[0]), new.lineage.columns(ups[1]), "the sink")


def _other(finding: Finding, old: Version, before: PlanNode, new: Version, after: PlanNode) -> None:
    """An operator whose state is not known more closely: kept if it and its inputs are as they were."""
    operator = describe(new.flow, after)
    if _in_batches(old, before) != _in_batches(new, after):
        finding.wrong(f"mini-batches are switched on or off, and {operator} is made otherwise with them")
    for was, now in zip(old.plan.inputs(before), new.plan.inputs(after), strict=False):
        compare_rows(finding, old.lineage.columns(was), new.lineage.columns(now), operator)
        compare_filters(finding, (old, was), (new, now), None)
    if len(before.raw.get("aggCalls", ())) != len(after.raw.get("aggCalls", ())):
        finding.lost(f"{operator} computes another number of values")
    elif finding.verdict == "KEEP" and _settings(before) != _settings(after):
        finding.wrong(f"{operator} is made otherwise, and its state still is as before")
    joins.times_to_live(finding, before, after)


def _in_batches(version: Version, node: PlanNode) -> bool:
    return any(up.kind == "mini-batch-assigner" for up in version.plan.upstream(node))


def _settings(node: PlanNode) -> str:
    return json.dumps({key: value for key, value in node.raw.items() if key not in _ASIDE}, sort_keys=True)


_COMPARE: dict[str, _Compare] = {**_JOINS, "table-source-scan": _source, "sink": _sink}
