"""What a submission goes on from: the newest state of the deployment before, or what was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from juncture.deploy.environment.reading import BLIND, Reading
from juncture.deploy.state import snapshots
from juncture.deploy.state.changes import refuse_worse
from juncture.deploy.state.restorable import refuse_lone_backend, refuse_other_backend, refuse_regrouped
from juncture.deploy.state.soundness import refuse_foreign, refuse_unsound
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.ledger import DRAINED, ENDED, TAKEN_BACK
from juncture.deploy.store.manifest import Manifest, read_manifest
from juncture.errors import Refused
from juncture.model.deployment import Deployment
from juncture.model.savepoint import SavepointMetadata
from juncture.model.verdict import Verdict
from juncture.planner.plan import parse_plan

_PLAN = "plan.json"
_CHECKPOINT = "chk-"
_NOTHING_CHANGED = "nothing was changed"
_FLINK, _OURS = "Flink's join", "the event join"
_ONE, _EACH = "one operator", "an operator each"


@dataclass(frozen=True)
class Origin:
    """A savepoint or checkpoint to go on from. `told` says of which version, and whether it was seen.

    `unclaimed`: some of its state belongs to no operator of the job that goes on from it, and is given up. `held` is
    what is in it, None if it was not seen.
    """

    path: str
    told: str
    unclaimed: bool = False
    held: SavepointMetadata | None = None


class Resumption:
    """Finds what a submission goes on from.

    Args:
        job: its name.
        files: the bundle to be submitted.
        store: the environment's.
        accept: the worst that may become of the state if the plan is another; None: it must be the same.
        reading: a planner's, to look into savepoints.
    """

    def __init__(
        self,
        job: str,
        files: Mapping[str, str],
        store: Store,
        accept: Verdict | None = None,
        reading: Reading = BLIND,
    ) -> None:
        self._job, self._files, self._store, self._accept = job, files, store, accept
        self._reading = reading
        self._unclaimed = False
        self._from = f"`juncture submit {job} --from PATH`"
        self._anew = "to start from the startpoints, without state, add --anew: rows may be emitted again"

    def newest(self, last: Deployment | None) -> Origin | None:
        """The newest state of the job; None if it never ran, so that it starts from its startpoints.

        Args:
            last: the job's newest deployment as it really is.

        Raises:
            Refused: there is no state, or it can't be known to be gone on from. Starting from the startpoints
                would read records again and emit rows a second time, which somebody has to want.
        """
        before = last_that_ran(self._job, self._store, last)
        if before is None:
            return None
        if before.note == ENDED:
            raise Refused(
                f"version {before.version} of '{self._job}' has read its sources to where they end",
                state=_NOTHING_CHANGED,
                remedy=self._anew,
            )
        former = self._fits(before)
        if before.savepoint is not None:
            return self._seen(before.savepoint, f"the savepoint of version {before.version}")
        path = before.checkpoint or self._left_by(before)
        self._readable(before, former, path)
        return self._seen(path, f"the newest checkpoint of version {before.version}")

    def asked(self, path: str) -> Origin:
        """The state of that path.

        Raises Refused if it is not there, half written or damaged, or of another Flink, another job, or a version with
        another plan.
        """
        if not urlsplit(path).scheme:
            path = str(Path(path).absolute())  # the cluster's own folder is another
        owner = next((each for each in self._store.history(self._job) if owns(each, path)), None)
        if owner is not None:
            self._readable(owner, self._fits(owner), path)
        return self._seen(
            path, f"the state of version {owner.version}" if owner else "the state that was asked for"
        )

    def _left_by(self, before: Deployment) -> str:
        """The state of a deployment that the cluster does not know any more."""
        what = f"version {before.version} of '{self._job}' ended without a savepoint ({before.note or before.phase})"
        try:
            found = snapshots.newest(before.flink_job_id, before.checkpoint_dir, before.savepoint_dir)
        except snapshots.NotVisible as error:
            raise Refused(
                f"{what}, and its checkpoints can't be looked for: {error}",
                state=_NOTHING_CHANGED,
                remedy=f"name its newest checkpoint or savepoint with {self._from}, below"
                f" {before.checkpoint_dir}/{before.flink_job_id}; {self._anew}",
            ) from None
        if found is None:
            began = before.restored_from
            first = f"; if it ended before its first one, go on from where it began: --from {began}"
            raise Refused(
                f"{what}, and no checkpoint of it is left",
                state=_NOTHING_CHANGED,
                remedy=f"if you have a savepoint of it, {self._from}{first if began else ''}; {self._anew}",
            )
        return found

    def _fits(self, before: Deployment) -> Manifest:
        """The manifest of the version that has left the state."""
        if before.note == DRAINED:
            raise Refused(
                f"'{self._job}' can't go on from version {before.version}: {before.note}",
                state=_NOTHING_CHANGED,
                remedy=self._anew,
            )
        files = self._store.get_bundle(before.bundle)
        old, new = read_manifest(files), read_manifest(self._files)
        then, now = old.flink, new.flink
        if then != now:
            raise Refused(
                f"version {before.version} of '{self._job}' has written its state with Flink {then}, and would go on"
                f" with Flink {now}",
                state=_NOTHING_CHANGED,
                remedy=f"build the state from the topics: `juncture upgrade {self._job} --hand-over`; {self._anew}",
            )
        refuse_regrouped(old, new)
        refuse_lone_backend(old, new)
        if self._accept is not None:
            verdict = refuse_worse(self._job, files, self._files, self._accept)
            self._unclaimed = bool(verdict.unclaimed)
            return old
        if files.get(_PLAN) != self._files[_PLAN]:
            raise Refused(
                f"the plan of '{self._job}' differs from that of version {before.version}, whose state it would"
                " go on from",
                state=_NOTHING_CHANGED,
                remedy=f"see what that does to it with `juncture upgrade {self._job} --plan`; or, {self._anew}",
            )
        self._same_forms(before, old, new)
        return old

    def _readable(self, before: Deployment, former: Manifest, path: str) -> None:
        if snapshots.folder_of(path).rpartition("/")[2].startswith(_CHECKPOINT):
            told = f"the checkpoint {path} of version {before.version}"
            refuse_other_backend(former, read_manifest(self._files), told)

    def _same_forms(self, before: Deployment, old: Manifest, new: Manifest) -> None:
        were, are = set(old.event_joins), set(new.event_joins)
        if were != are:
            then, now, strategy = (_FLINK, _OURS, "flink") if are - were else (_OURS, _FLINK, "event_join")
            raise Refused(
                f"version {before.version} of '{self._job}' kept the rows of {', '.join(sorted(were ^ are))} in"
                f" {then}, this one would keep them in {now}, and neither reads the other's state",
                state=_NOTHING_CHANGED,
                remedy=f"to go on from that state, write `join_strategy: {strategy}` in jobs/{self._job}.yaml;"
                f" {self._anew}",
            )
        had, has = set(old.join_chains), set(new.join_chains)
        if had != has:
            then, now, chains = (_EACH, _ONE, "separate") if has - had else (_ONE, _EACH, "fused")
            joins = sorted({uid for chain in had ^ has for uid in chain})
            written = f"write `join_chains: {chains}` in jobs/{self._job}.yaml"
            if old.apart:  # an upgrade has let the joins before them keep their state
                written = f"`juncture upgrade {self._job}`"
            raise Refused(
                f"version {before.version} of '{self._job}' kept the rows of {', '.join(joins)} in {then}, this one"
                f" would keep them in {now}, and neither reads the other's state",
                state=_NOTHING_CHANGED,
                remedy=f"to go on from that state, {written}; {self._anew}",
            )

    def _seen(self, path: str, told: str) -> Origin:
        remedy = f"name another with {self._from}; {self._anew}"
        try:
            held = refuse_unsound(path, told, self._reading, remedy)
        except snapshots.NotVisible as error:
            return Origin(
                path, f"{told}, which can't be looked at from here ({error}): {path}", self._unclaimed
            )
        if held is not None:
            uids = {node.uid for node in parse_plan(self._files[_PLAN]).nodes}
            refuse_foreign(held, uids, self._accept is not None, self._job, f"{told}, {path},", remedy)
        return Origin(path, f"{told}: {path}", self._unclaimed, held)


def last_that_ran(job: str, store: Store, last: Deployment | None) -> Deployment | None:
    """The newest deployment of a job that ran: the job's `last`, as it really is, or one before it, as recorded."""
    if last is None or _ran(last, store):
        return last
    earlier = (each for each in store.history(job) if each.version < last.version)
    return next((each for each in earlier if _ran(each, store)), None)


