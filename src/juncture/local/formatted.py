"""The data folder of a broker before its first start, kept on disk: to have Kafka make it takes a JVM each time."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

from juncture.project.answers import Answers, stamped


class Formatted:
    """The files that Kafka's tool made of an empty folder, by all that it was told.

    Brokers made of the same files have the same ids, which are of use within one cluster alone.

    Args:
        root: where they are kept; it need not be there.
        jars: of the Kafka that makes them.
        told: its configuration, but for what the files do not depend on.
    """

    def __init__(self, root: Path, jars: Sequence[Path], told: Mapping[str, str]) -> None:
        self._answers = Answers(root)
        self._jars = jars
        self._told = told

    def put(self, folder: Path) -> bool:
        """Make a folder as the tool did, which must not be there; False, and no folder, if that is not known."""
        try:
            kept = self._answers.find(self._asked()).items()
            contents = {Path(name).name: base64.b64decode(text, validate=True) for name, text in kept}
        except (AttributeError, TypeError, ValueError):  # there are none, or they are damaged
            return False
        folder.mkdir(parents=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        return True

    def keep(self, folder: Path) -> None:
        """Keep what the tool has made of a folder, unless it is more than files: `put` makes no others."""
        if not all(path.is_file() for path in folder.iterdir()):
            return
        contents = {path.name: base64.b64encode(path.read_bytes()).decode() for path in folder.iterdir()}
        self._answers.keep(self._asked(), contents)

    def _asked(self) -> list[object]:
        return [stamped(self._jars), dict(self._told)]
