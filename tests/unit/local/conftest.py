"""A stack of a project that is up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.local.sleeping import Sleeping

from juncture.errors import JunctureError
from juncture.local import processes, stack


@pytest.fixture
def sleeping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sleeping]:
    def none() -> None:
        raise JunctureError("no Java")

    monkeypatch.setattr(stack, "find_java", none)
    found = Sleeping(tmp_path)
    yield found
    processes.stop(found.state.processes, grace=0)
