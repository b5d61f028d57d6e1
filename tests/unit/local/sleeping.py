"""A stack whose processes do nothing, so that no Java is needed."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from juncture.errors import JunctureError
from juncture.local import ports, processes
from juncture.local.processes import Launch, ProcessRecord
from juncture.local.stack import LocalStack
from juncture.local.state import Ports, StackState, StateFolder
from juncture.model.local import LocalSettings


class Sleeping:
    """It is up, with the settings of `LocalSettings()`; any of it may be killed."""

    def __init__(self, project: Path) -> None:
        self.project, self.folder = project, StateFolder.of(project)
        self.folder.create()
        picked: list[int] = []
        for _ in range(4):
            picked.append(ports.pick(picked))
        kafka, controller, rest, rpc = picked
        self.state = StackState(
            root=self.folder.root,
            phase="up",
            started_at=datetime.now(timezone.utc),
            java=Path("java"),
            java_version=17,
            settings=LocalSettings(),
            ports=Ports(kafka=kafka, controller=controller, rest=rest, rpc=rpc),
            processes=tuple(self._start(role) for role in ("kafka", "jobmanager", "taskmanager-1")),
        )
        self.folder.write(self.state)

    def _start(self, role: str) -> ProcessRecord:
        logs = self.folder.logs
        argv = (sys.executable, "-c", "import time; time.sleep(600)", self.folder.marker)
        launch = Launch(role, argv, self.folder.root, logs / f"{role}.out", logs / f"{role}.log")
        return processes.spawn(launch).model_copy(update={"answered": True})

    @property
    def alive(self) -> list[str]:
        return [each.role for each in self.state.processes if processes.is_alive(each)]

    def up(self, settings: LocalSettings) -> tuple[JunctureError, list[str]]:
        """What `up` says until it would start something, for which there is no Java; with the error then."""
        said: list[str] = []
        with pytest.raises(JunctureError) as caught:
            LocalStack(self.project, settings).up(said.append)
        return caught.value, said
