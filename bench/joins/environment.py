"""Python environments of their own, each from a file of pins with hashes in peers/."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from juncture.errors import JunctureError

PEERS = Path(".juncture/bench/peers")
"""Where they are made, below the folder in which a benchmark runs."""

_PINS = Path(__file__).parent / "peers"


def pins(name: str) -> Path:
    """The file of what an environment has."""
    return _PINS / f"{name}.txt"


def python_of(name: str, folder: Path) -> Path:
    """Where the interpreter of that environment is, or will be, below a folder."""
    digest = hashlib.sha256(pins(name).read_bytes() + sys.version.encode()).hexdigest()[:12]
    return folder.resolve() / f"{name}-{digest}" / "bin" / "python"


def install(name: str, folder: Path) -> Path:
    """Make the environment if it is not there yet; its interpreter. Raises JunctureError."""
    python = python_of(name, folder)
    if python.exists():
        return python
    uv = str(Path(sys.executable).with_name("uv"))
    made = python.parents[1]
    fresh = made.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    install = ["pip", "install", "--quiet", "--require-hashes", "--python", str(fresh / "bin" / "python")]
    for command in (
        [uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, str(fresh)],
        [uv, *install, "--requirement", str(pins(name))],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise JunctureError(f"{name} can't be installed", state=done.stderr.strip()[-1000:])
    fresh.rename(made)
    return python
