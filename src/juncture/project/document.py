"""A configuration file as data that still knows where each key stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from juncture.errors import JunctureError, Location

Path = tuple[str | int, ...]
"""From the top of the file down: the keys of mappings as text, the indexes of lists as numbers."""


@dataclass(frozen=True)
class Document:
    """What YAML and TOML files become. Mapping keys are text in `data`; timestamps too.

    `keys` holds (line, column), from 1, of each key and list item; `values` of what stands behind it.
    `problems` are what the reader could read past: keys that are there twice, for one.
    """

    path: str
    data: dict[str, Any] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: tuple[JunctureError, ...] = ()

    def key(self, path: Sequence[str | int]) -> Location:
        """Where a key stands; the nearest key above it where it is not in the file."""
        return self._locate(self.keys, path)

    def value(self, path: Sequence[str | int]) -> Location:
        """Where the value of a key stands; the nearest key above it where it is not in the file."""
        exact = self.values.get(tuple(path))
        return Location(self.path, *exact) if exact else self._locate(self.keys, path)

    def _locate(self, places: dict[Path, tuple[int, int]], path: Sequence[str | int]) -> Location:
        for length in range(len(path), 0, -1):
            place = places.get(tuple(path[:length]))
            if place:
                return Location(self.path, *place)
        return Location(self.path, 1, 1)


def nested_too_deep(path: str) -> JunctureError:
    """Of a file whose lists and mappings stand within each other hundreds of times."""
    return JunctureError(
        "its values are nested too deep to be read",
        location=Location(path),
        remedy="close what is left open, or write it flat",
    )
