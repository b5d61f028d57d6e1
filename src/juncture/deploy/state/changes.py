"""What a new bundle of a job does to the state that the bundle before it has left."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from juncture.deploy.store.manifest import read_manifest
from juncture.errors import Refused
from juncture.model.flow import watermark_delays
from juncture.model.operators import join_operators
from juncture.model.plan import CompiledPlan, table_names
from juncture.model.rendered import RenderedJob
from juncture.model.verdict import WORST_LAST, OperatorVerdict, StateVerdict, Verdict
from juncture.model.wording import span
from juncture.planner.plan import parse_plan, with_uids
from juncture.project.nearest import did_you_mean
from juncture.verdicts.compare import heirs, state_verdict
from juncture.verdicts.grouping import first_apart
from juncture.verdicts.hand_over import obstacles
from juncture.verdicts.version import Version, base_uid


def version_of(files: Mapping[str, str]) -> Version:
    """A bundle as far as state depends on it."""
    manifest = read_manifest(files)
    joins = frozenset(base_uid(uid) for uid in manifest.event_joins)
    chains = tuple(tuple(base_uid(uid) for uid in chain) for chain in manifest.join_chains)
    apart = frozenset(base_uid(uid) for uid in manifest.apart)
    return Version(parse_plan(files["plan.json"]), joins, manifest.topics, chains, apart)


def verdict_between(old: Mapping[str, str], new: Mapping[str, str]) -> StateVerdict:
    """What the bundle `new` does to the state of the bundle `old`."""
    return state_verdict(version_of(old), version_of(new))


def grouped_as_before(old: Version, rendered: RenderedJob, plan: CompiledPlan) -> RenderedJob:
    """The job with joins that are new to it in an operator of their own, where others before them have state.

    Where it writes `join_chains` itself, that holds, whatever becomes of the state.
    """
    if "join_chains" in rendered.job.model_fields_set:
        return rendered
    while True:
        chains = join_operators(rendered, plan).chains
        found = {uid for chain in chains if (uid := first_apart(old, chain)) is not None}
        if not found:
            return rendered
        rendered = rendered.model_copy(update={"apart": (*rendered.apart, *sorted(found))})


def adopt(
    old: Version,
    new: Version,
    accept: Verdict,
    generation: int,
    rewound: Collection[str] = (),
) -> CompiledPlan:
    """The new version's plan with the uids under which the old one keeps the state that it takes over.

    Where state is given up that Flink would refuse, if `accept` allows it, the operator gets a uid of its own, with
    the `generation` of the job; so does the source of each table that is `rewound`, which thus forgets its offsets.

    Raises Refused if the plan does not read such a table.
    """
    uids = {new.stateful[uid].uid: old.stateful[former].uid for uid, former in heirs(old, new).items()}
    if accept == "LOST":
        refused = (each for each in state_verdict(old, new).operators if not each.restores)
        uids |= {each.uid: f"{base_uid(each.uid)}~{generation}" for each in refused}
    for table in rewound:
        scan = next(
            (node for node in new.plan.of_kind("table-source-scan") if table in table_names(node.raw)), None
        )
        if scan is None:
            raise Refused(
                f"the job reads no source '{table}'",
                state="nothing was changed",
                remedy=did_you_mean(table, [name for name in new.topics if _is_source(new, name)]),
            )
        uids[scan.uid] = f"{base_uid(scan.uid)}@{generation}"
    return with_uids(new.plan, {uid: other for uid, other in uids.items() if uid != other})


def _is_source(version: Version, table: str) -> bool:
    return any(table in table_names(node.raw) for node in version.plan.of_kind("table-source-scan"))


def later_watermarks(former: Mapping[str, str], files: Mapping[str, str]) -> list[str]:
    """A sentence for each source whose WATERMARK waits longer than in the version before."""
    before, now = (watermark_delays(version_of(each).plan) for each in (former, files))
    return [
        f"The watermark of {table} waits {span(delay)}, and not {span(before[table])}: rows that wait for it come so"
        " much later, and are kept as much longer"
        for table, delay in sorted(now.items())
        if delay > before.get(table, delay)
    ]


def refuse_worse(job: str, old: Mapping[str, str], new: Mapping[str, str], accept: Verdict) -> StateVerdict:
    """The verdict between two bundles.

    Raises Refused, with each operator and its reasons, if more becomes of the state than is accepted.
    """
    verdict = verdict_between(old, new)
    wrong = [each for each in verdict.operators if worse(each.verdict, accept)]
    if not wrong:
        return verdict
    told = "".join(f"\n- {each.verdict}: {each.operator}{_gap(each)}{_reasons(each)}" for each in wrong)
    raise Refused(
        f"the new version of '{job}' does not keep all of the state:{told}",
        state="nothing was changed",
        remedy=f"change the join otherwise{_instead(job, old, new, verdict)}; or accept it with --accept"
        f" {verdict.worst}",
    )


def _instead(job: str, old: Mapping[str, str], new: Mapping[str, str], verdict: StateVerdict) -> str:
    """What there is beside taking the state over."""
    found = obstacles(version_of(old), version_of(new))
    if not found:
        return "; build the state from the topics with --hand-over"
    if verdict.worst == "KEEP_WITH_GAP":
        return ""
    return (
        f"; it can't be handed over, as {found[0]}; where the sink has a primary key, `juncture stop {job}` and"
        f" `juncture submit {job} --anew`, with startpoints as far back as the joins reach: rows come once more, and"
        " are taken for the same"
    )


def worse(verdict: Verdict, accept: Verdict) -> bool:
    """Whether more becomes of the state than is accepted."""
    return WORST_LAST.index(verdict) > WORST_LAST.index(accept)


def _gap(each: OperatorVerdict) -> str:
    return f", whole again after {span(each.gap_millis)} of event time" if each.gap_millis else ""


def _reasons(each: OperatorVerdict) -> str:
    return "".join(f"\n    {reason}" for reason in each.reasons)
