"""Where jobs are changed, and with what: the value that all commands that change one share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.launcher import Launcher
from juncture.deploy.environment.reading import BLIND, Reading
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.helpers import own_helpers
from juncture.deploy.store.lock import Lock, locked
from juncture.errors import JunctureError
from juncture.model.environment import Savepoints
from juncture.planner.session import Planner

Progress = Callable[[str], None]
"""Is told each step."""


def _silent(message: str) -> None:
    return


class _NoLauncher:
    def start(self) -> None:
        raise JunctureError("jobs can't be started without a planner")

    def run(self, script: Path, options: Mapping[str, str], variables: Mapping[str, str]) -> None:
        self.start()


@dataclass(frozen=True)
class Site:
    """An environment, and the means to change jobs in it.

    Args:
        connection: where jobs run.
        store: the environment's.
        launcher: starts job.py; callers that only stop jobs need none.
        reading: reads savepoints, and what else only Java reads.
        progress: is told each step.
        savepoints: which are kept.
        held: the locks that are held, by job.
    """

    connection: Connection
    store: Store
    launcher: Launcher = field(default_factory=_NoLauncher)
    reading: Reading = BLIND
    progress: Progress = _silent
    savepoints: Savepoints = field(default_factory=Savepoints)
    held: Mapping[str, Lock] = field(default_factory=dict)

    def using(self, planner: Planner, progress: Progress) -> Site:
        """With a planner that starts jobs and reads savepoints, and with somebody to tell each step."""
        return replace(self, launcher=planner, reading=Reading.by(planner), progress=progress)

    @contextmanager
    def holding(self, job: str, what: str) -> Iterator[Site]:
        """With the job's lock held: whoever wants it meanwhile is told who does `what`.

        What is done within by the site that this gives takes the same lock.

        Raises:
            Refused: somebody else holds it, with who and since when.
            JunctureError: the store cannot be written.
        """
        if job in self.held:
            yield self
            return
        with locked(self.store.files, job, what, self.progress) as lock:
            yield replace(self, held={**self.held, job: lock})

    def note_helpers(self, job: str) -> None:
        """Note in the job's lock which processes may go on with a start if this one is killed."""
        # A planner that had nothing to compile has no process yet.
        self.launcher.start()
        self.held[job].note(own_helpers())
