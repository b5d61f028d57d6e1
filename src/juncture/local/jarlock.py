"""The jar lock: which jars, of which version and content. Coordinates and sha256, no addresses."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from juncture.errors import JunctureError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

LOCK_FILE = Path(__file__).parent / "jars.lock"
_VERSION = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HEAD = """\
# Every jar that Juncture fetches from Maven Central: group:artifact:version and sha256.
# To change a version, edit `with_dependencies` or `alone`, then run `make lock-jars`.
"""


@dataclass(frozen=True, order=True)
class Coordinate:
    """A jar of Maven's: group, artifact and version, and the classifier of one beside the main jar."""

    group: str
    artifact: str
    version: str
    classifier: str = ""

    @classmethod
    def parse(cls, text: str) -> Coordinate:
        """From 'group:artifact:version' or 'group:artifact:version:classifier'; else raises ValueError."""
        parts = text.split(":")
        if len(parts) not in (3, 4) or not all(re.fullmatch(r"[A-Za-z0-9._+-]+", part) for part in parts):
            raise ValueError(f"{text!r} is not group:artifact:version")
        return cls(*parts)

    def __str__(self) -> str:
        return ":".join(filter(None, (self.group, self.artifact, self.version, self.classifier)))

    @property
    def filename(self) -> str:
        return "-".join(filter(None, (self.artifact, self.version, self.classifier))) + ".jar"


@dataclass(frozen=True)
class JarGroup:
    """Jars used together: what was asked for, and all that it came to.

    `with_dependencies` are resolved with what they need at run time, `alone` are taken as they
    are; `jars` is the outcome, each with its sha256 in hexadecimal.
    """

    name: str
    with_dependencies: tuple[Coordinate, ...] = ()
    alone: tuple[Coordinate, ...] = ()
    jars: dict[Coordinate, str] = field(default_factory=dict)


@dataclass(frozen=True)
class JarLock:
    """All groups by name."""

    groups: dict[str, JarGroup]

    def group(self, name: str) -> JarGroup:
        """Raises JunctureError if the lock has no such group."""
        if name not in self.groups:
            known = ", ".join(sorted(self.groups))
            raise JunctureError(f"the jar lock has no group {name!r}, only {known}")
        return self.groups[name]


def parse_lock(text: str) -> JarLock:
    """Raises JunctureError, naming the entry, if the text is not a jar lock of this version."""
    try:
        document = tomllib.loads(text)
        if document.get("version") != _VERSION:
            raise ValueError(f"version is {document.get('version')!r}, not {_VERSION}")
        return JarLock({name: _group(name, table) for name, table in document["groups"].items()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JunctureError(
            f"the jar lock is damaged: {error}",
            remedy="reinstall juncture; in a checkout, restore jars.lock from git",
        ) from error


def read_lock(path: Path = LOCK_FILE) -> JarLock:
    """The lock at `path`, by default the one this package ships."""
    return parse_lock(path.read_text(encoding="utf-8"))


def render_lock(lock: JarLock) -> str:
    """The lock's text: the same for the same content, whatever the order it was found in."""
    lines = [_HEAD, f"version = {_VERSION}"]
    for _, group in sorted(lock.groups.items()):
        lines += ["", f"[groups.{group.name}]"]
        lines += _coordinates("with_dependencies", group.with_dependencies)
        lines += _coordinates("alone", group.alone)
        lines += ["", f"[groups.{group.name}.jars]"]
        lines += [f'"{coordinate}" = "{digest}"' for coordinate, digest in sorted(group.jars.items())]
    return "\n".join(lines) + "\n"


def _coordinates(key: str, coordinates: tuple[Coordinate, ...]) -> list[str]:
    return [f"{key} = [", *(f'    "{coordinate}",' for coordinate in coordinates), "]"]


def _group(name: str, table: dict[str, object]) -> JarGroup:
    jars = table["jars"]
    if not isinstance(jars, dict):
        raise ValueError(f"{name}.jars is not a table")
    digests: dict[Coordinate, str] = {}
    for text, digest in jars.items():
        if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            raise ValueError(f"{text} has no sha256")
        digests[Coordinate.parse(text)] = digest
    asked = {key: _parse_all(table.get(key, [])) for key in ("with_dependencies", "alone")}
    return JarGroup(name, asked["with_dependencies"], asked["alone"], digests)


def _parse_all(values: object) -> tuple[Coordinate, ...]:
    if not isinstance(values, list):
        raise ValueError(f"{values!r} is not a list of coordinates")
    return tuple(Coordinate.parse(value) for value in values)
