"""What every session of cases does alike: it closes what it started, and hands out compiled jobs."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from juncture.model.rendered import RenderedJob
from juncture.validation.harness.compiling import Compiled, Compiler

_Self = TypeVar("_Self", bound="SharedSession")


class SharedSession:
    """Use as a context manager, or `close()` it. Whoever derives from it sets all of these, and fills `_closing`."""

    jars: tuple[Path, ...]
    _closing: ExitStack
    _compiler: Compiler

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End what was started. May be called again."""
        self._closing.close()

    def jars_of(self, rendered: RenderedJob) -> tuple[Path, ...]:
        """What a job must bring along: what the cluster lacks, and its own jars, which others may have otherwise."""
        return (*self.jars, *(jar.file for jar in rendered.jars))

    def job(self, name: str) -> Compiled:
        """A job of the session. Raises Refused, with Flink's words, if Flink does not take it."""
        return self._compiler.job(name)

    def compile(self, rendered: RenderedJob) -> Compiled:
        """Another version of a job. Raises Refused, with Flink's words."""
        return self._compiler.compile(rendered)
