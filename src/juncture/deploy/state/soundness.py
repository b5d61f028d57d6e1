"""Whether a savepoint or checkpoint is whole, and of the job that would go on from it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from juncture.deploy.environment.reading import Reading
from juncture.deploy.state import snapshots
from juncture.deploy.state.addresses import is_local
from juncture.errors import Refused
from juncture.model.savepoint import SavepointMetadata
from juncture.model.wording import counted

_FORMAT = 6
"""Of the metadata that the Flink which jobs are compiled for writes."""
_SHOWN = 3


def refuse_unsound(path: str, told: str, reading: Reading, remedy: str) -> SavepointMetadata | None:
    """What a checkpoint or savepoint holds, after a look at all of its files; None without a planner.

    Args:
        path: where it is.
        told: whose it is, for errors.
        reading: a planner's.
        remedy: what else can be done.

    Raises:
        Refused: it is missing, half written, damaged, or of another Flink.
        snapshots.NotVisible: it can't be looked at from here.
    """
    if not snapshots.exists(path):
        if snapshots.is_begun(path):
            raise _refused(
                f"{told} is half written: {path} has no _metadata, which Flink writes last",
                f"wait if it is still being written, or {remedy}",
            )
        raise _refused(f"{told} is not there: {path}", f"put it back, or {remedy}")
    head = snapshots.head(path)
    if head is None:
        raise _refused(f"{told} is damaged: {path}/_metadata is none of Flink's", f"put it back, or {remedy}")
    if head[0] != _FORMAT:
        raise _refused(
            f"{told} is of another version of Flink: its metadata has format {head[0]}, and not {_FORMAT}: {path}",
            remedy,
        )
    if reading.metadata is None:
        return None
    try:
        with snapshots.at_hand(path) as folder:
            metadata = reading.metadata(folder)
    except Refused as refusal:
        raise _refused(
            f"{told} is damaged: {path}/_metadata can't be read to its end ({refusal.problem})",
            f"put it back, or {remedy}",
        ) from None
    found = snapshots.sizes(path, metadata.files)
    short = [each.path for each in metadata.files if (found[each.path] or 0) < each.size]
    if short:
        raise _refused(
            f"{told} lacks {len(short)} of its {counted(len(metadata.files), 'file')}, or parts of them: {_few(short)}"
            f" of {path}",
            f"put them back, or {remedy}",
        )
    return metadata


def refuse_foreign(
    metadata: SavepointMetadata, uids: Collection[str], given_up: bool, job: str, told: str, remedy: str
) -> None:
    """Raises Refused if a savepoint is not of this job.

    Args:
        metadata: the savepoint's.
        uids: of the operators of the job's plan.
        given_up: whether some of its state may belong to no operator of the plan.
        job: its name.
        told: what the savepoint is.
        remedy: what else can be done.
    """
    named = {each.uid: each for each in metadata.operators if each.uid is not None}
    unknown = sorted(uid for uid in named if _of_plan(uid) not in uids)
    if not unknown or (given_up and len(unknown) < len(named)):
        return
    of_another = "another job" if len(unknown) == len(named) else "another job, or another version of it"
    raise _refused(
        f"{told} is of {of_another}: the plan of '{job}' has no {_few([_of_plan(uid) for uid in unknown])}, whose"
        " state it holds",
        remedy,
    )


def _of_plan(uid: str) -> str:
    """The plan's uid in an operator's: 'Sink Committer: sink:a_sink' is of 'sink:a'."""
    return uid.rpartition(": ")[2].rpartition("_")[0]


def offsets_in(path: str, metadata: SavepointMetadata, reading: Reading) -> Mapping[str, Mapping[int, int]]:
    """The offsets by topic of a savepoint, wherever it is. Raises Refused if they can't be read, or NotVisible."""
    with snapshots.at_hand(path, (each for each in metadata.files if each.operator_state)) as folder:
        return reading.offsets(folder)


def held_offsets(path: str, reading: Reading) -> Mapping[str, Mapping[int, int]]:
    """The same, of one whose metadata was not looked at yet. Raises Refused if they can't be read."""
    with brought_here(path, reading) as folder:
        return reading.offsets(folder)


@contextmanager
def brought_here(path: str, reading: Reading) -> Iterator[str]:
    """A folder of this machine with what a planner reads of a checkpoint or savepoint, wherever that is.

    A planner's Java has none of the file systems that a cluster may have. Raises Refused if it can't be brought here.
    """
    if reading.metadata is None or is_local(path):
        yield snapshots.folder_of(path)
        return
    with ExitStack() as stack:
        try:
            with snapshots.at_hand(path) as head:
                files = [each for each in reading.metadata(head).files if each.operator_state]
            folder = stack.enter_context(snapshots.at_hand(path, files))
        except (Refused, snapshots.NotVisible) as error:
            raise Refused(
                f"{path} can't be read: {error.problem if isinstance(error, Refused) else error}",
                remedy="name a savepoint or checkpoint that is complete, and can be read from this machine",
            ) from None
        yield folder


def _few(names: list[str]) -> str:
    names = sorted(dict.fromkeys(names))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _refused(problem: str, remedy: str) -> Refused:
    return Refused(problem, state="nothing was changed", remedy=remedy)
