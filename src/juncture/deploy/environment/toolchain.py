"""What it takes to compile and start a job: a Java, and the jars its tables need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from juncture import __version__
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import read_manifest
from juncture.deploy.store.ownjars import bring_back
from juncture.errors import Refused
from juncture.local.jarlock import read_lock
from juncture.local.jars import JarCache, sha256
from juncture.local.java import find_java
from juncture.local.operators import operator_jar
from juncture.model.operators import join_operators
from juncture.model.plan import CompiledPlan
from juncture.model.rendered import PAYLOAD_FORMAT, PROTOBUF_FORMAT, RenderedJob, factories, formats
from juncture.planner.compilations import CompilationCache
from juncture.planner.process import classes_of_planners
from juncture.planner.session import Planner
from juncture.project.archive import ClassArchive
from juncture.render.bundle import OPERATORS_JAR

_OPERATORS = f"juncture:juncture-operators:{__version__}"
_GROUPS = {
    "kafka": "kafka-connector",
    "upsert-kafka": "kafka-connector",
    "jdbc": "jdbc-connector",
    "avro": "avro-format",
    PROTOBUF_FORMAT: "protobuf-format",
}
"""The jar lock's group for each connector and format that does not come with Flink."""


@dataclass(frozen=True)
class Jar:
    """A verified jar: 'group:artifact:version', its sha256 and where it lies."""

    coordinates: str
    sha256: str
    path: Path


@dataclass(frozen=True)
class Toolchain:
    """A Java home, the jars that were asked for, and those that are a job's own."""

    java_home: Path
    jars: tuple[Jar, ...]
    own: tuple[Path, ...] = ()

    @property
    def archive(self) -> ClassArchive:
        """Where planners keep Flink's classes for the next."""
        return classes_of_planners(JarCache().root / "classes", self.java_home)

    def planner(self, variables: Mapping[str, str] | None = None) -> Planner:
        """A planner that knows the jars and what was compiled before, with `variables` in its environment. Close it."""
        cache = CompilationCache(JarCache().root / "compilations")
        return Planner(self.java_home, [jar.path for jar in self.jars], variables, cache, self.archive)

    def joined(self, other: Toolchain) -> Toolchain:
        """With the jars of another one, too."""
        jars = tuple(dict.fromkeys((*self.jars, *other.jars)))
        return Toolchain(self.java_home, jars, tuple(dict.fromkeys((*self.own, *other.own))))

    @property
    def paths(self) -> tuple[Path, ...]:
        """All that is sent along with a job that needs all of these."""
        return (*(jar.path for jar in self.jars), *self.own)

    @property
    def pinned(self) -> tuple[tuple[str, str], ...]:
        """(coordinates, sha256) of each jar, for a manifest."""
        return tuple((jar.coordinates, jar.sha256) for jar in self.jars)

    @property
    def beside(self) -> dict[str, Path]:
        """What has to lie beside a job.py, by the name it must have: Flink's lib/ does not hold it."""
        operators = [jar.path for jar in self.jars if jar.coordinates == _OPERATORS]
        return {path.name: path for path in self.own} | ({OPERATORS_JAR: operators[0]} if operators else {})


def toolchain_of(jobs: Iterable[RenderedJob], progress: Callable[[str], None] | None = None) -> Toolchain:
    """What all of these jobs may need, whatever their plans, but for their own jars.

    Raises what `find_toolchain` raises.
    """
    jobs = tuple(jobs)
    named = {name for job in jobs for name in job.factories}
    return find_toolchain(named, progress, operators=may_need_operators(jobs))


def may_need_operators(jobs: Iterable[RenderedJob]) -> bool:
    """Whether any of these jobs may need the operators' jar, whatever its plan."""
    return any(job.job.join_strategy != "flink" or _sources_need_operators(job) for job in jobs)


def _sources_need_operators(job: RenderedJob) -> bool:
    """Whether a source leaves records out, or keeps their payloads: both are done by the operators' jar."""
    left_out = any(start.exclude for start in job.startpoints.values())
    return left_out or any(PAYLOAD_FORMAT in formats(each.text) for each in job.statements)


def toolchain_for(job: RenderedJob, plan: CompiledPlan) -> Toolchain:
    """What one job needs, and no more. Raises what `find_toolchain` raises."""
    operators = bool(join_operators(job, plan).taken) or _sources_need_operators(job)
    found = find_toolchain(job.factories, operators=operators)
    return replace(found, own=tuple(jar.file for jar in job.jars))


def toolchain_of_bundle(files: Mapping[str, str], store: Store) -> Toolchain:
    """What a bundle that was rendered before needs; the job's own jars are those of then, from the store.

    Raises what `find_toolchain` raises; Refused if this Juncture brings other jars than those it was rendered for;
    JunctureError if the store lacks a jar.
    """
    manifest = read_manifest(files)
    needed = manifest.event_join is not None or PAYLOAD_FORMAT in formats(files["statements.sql"])
    needed = needed or any(source.startpoint.exclude for source in manifest.sources.values())
    found = find_toolchain(factories(files["statements.sql"]), operators=needed)
    wanted = {(jar.coordinates, jar.sha256) for jar in manifest.jars}
    if wanted != set(found.pinned):
        others = ", ".join(sorted(name for name, _ in wanted ^ set(found.pinned)))
        raise Refused(
            f"'{manifest.job}' was rendered for other jars than this Juncture brings: {others}",
            remedy="go back with the version of Juncture that rendered it",
        )
    return replace(found, own=tuple(bring_back(manifest, store)))


def find_toolchain(
    named: Iterable[str],
    progress: Callable[[str], None] | None = None,
    *,
    operators: bool = False,
) -> Toolchain:
    """Find Java, fetch the jars of what connectors and formats are named, and build the operators' if they are wanted.

    Raises:
        JunctureError: no Java that Flink runs on.
        Refused: a jar's checksum is not the lock's.
        Unreachable: a jar is missing and can't be fetched.
    """
    java, cache, lock = find_java(), JarCache(), read_lock()
    jars = [
        Jar(str(coordinate), lock.group(group).jars[coordinate], cache.path(coordinate))
        for group in sorted({_GROUPS[name] for name in named if name in _GROUPS})
        for coordinate, _ in zip(lock.group(group).jars, cache.jars(group, progress), strict=True)
    ]
    if operators:
        path = operator_jar(java, cache, progress)
        jars.append(Jar(_OPERATORS, sha256(path), path))
    return Toolchain(java.home, tuple(jars))
