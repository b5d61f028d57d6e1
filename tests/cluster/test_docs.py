"""The commands that the documentation shows, run as it shows them, in a folder of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"\s+# ends with (\d+)$")


@dataclass
class Step:
    """A command, the exit code it ends with, and lines that it prints, in this order; '...' is any text."""

    command: str
    code: int
    lines: list[str]


def steps(page: Path) -> Iterator[Step]:
    step: Step | None = None
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                if step is not None:
                    yield step
                code = _CODE.search(line)
                step = Step(_CODE.sub("", line[2:]), int(code[1]) if code else 0, [])
            elif step is not None and line.strip() not in ("", "..."):
                step.lines.append(line)
    if step is not None:
        yield step


@pytest.mark.parametrize("page", ["quickstart.md", "guides/startpoints.md"])
def test_page(page: str, tmp_path: Path) -> None:
    folder, temporary = tmp_path / "work", tmp_path / "tmp"
    folder.mkdir()
    temporary.mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TMPDIR": str(temporary)}
    try:
        for step in steps(DOCS / page):
            if step.command.startswith("cd "):
                folder /= step.command[3:]
                continue
            ran = subprocess.run(
                ["bash", "-c", step.command], cwd=folder, env=environment, capture_output=True, text=True
            )  # fmt: skip
            printed = ran.stdout + ran.stderr
            assert ran.returncode == step.code, f"$ {step.command}\n{printed}"
            for line in step.lines:
                pattern = ".*".join(re.escape(part) for part in line.split("..."))
                assert re.search(pattern, printed), f"$ {step.command}\nhas no line '{line}' in:\n{printed}"
    finally:
        subprocess.run(
            ["bash", "-c", "juncture local down --purge"], cwd=folder, env=environment, check=False
        )
    assert [path.name for path in temporary.iterdir()] == []
