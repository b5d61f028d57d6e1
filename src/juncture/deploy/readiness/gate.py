"""Whether a job may be started though there is not enough for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from juncture.capacity.durability import IDS
from juncture.capacity.silent import have_none, silent_topics
from juncture.checks.wording import listed
from juncture.deploy.environment.connection import Connection
from juncture.deploy.readiness.assess import assess
from juncture.deploy.readiness.promises import kept_promises, told
from juncture.deploy.store.calibrations import best_for
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import read_manifest
from juncture.errors import JunctureError, Refused
from juncture.model.capacity import CapacityReport

_TOLD_ELSEWHERE = ("sink-topics", "slots", "startpoints", "unbounded-state", "flink-version")
"""Checks that a submission makes itself, or `juncture check` has made."""

_OF_NEED = ("cores", "parallelism", "hot-keys", "state", "join-memory", "catch-up")
"""Checks without which it is not known whether there is enough."""

_OF_DISKS = ("checkpoint-writes", "checkpoint-room", "local-disk")

_OF_RESOURCES = (*(each for each in _OF_NEED if each != "hot-keys"), *_OF_DISKS)
"""Checks that warn where there may not be enough; a hot key may slow down a job that has enough of everything."""

_TOLD = (*IDS, *_OF_NEED, "partitions", *_OF_DISKS)
"""Checks whose warnings are told."""


@dataclass(frozen=True)
class Gate:
    """Looks at a job's capacity before it is started.

    Args:
        shut: whether to look at all.
        accepted: why a job that is not ready is started all the same; recorded with the deployment.
    """

    shut: bool = True
    accepted: str | None = None

    @property
    def opened(self) -> Gate:
        """The same for a step that comes after it was passed: the reason is recorded there."""
        return replace(self, shut=False)

    def passed(
        self,
        files: Mapping[str, str],
        connection: Connection,
        store: Store,
        before: Mapping[str, str] | None = None,
    ) -> tuple[str, ...]:
        """What was found, a sentence each. Raises Refused, with all failed checks, unless the risk is accepted.

        Topics that can't be looked at hold nobody up: what needs them tells so.

        Args:
            files: the job's bundle.
            connection: where it shall run.
            store: the environment's, for what the job was measured to cost.
            before: the bundle whose place it takes: what that one does not keep of its promises is no reason.
        """
        if not self.shut:
            return ()
        try:
            calibration = best_for(store, read_manifest(files))
            report = assess(files, connection, None, calibration=calibration)
            checks, known = report.checks, enough(report)
        except JunctureError as error:
            with connection.cluster() as cluster:
                checks = kept_promises(files, connection, cluster)
            known = f"What the job needs is not known: {error.problem}"
        no_reason = {*_TOLD_ELSEWHERE, *_broken(before, connection)}
        failed = [each for each in checks if each.outcome == "failed" and each.id not in no_reason]
        weak = told(tuple(each for each in checks if each.id in _TOLD and each not in failed))
        if not failed:
            return (known, *weak)
        if self.accepted is not None:
            return (*(f"Not ready, and accepted: {each.id}: {each.message}" for each in failed), *weak)
        problems = "".join(f"\n- {each.id}: {each.message}" for each in failed)
        raise Refused(
            f"'{read_manifest(files).job}' is not ready:{problems}",
            state="nothing was changed",
            remedy="\n".join(f"- {each.remedy}" for each in failed if each.remedy)
            + "\nor start it all the same with --accept-risk REASON",
        )


def enough(report: CapacityReport) -> str:
    """Whether there is enough for a job, a sentence: what was not seen, or not checked, is not known to be enough."""
    found = {(each.id, each.outcome) for each in report.checks}  # some are made of each topic, or each join
    if ("unbounded-state", "failed") in found or any((each, "warned") in found for each in _OF_RESOURCES):
        return "There may not be enough for it, by `juncture capacity`"
    unchecked = [each for each in _OF_NEED if (each, "unknown") in found]
    why = f"{listed(unchecked)} could not be checked" if unchecked else ""
    if silent := silent_topics(report.traffic):
        why = have_none(silent)  # which leaves all of these open
    if why:
        return f"It is not known whether there is enough for it: {why}"
    if ("hot-keys", "warned") in found:
        return "Something is to be looked at, by `juncture capacity`: hot-keys"
    return "There is enough for it, by `juncture capacity`"


def _broken(files: Mapping[str, str] | None, connection: Connection) -> set[str]:
    """Ids of the checks of what outlives a failure that fail for a bundle."""
    if files is None:
        return set()
    with connection.cluster() as cluster:
        found = kept_promises(files, connection, cluster)
    return {each.id for each in found if each.outcome == "failed"}


OPEN = Gate(shut=False)
"""For callers who have looked, or need not."""
