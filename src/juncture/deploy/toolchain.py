"""What it takes to compile and start a job: a Java, and the jars its tables need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from juncture.local.jarlock import read_lock
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.planner.session import Planner

CONNECTORS = "kafka-connector"


@dataclass(frozen=True)
class Jar:
    """A verified jar: 'group:artifact:version', its sha256 and where it lies."""

    coordinates: str
    sha256: str
    path: Path


@dataclass(frozen=True)
class Toolchain:
    """A Java home, and the connectors that go with every job."""

    java_home: Path
    jars: tuple[Jar, ...]

    def planner(self) -> Planner:
        """A planner that knows the connectors. Close it."""
        return Planner(self.java_home, [jar.path for jar in self.jars])

    @property
    def pinned(self) -> tuple[tuple[str, str], ...]:
        """(coordinates, sha256) of each jar, for a manifest."""
        return tuple((jar.coordinates, jar.sha256) for jar in self.jars)


def find_toolchain(progress: Callable[[str], None] | None = None) -> Toolchain:
    """Find Java and fetch the jars that are missing.

    Raises:
        JunctureError: no Java that Flink runs on.
        Refused: a jar's checksum is not the lock's.
        Unreachable: a jar is missing and can't be fetched.
    """
    java = find_java()
    locked = read_lock().group(CONNECTORS).jars
    paths = JarCache().jars(CONNECTORS, progress)
    jars = (Jar(str(name), sha, path) for (name, sha), path in zip(locked.items(), paths, strict=True))
    return Toolchain(java.home, tuple(jars))
