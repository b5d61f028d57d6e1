"""What a command that died has left half done, and which command finishes or undoes that."""

from __future__ import annotations

from juncture.deploy.store.deployments import Store, builder_of, is_helper
from juncture.deploy.store.lock import Owner, left_by_dead
from juncture.model.base import Value
from juncture.model.deployment import Deployment

_REPLACING = ("upgrade", "hand-over", "rollback")


class Unfinished(Value):
    """A command that has ended without giving its job's lock back: it was killed, or its machine went down.

    `command` is as it is typed, `reached` how far it has come, `remedy` what to do about it.
    """

    command: str
    by: Owner
    reached: str
    remedy: str

    def __str__(self) -> str:
        who = f"{self.by.user}@{self.by.host}, pid {self.by.pid}, since {self.by.since:%Y-%m-%d %H:%M:%S} UTC"
        return f"`{self.command}` ({who}) was killed: {self.reached}; {self.remedy}"


def unfinished(store: Store, record: Deployment, asked: bool) -> Unfinished | None:
    """The last command on a job, if it is of this machine and was killed; None if nobody has left anything.

    Nothing is told of jobs that a command runs for another job: that command is told of with that one.

    Args:
        store: the environment's.
        record: the job's last deployment.
        asked: whether that is as the cluster has it at this moment, and not only as recorded.
    """
    if is_helper(record.job):
        return None
    owner = left_by_dead(store.files, record.job)
    if owner is None:
        return None
    what, _, options = owner.what.partition(" ")
    if what == "hand-over":
        what, options = "upgrade", "--hand-over"
    command = " ".join(each for each in ("juncture", what, record.job, options) if each)
    if owner.what.split(" ")[0] not in _REPLACING:
        reached, remedy = _alone(what, record, owner, asked)
    elif record.created_at >= owner.since:
        reached, remedy = _begun(record, command, asked)
    else:
        reached, remedy = _before(record, owner, command, asked)
    return Unfinished(command=command, by=owner, reached=reached + _building(store, record), remedy=remedy)


def _before(record: Deployment, owner: Owner, command: str, asked: bool) -> tuple[str, str]:
    """Of one that takes the place of a version, and had not begun to start another."""
    version, again = record.version, f"run `{command}` again to finish it"
    undo = f"`juncture rollback {record.job} {version}` undoes it"
    if record.phase == "stopping":
        if record.updated_at < owner.since:
            return "it had changed nothing", again
        if asked:
            return (
                f"it was stopping version {version}, and Flink goes on with that",
                f"wait for it; then {again}",
            )
        return f"it was stopping version {version}", f"{_look(record)}; then {again}"
    if record.phase == "running":
        return f"version {version} runs on", f"nothing is to be undone; {again}"
    if record.updated_at < owner.since:
        return f"it had changed nothing; the job is {record.phase}, as before", again
    return f"it had stopped version {version}, and started none: the job does not run", f"{again}; {undo}"


def _begun(record: Deployment, command: str, asked: bool) -> tuple[str, str]:
    """Of one that takes the place of a version, and had begun to start one."""
    version, undo = record.version, f"`juncture rollback {record.job}` undoes it"
    if record.phase == "submitting":
        told = (
            "what it left goes on with that; look again in a while"
            if asked
            else f"{_status(record)} tells what came of that"
        )
        return f"it was starting version {version}", f"{told}; {undo}"
    if record.phase == "running":
        return (
            f"it had started version {version}, which runs, and had not seen whether that is well",
            f"if it is, nothing is left to do; {undo}",
        )
    return (
        f"version {version}, which it had started, is {record.phase}: the job does not run",
        f"mend the cause, and run `{command}` again; {undo}",
    )


def _alone(what: str, record: Deployment, owner: Owner, asked: bool) -> tuple[str, str]:
    """Of a submit or a stop."""
    begun = record.created_at >= owner.since
    if what == "submit" and not begun:
        return "it had not begun to start a version", f"run `juncture submit {record.job}` again"
    if what == "submit" and record.phase == "running":
        return f"version {record.version}, which it had started, runs", "nothing is left to do"
    if what == "submit" and record.phase == "submitting":
        again = f"if the job does not run then, run `juncture submit {record.job}` again"
        told = (
            "what it left goes on with that: look again in a while"
            if asked
            else f"look with {_status(record)}"
        )
        return f"it was starting version {record.version}", f"{told}; {again}"
    if record.phase == "stopping":
        if asked:
            return f"Flink goes on stopping version {record.version}", "wait for it"
        return f"it was stopping version {record.version}", _look(record)
    told = f"version {record.version} is {record.phase}"
    done = what == "stop" and record.phase in ("stopped", "failed")
    return told, "nothing is left to do" if done else f"run `juncture {what} {record.job}` again"


def _look(record: Deployment) -> str:
    """What there is to do where only the cluster knows what became of a stop."""
    return f"{_status(record)} tells whether Flink goes on with that"


def _status(record: Deployment) -> str:
    return f"`juncture status {record.job}`"


def _building(store: Store, record: Deployment) -> str:
    builder = store.last(builder_of(record.job))
    if builder is None or builder.phase in ("stopped", "failed"):
        return ""
    return f"; the job {builder.job}, which builds state, may still run until the next command on {record.job} ends it"
