"""The classes that a stack's processes use, recorded by the first stack: those of later ones start in less time.

A JVM writes its archive as it ends, which takes seconds, and nobody may be there to see how: `keep` tries it.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from juncture.local.java import Java
from juncture.project.archive import ClassArchive, finished, unfinished

_QUIET = "-Xlog:cds*=off"
"""What a JVM warns of while it records, or where an archive does not fit, would hide why a process did not start."""
_PATIENCE = 30


class Recording(BaseModel):
    """An archive that a process writes as it ends.

    It is `part` until it was tried; `stem` is what its name begins with then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: Path
    stem: Path
    classpath: str

    def keep(self, java: Path) -> None:
        """Put it where others find it if it is whole; else, it goes. Its process has ended.

        One that was cut short would end their JVMs; here, one of its own.
        """
        try:
            size = self.part.stat().st_size
            if size and self._is_whole(java):
                self.part.replace(finished(self.stem, size))
        except (OSError, subprocess.TimeoutExpired):
            pass  # the disk is full, or somebody has cleared the cache: then there is none
        self.forget()

    def forget(self) -> None:
        """Remove what is not finished."""
        with contextlib.suppress(OSError):
            self.part.unlink()

    def _is_whole(self, java: Path) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            tried = subprocess.run(
                [
                    str(java),
                    *("-Xshare:on", "-XX:+VerifySharedSpaces", f"-XX:SharedArchiveFile={self.part}"),
                    *("-XX:-CreateCoredumpOnCrash", f"-XX:ErrorFile={folder}/crash.log"),
                    *("-cp", self.classpath, "-version"),
                ],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_PATIENCE,
                check=False,
            )
        return tried.returncode == 0


@dataclass(frozen=True)
class Classes:
    """Archives of the programs of stacks that run on one Java.

    Args:
        root: where they are.
        java: whose JVMs map them.
        records: whether programs that have none may record one.
    """

    root: Path
    java: Java
    records: bool

    def mapped(self, program: str, jars: Sequence[Path], libraries: Sequence[Path] = ()) -> tuple[str, ...]:
        """Options with which a JVM maps an archive of the program; none if there is none.

        Args:
            program: a word for it.
            jars: its own, which its class path begins with.
            libraries: what follows them; an archive may have been recorded with the first ones alone.
        """
        for count in range(len(libraries), -1, -1):
            found = self._archive(program, [*jars, *libraries[:count]]).mapped()
            if found:
                return (_QUIET, *found)
        return ()

    def of(
        self, program: str, jars: Sequence[Path], libraries: Sequence[Path] = ()
    ) -> tuple[tuple[str, ...], Recording | None]:
        """The same options; or, where there is no archive, those with which the JVM records one, and which.

        One process at a time records: of the same program, others do without.
        """
        found = self.mapped(program, jars, libraries)
        if found or not self.records:
            return found, None
        path = [*jars, *libraries]
        archive = self._archive(program, path)
        stem = archive.stem()
        if stem is None or any(stem.parent.glob(f"{stem.name}.*")):
            return (), None
        recording = Recording(part=unfinished(stem), stem=stem, classpath=":".join(map(str, path)))
        recording.part.touch()
        return (_QUIET, *archive.beneath(), f"-XX:ArchiveClassesAtExit={recording.part}"), recording

    def _archive(self, program: str, path: Sequence[Path]) -> ClassArchive:
        return ClassArchive(self.root, self.java.home, program, path)
