"""Startpoints that were resolved, and looked at, before: to be applied as they were seen."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from juncture.errors import JunctureError, Refused
from juncture.model.resolved import ResolvedSource, ResolvedStartpoints
from juncture.model.startpoint import AtOffsets, Startpoint
from juncture.startpoints.resolve import Source


def read_seen(name: str, text: str) -> ResolvedStartpoints:
    """What `juncture startpoints --output json` has printed; raises JunctureError for anything else."""
    try:
        return ResolvedStartpoints.model_validate_json(text.encode())
    except UnicodeEncodeError:
        why = "it is no text"
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        why = f"{place}: {first['msg']}" if place else first["msg"]
    raise JunctureError(
        f"{name} holds no resolved startpoints: {why}",
        remedy="write it by `juncture startpoints JOB --output json`",
    )


def seen_sources(
    job: str, environment: str, authored: Mapping[str, Source], seen: ResolvedStartpoints
) -> dict[str, Source]:
    """Sources whose startpoints are the offsets that were seen, and nothing else.

    Raises Refused if they are of another job or environment, or the job's startpoints have changed since.
    """
    _same("job", seen.job, job)
    _same("environment", seen.environment, environment)
    found = {each.table: each for each in seen.sources}
    for table, source in authored.items():
        then = found.get(table)
        if then is None or (then.topic, then.startpoint) != (source.topic, source.startpoint):
            raise _refused(f"{table} or its startpoint has changed since, or could not be resolved")
    return {table: Source(source.topic, _fixed(found[table])) for table, source in authored.items()}


def _fixed(source: ResolvedSource) -> Startpoint:
    end = source.end
    return Startpoint(
        # As offsets of the whole topic, and not of partitions: one that was added since is then told of.
        start=AtOffsets(offsets=source.start),
        until=AtOffsets(offsets=end) if end is not None else None,
        expires=source.startpoint.expires,
        exclude=source.startpoint.exclude,
    )


def _same(what: str, then: str, now: str) -> None:
    if then != now:
        raise _refused(f"they are of the {what} '{then}', not of '{now}'")


def _refused(why: str) -> Refused:
    return Refused(
        f"the startpoints that were seen can't be applied: {why}",
        state="nothing was changed",
        remedy="run `juncture startpoints` again, and look at what it tells",
    )
