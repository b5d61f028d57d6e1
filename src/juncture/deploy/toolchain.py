"""What it takes to compile and start a job: a Java, and the jars its tables need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from juncture.local.jarlock import read_lock
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.planner.session import Planner

_GROUPS = {"kafka": "kafka-connector", "upsert-kafka": "kafka-connector", "jdbc": "jdbc-connector"}
"""The jar lock's group for each connector that does not come with Flink."""


@dataclass(frozen=True)
class Jar:
    """A verified jar: 'group:artifact:version', its sha256 and where it lies."""

    coordinates: str
    sha256: str
    path: Path


@dataclass(frozen=True)
class Toolchain:
    """A Java home, and the jars of the connectors that were asked for."""

    java_home: Path
    jars: tuple[Jar, ...]

    def planner(self, variables: Mapping[str, str] | None = None) -> Planner:
        """A planner that knows the connectors, with `variables` in its environment. Close it."""
        return Planner(self.java_home, [jar.path for jar in self.jars], variables)

    @property
    def pinned(self) -> tuple[tuple[str, str], ...]:
        """(coordinates, sha256) of each jar, for a manifest."""
        return tuple((jar.coordinates, jar.sha256) for jar in self.jars)


def find_toolchain(connectors: Iterable[str], progress: Callable[[str], None] | None = None) -> Toolchain:
    """Find Java, and fetch the jars of the connectors (RenderedJob.connectors of all jobs in question).

    Raises:
        JunctureError: no Java that Flink runs on.
        Refused: a jar's checksum is not the lock's.
        Unreachable: a jar is missing and can't be fetched.
    """
    cache, lock = JarCache(), read_lock()
    jars = [
        Jar(str(coordinate), lock.group(group).jars[coordinate], cache.path(coordinate))
        for group in sorted({_GROUPS[connector] for connector in connectors if connector in _GROUPS})
        for coordinate, _ in zip(lock.group(group).jars, cache.jars(group, progress), strict=True)
    ]
    return Toolchain(find_java().home, tuple(jars))