def to_go_back_to(history: Sequence[Deployment], current: Deployment) -> list[Deployment]:
    """Versions that may be brought back in place of the current one, in their order: of other files, with state, and
    not taken back before."""
    return [
        each
        for each in history
        if each.digest != current.digest and each.state is not None and TAKEN_BACK not in (each.note or "")
    ]


def _ran(deployment: Deployment, store: Store) -> bool:
    """Whether a deployment ever ran: one that did not start has changed nothing.

    One whose submission was killed may have run on for days, and been lost with its cluster, without a record of that.
    """
    if deployment.phase != "failed" or deployment.checkpoint is not None:
        return True
    records = store.phases(deployment.job, deployment.version)
    return any(each.phase in ("running", "stopping") for each in records) or _has_left_state(deployment)


def _has_left_state(deployment: Deployment) -> bool:
    """Whether state of it is seen where Flink would have put it."""
    try:
        found = snapshots.newest(deployment.flink_job_id, deployment.checkpoint_dir, deployment.savepoint_dir)
    except snapshots.NotVisible:
        return False
    return found is not None


def owns(deployment: Deployment, path: str) -> bool:
    """Whether a savepoint or checkpoint is of a deployment, as far as its record and the path tell."""
    known = [each for each in (deployment.savepoint, deployment.checkpoint) if each is not None]
    return f"/{deployment.flink_job_id}/" in path or any(snapshots.same(path, each) for each in known)
