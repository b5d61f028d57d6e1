"""One deployer at a time for each job.

`<job>/lock/000007.json` says who holds the lock, `000007.released` that it was given back, and
`000007.helpers`, `000007.1.helpers` and so on which processes the holder uses to start the job. The highest
number counts and is never removed, so that of several who want the lock, all of whom create the next number,
exactly one gets it, also when they take it over from somebody who died.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psutil
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from juncture.deploy.store.files import Files
from juncture.deploy.store.helpers import Helper, end
from juncture.errors import JunctureError, Refused
from juncture.local.started import Started

_ENTRY = re.compile(r"(\d{6,})(\.\d+)?\.(json|released|helpers)")
_HELPERS = TypeAdapter(tuple[Helper, ...])
_OLD = timedelta(minutes=30)
"""Few commands hold the lock this long: a hand-over that reads much, or the savepoint of a very large state."""


class Owner(Started):
    """Who holds a lock, since when, for what. `processes` tells whose processes its pid counts, where Linux does: those
    of a container are others, though it may have the name of its machine.
    """

    user: str
    host: str
    processes: str | None = None
    since: AwareDatetime
    what: str

    @classmethod
    def myself(cls, what: str) -> Owner:
        return cls.of(
            psutil.Process(),
            user=user_name(),
            host=socket.gethostname(),
            processes=_processes(),
            since=datetime.now(timezone.utc),
            what=what,
        )

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this machine, and of this container if it is in one."""
        return self.host == socket.gethostname() and self.processes in (None, _processes())

    @property
    def is_dead(self) -> bool:
        """Whether it is known to have ended. Of the processes of another machine, or container, nothing is known."""
        return self.is_here and not self.is_alive

    def __str__(self) -> str:
        since = self.since.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"{self.user}@{self.host} ({self.what}, pid {self.pid}) since {since}"


def _processes() -> str | None:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return None


def user_name() -> str:
    """The name of whoever runs this; a number where it has no name, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def holder(files: Files, job: str) -> Owner | None:
    """Who holds the job's lock and is not known to be dead; None if nobody does."""
    owner = _owner(files, job, _highest(files, job))
    return None if owner is None or owner.is_dead else owner


def left_by_dead(files: Files, job: str) -> Owner | None:
    """Who held the job's lock, and is known to have died without giving it back; None if nobody did."""
    owner = _owner(files, job, _highest(files, job))
    return owner if owner is not None and owner.is_dead else None


def helpers(files: Files, job: str) -> tuple[Helper, ...]:
    """The processes that the lock's last holder, if it is of this machine, has noted and that still run."""
    number = _highest(files, job)
    owner = _owner(files, job, number)
    return _helpers(files, job, number) if owner is not None and owner.is_here else ()


class Lock:
    """A job's lock, held."""

    def __init__(self, files: Files, job: str, number: int) -> None:
        self._files, self._job, self._number = files, job, number
        self._noted: list[frozenset[Helper]] = []

    def note(self, helpers: Iterable[Helper]) -> None:
        """Note which processes may go on for this command if it is killed, besides those that were noted."""
        new = frozenset(helpers)
        if any(new <= known for known in self._noted):
            return
        count = f".{len(self._noted)}" if self._noted else ""
        text = _HELPERS.dump_json(tuple(new))
        self._files.create(f"{self._job}/lock/{self._number:06}{count}.helpers", text)
        self._noted.append(new)

    def release(self) -> None:
        # If the store takes nothing any more, the lock is taken over once this process has ended.
        with suppress(JunctureError, FileExistsError):
            self._files.create(f"{self._job}/lock/{self._number:06}.released", b"")


@contextmanager
def locked(
    files: Files, job: str, what: str, progress: Callable[[str], None] = lambda message: None
) -> Iterator[Lock]:
    """Hold the job's lock. Helpers that a dead holder left behind have ended then.

    Args:
        files: the store's.
        job: its name.
        what: the command, for others to read.
        progress: is told when the lock was taken over from a process that died.

    Raises:
        Refused: somebody holds it, with who and since when.
        JunctureError: the store cannot be written.
    """
    lock = _acquire(files, job, what, progress)
    try:
        yield lock
    finally:
        lock.release()


def _acquire(files: Files, job: str, what: str, progress: Callable[[str], None]) -> Lock:
    last = _highest(files, job)
    previous = _owner(files, job, last)
    if previous is not None and not previous.is_dead:
        raise _held(files, job, last, previous)
    ended = False
    if previous is not None:
        # Of those before it too: it may have died before it could end what they had left. And before the lock is taken:
        # one that is given back says that there is nothing left to end.
        numbers = [each for each in _numbers(files, job) if each <= last]
        ended = end(helper for each in numbers for helper in _helpers(files, job, each))
    number = last + 1
    me = Owner.myself(what)
    try:
        files.create(f"{job}/lock/{number:06}.json", me.model_dump_json().encode())
    except FileExistsError:
        raise _overtaken(files, job) from None
    lock = Lock(files, job, number)
    try:
        if _highest(files, job) != number:
            # Others came, went and tidied up between our looking and our creating.
            raise _overtaken(files, job)
        if previous is not None:
            progress(f"Taking over the lock of '{job}' from {previous}, which has ended")
        if ended:
            progress("Ended what was left of its start; a version that the cluster has taken already runs on")
        for name in files.names(f"{job}/lock"):
            match = _ENTRY.fullmatch(name)
            if match and int(match[1]) < number:
                files.remove(f"{job}/lock/{name}")
    except BaseException:
        lock.release()
        raise
    return lock


def _helpers(files: Files, job: str, number: int) -> tuple[Helper, ...]:
    found: list[Helper] = []
    for name in files.names(f"{job}/lock"):
        match = _ENTRY.fullmatch(name)
        if match and int(match[1]) == number and match[3] == "helpers":
            with suppress(ValidationError):
                found += _HELPERS.validate_json(files.read(f"{job}/lock/{name}") or b"[]")
    return tuple(helper for helper in found if helper.is_alive)


def _highest(files: Files, job: str) -> int:
    return max(_numbers(files, job), default=0)


def _numbers(files: Files, job: str) -> set[int]:
    matches = (_ENTRY.fullmatch(name) for name in files.names(f"{job}/lock"))
    return {int(match[1]) for match in matches if match}


def _owner(files: Files, job: str, number: int) -> Owner | None:
    """Who took the lock of that number and has not given it back."""
    name = f"{job}/lock/{number:06}"
    if number == 0 or files.read(f"{name}.released") is not None:
        return None
    data = files.read(f"{name}.json")
    if data is None:
        return None
    try:
        return Owner.model_validate_json(data)
    except ValidationError:
        raise JunctureError(
            f"{files.address(f'{name}.json')} is damaged: it does not say who holds the lock",
            state="nothing was changed",
            remedy="if nobody is deploying the job, remove that file",
        ) from None


def _held(files: Files, job: str, number: int, owner: Owner) -> Refused:
    remedy = "wait until it is done, then run the command again"
    if not owner.is_here:
        address = files.address(f"{job}/lock/{number:06}.json")
        old = datetime.now(timezone.utc) - owner.since > _OLD
        remedy += f"; {'it is old: ' if old else ''}if that process is gone, remove {address}"
    return Refused(f"'{job}' is being changed by {owner}", state="nothing was changed", remedy=remedy)


def _overtaken(files: Files, job: str) -> Refused:
    owner = holder(files, job)
    who = f"is being changed by {owner}" if owner else "was changed by somebody else at this moment"
    return Refused(
        f"'{job}' {who}", state="nothing was changed", remedy="wait until it is done, then run it again"
    )
