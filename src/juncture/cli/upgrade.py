"""juncture upgrade"""

from __future__ import annotations

from typing import get_args

import click

from juncture.cli.compiled import rendered_job
from juncture.cli.deployable import checked_plan
from juncture.cli.deployments import half_way, span, view_deployment
from juncture.cli.hand_over import view_hand_over
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.jobs import chosen
from juncture.cli.output import Text
from juncture.cli.risks import accept_risk_option
from juncture.cli.seconds import WHOLE_SECONDS
from juncture.cli.startpoints import view_startpoints
from juncture.deploy.environment.connection import connect, open_store
from juncture.deploy.environment.launcher import client_variables
from juncture.deploy.environment.reading import Reading
from juncture.deploy.environment.site import Site
from juncture.deploy.environment.toolchain import toolchain_for, toolchain_of, toolchain_of_bundle
from juncture.deploy.readiness.gate import Gate
from juncture.deploy.starting.starts import Starting
from juncture.deploy.state.changes import adopt, grouped_as_before, version_of, worse
from juncture.deploy.store.manifest import Bundle
from juncture.deploy.upgrading.builder import Blueprint
from juncture.deploy.upgrading.hand_over import hand_over
from juncture.deploy.upgrading.hand_over_plan import plan_hand_over
from juncture.deploy.upgrading.replacement import version_before
from juncture.deploy.upgrading.upgrade import UpgradePlan, plan_upgrade, upgrade
from juncture.model.operators import join_operators
from juncture.model.verdict import OperatorVerdict, Verdict
from juncture.render.bundle import bundle
from juncture.verdicts.version import Version


