"""What the commands on deployed jobs have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import click

from juncture.cli.invocation import Invocation
from juncture.cli.jobs import chosen
from juncture.cli.output import Text
from juncture.deploy.status import CheckpointStatus, JobStatus
from juncture.deploy.store.deployments import Store, builder_of
from juncture.errors import JunctureError
from juncture.model.deployment import AppliedStart, Deployment
from juncture.model.duration import read_duration
from juncture.model.offsets import OffsetRange

_SHOWN = 8
"""Partitions: a topic may have a thousand, and `--output json` has them all."""
_LONGEST = timedelta(hours=1)
_INTERVALS, _OFTEN = 3, timedelta(seconds=10)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def deployed(invocation: Invocation, store: Store, name: str) -> str:
    """The name, if the store records such a job or the project has one.

    A job that runs can be looked at and stopped while the project's files are broken, or the job's are gone.

    Raises JunctureError otherwise.
    """
    if _NAME.fullmatch(name) and store.last(name) is not None:
        return name
    return chosen(invocation, [name])[0]


def half_way(store: Store, job: str, otherwise: str) -> Callable[[], str]:
    """What an interruption leaves of a command that deploys a job: nothing until something is recorded of it."""
    names = (job, builder_of(job))
    before = [store.last(name) for name in names]

    def told() -> str:
        try:
            unchanged = [store.last(name) for name in names] == before
        except JunctureError:
            return otherwise
        return "nothing was changed" if unchanged else otherwise

    return told


def watched_for(context: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    """How long a job is to be watched, as an option's value says."""
    try:
        found = read_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if not timedelta(seconds=1) <= found <= _LONGEST:
        raise click.BadParameter(f"'{value}' is not between '1 s' and '1 h'")
    return found


def view_deployment(text: Text, deployment: Deployment) -> None:
    """One deployment, a line for each thing that is known."""
    ended = deployment.phase in ("stopped", "failed")
    page = f"#/job/{'completed' if ended else 'running'}/{deployment.flink_job_id}/overview"
    rows = [
        ("job", f"{deployment.job}, version {deployment.version}"),
        ("phase", deployment.phase),
        ("environment", deployment.environment),
        ("Flink job", f"{deployment.cluster}/{page}"),
        ("deployed", f"{moment(deployment.created_at)} by {deployment.created_by}"),
    ]
    text.table([*rows, *state_rows(deployment)])


def state_rows(deployment: Deployment) -> list[tuple[str, str]]:
    """What it began with, where its state is kept, and what was noted; only what is known."""
    rows = (
        *(("startpoint", _start(table, start)) for table, start in (deployment.startpoints or {}).items()),
        *(("left out", _left_out(table, ranges)) for table, ranges in (deployment.left_out or {}).items()),
        ("began with", deployment.restored_from),
        ("savepoint", deployment.savepoint),
        ("checkpoint", deployment.checkpoint),
        ("note", deployment.note),
        ("accepted risk", deployment.accepted_risk),
    )
    return [(name, value) for name, value in rows if value]


def _start(table: str, applied: AppliedStart) -> str:
    """'page_clicks: timestamp 2026-..., from 0:1200 1:1185'; offsets are by partition."""
    end = f" to {_offsets(applied.end)}" if applied.end is not None else ""
    return f"{table}: {applied.asked}, from {_offsets(applied.start)}{end}"


def _left_out(table: str, ranges: Mapping[int, Sequence[OffsetRange]]) -> str:
    """'page_clicks: 3:120000-120004'; offsets are by partition."""
    found = (f"{partition}:{each}" for partition, some in ranges.items() for each in some)
    return f"{table}: {' '.join(found)}"


def _offsets(offsets: Mapping[int, int]) -> str:
    shown = [f"{partition}:{offset}" for partition, offset in offsets.items()][:_SHOWN]
    more = [f"and {len(offsets) - _SHOWN} more"] if len(offsets) > _SHOWN else []
    return " ".join([*shown, *more])


def not_completed(found: JobStatus) -> str:
    """What is wrong with a job's checkpoints; nothing where they come as they should, or none can be expected.

    Flink counts those that it could not begin, and tells nothing of them: some are usual while tasks start.
    """
    points = found.checkpoints
    if points is None:
        return ""
    if points.last_failure is not None:
        return f"{points.failed} failed or not begun"
    overdue = _overdue(found, points)
    if found.flink_state != "RUNNING":
        return ""
    if points.in_progress:
        return f"none completed since: {points.in_progress} under way" if overdue else ""
    if not points.failed:
        return ""
    why = "not all tasks run, or their folder takes nothing"
    if not points.completed:
        return f"none begun yet: {why}"
    return f"none begun since: {why}" if overdue else ""


def _overdue(found: JobStatus, points: CheckpointStatus) -> bool:
    """Whether the last checkpoint was longer ago than some of them are apart, by the cluster's clock."""
    if not points.interval or not (found.started_at and found.uptime and points.last_completed_at):
        return False
    passed = found.started_at + found.uptime - points.last_completed_at
    return passed > _INTERVALS * max(points.interval, _OFTEN)


def told_behind(records: int | None, by_flink: bool) -> str:
    """How many records a source is behind; '-' where that is not known. What Flink's metric tells may be old."""
    if records is None:
        return "-"
    return f"{records:,} (Flink's metric)" if by_flink else f"{records:,}"


def moment(time: datetime | None) -> str:
    """A time for people; '-' for None."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC") if time else "-"


def span(duration: timedelta | None) -> str:
    """A duration for people: in ms below a second, to the second above a minute; '-' for None."""
    if duration is None:
        return "-"
    if duration < timedelta(seconds=1):
        return f"{duration // timedelta(milliseconds=1)} ms"
    if duration < timedelta(minutes=1):
        return f"{duration.total_seconds():.1f} s"
    return str(timedelta(seconds=int(duration.total_seconds())))
