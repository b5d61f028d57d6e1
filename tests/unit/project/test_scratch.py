import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from juncture.project.scratch import Scratch

HOLD = """\
from juncture.project.scratch import Scratch
scratch = Scratch("test")
(scratch.path / "log").write_text("x")
print(scratch.path, flush=True)
input()
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder(temporary):
    """Another process that holds a scratch folder; both in `temporary`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def aged(folder: Path) -> Path:
    os.utime(folder, (0, 0))
    return folder


def test_what_a_killed_process_left_is_removed(holder, temporary):
    left = aged(Path(holder.stdout.readline().strip()))
    holder.kill()
    holder.wait()
    assert left.parent == temporary
    assert left.exists()
    scratch = Scratch("test")
    assert [*temporary.iterdir()] == [scratch.path]
    scratch.close()
    assert [*temporary.iterdir()] == []


def test_what_a_living_process_holds_stays(holder, temporary):
    held = aged(Path(holder.stdout.readline().strip()))
    Scratch("test").close()
    assert (held / "log").exists()


def test_a_folder_that_is_just_made_and_others_stay(temporary):
    fresh, other = temporary / "juncture-run-test-new", temporary / "juncture-demo"
    fresh.mkdir()
    other.mkdir()
    aged(other)
    Scratch("test").close()
    assert fresh.exists()
    assert other.exists()