@click.command("upgrade")
@click.argument("job", metavar="JOB")
@click.option(
    "--plan", "only_plan", is_flag=True, help="Show what would become of the state; change nothing."
)
@click.option(
    "--accept",
    type=click.Choice([each for each in get_args(Verdict) if each != "KEEP"]),
    help="The worst that may become of the state of an operator.",
)
@click.option(
    "--rewind",
    "rewound",
    metavar="SOURCE",
    multiple=True,
    help="Read this source from its startpoint in the job's file, and keep all other state.",
)
@click.option(
    "--hand-over",
    "handed_over",
    is_flag=True,
    help="Build the new version's state from the topics, beside the old one, and write each row once.",
)
@click.option(
    "--healthy-within",
    type=WHOLE_SECONDS,
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="For the new version's first checkpoint, for its lag to fall, and for its event time to go on.",
)
@accept_risk_option
@shared_options
@pass_invocation
def command(
    invocation: Invocation,
    job: str,
    only_plan: bool,
    accept: Verdict | None,
    rewound: tuple[str, ...],
    handed_over: bool,
    healthy_within: int,
    accept_risk: str | None,
) -> None:
    """Put a new version in the place of a running job, with its state, and go back if it is not well.

    What the new version does to the state of each operator is told first: KEEP; KEEP_WITH_GAP, rows are missing for a
    while; WRONG_RESULTS, Flink takes the state, and wrong rows come of it; LOST. Anything but KEEP is refused (1)
    unless it is accepted, with --plan, too. So is a version for which there is not enough in any case, as `juncture
    capacity` tells. Then the job is stopped with a savepoint, and the new version started from
    it. It must complete a checkpoint, without a failure, catch up, and let event time go on; else the old version runs
    again, from the savepoint.

    With --rewind a source is read from its startpoint again, while the joins' rows and the other sources' offsets are
    kept: with or without a change of the query. Rows that come of it come once more.

    With --hand-over the state is not taken over, but built: a job that writes nothing reads the topics as far back as
    the join reaches, while the old version runs; then that one is stopped, and the new one goes on where it was. Pairs
    of rows that the old version has written are not written again, all others are. For jobs with one interval join,
    or a chain of inner ones, on the event join; others are refused, with the reason.
    """
    if handed_over and (accept or rewound):
        raise click.UsageError("--hand-over does not go with --accept or --rewind")
    (name,) = chosen(invocation, [job])
    project, environment = invocation.project, invocation.environment
    connection, store = connect(invocation.root, environment), open_store(invocation.root, environment)
    site = Site(connection, store, savepoints=environment.savepoints)
    rendered = rendered_job(invocation, name)
    before = version_before(name, site)
    former = site.store.get_bundle(before.bundle)
    with invocation.output.progress() as say:
        old_tools, tools = toolchain_of_bundle(former, store), toolchain_of([rendered], say)
        with tools.joined(old_tools).planner(client_variables(site.connection.flink)) as planner:
            say(f"Compiling {name}")
            plan = checked_plan(invocation, rendered, planner.compile(rendered))
            old_version = version_of(former)
            if not handed_over:
                rendered = grouped_as_before(old_version, rendered, plan)
            joins = join_operators(rendered, plan)
            uids = frozenset(each.uid for each in joins.taken)
            new_version = Version(plan, uids, rendered.topics, joins.chains)
            compiled, plan = (
                plan,
                adopt(old_version, new_version, accept or "KEEP", before.version + 1, rewound),
            )
            named = {node.uid: plan.by_id[node.id].uid for node in compiled.nodes}
            rendered = rendered.model_copy(update={"apart": tuple(named[uid] for uid in rendered.apart)})
            starting = Starting(Reading.by(planner), project.jobs[name].locate, rewound=frozenset(rewound))
            needed = toolchain_for(rendered, plan)
            files = bundle(rendered, plan, needed.pinned, project.template_dirs)
            new = Bundle(files, needed.paths)
            old = Bundle(former, old_tools.paths)
            blueprint = Blueprint(rendered, plan, needed.pinned, project.template_dirs, new.jars)
            site, gate = site.using(planner, say), Gate(accepted=accept_risk)
            left = half_way(store, name, f"it may be half-way: `juncture status {name}` tells")
            if only_plan and handed_over:
                phases = plan_hand_over(blueprint, new, site, gate)
            elif only_plan:
                steps = plan_upgrade(new, site, starting, gate)
            elif handed_over:
                with invocation.leaving(left):
                    deployment = hand_over(
                        before, blueprint, new, old, site, healthy_within=healthy_within, gate=gate
                    )
            else:
                with invocation.leaving(left):
                    deployment = upgrade(
                        before,
                        new,
                        old,
                        site,
                        accept=accept or "KEEP",
                        healthy_within=healthy_within,
                        starting=starting,
                        gate=gate,
                    )
    if only_plan and handed_over:
        invocation.output.result(phases, lambda text: view_hand_over(text, phases))
    elif only_plan:
        invocation.output.result(steps, lambda text: view_plan(text, steps))
        if worse(steps.state.worst, accept or "KEEP"):
            click.get_current_context().exit(1)
    else:
        invocation.output.result(deployment, lambda text: view_deployment(text, deployment))


def view_plan(text: Text, plan: UpgradePlan) -> None:
    """What becomes of each operator's state, and why."""
    how = "runs" if plan.runs else "ran last"
    text.line(f"{plan.job} on {plan.environment}: version {plan.before} {how}.")
    if plan.unchanged:
        again = "it would be stopped, and started" if plan.runs else "it would be started"
        text.line(f"Nothing has changed: what is rendered is version {plan.before}; {again} again as it is.")
    for fact in plan.checked:
        text.line(f"  {fact}")
    if plan.startpoints is not None:
        view_startpoints(text, plan.startpoints)
    for each in plan.state.operators:
        text.line(f"{each.verdict:<14} {each.operator}{_gap(each)}")
        for reason in each.reasons:
            text.line(f"{'':<14} {reason}")


def _gap(each: OperatorVerdict) -> str:
    if each.verdict != "KEEP_WITH_GAP":
        return ""
    return (
        f", whole again after {span(each.gap)} of event time" if each.gap is not None else ", not whole again"
    )
