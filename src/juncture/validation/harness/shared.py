"""What every session of cases does alike: it closes what it started, and hands out compiled jobs."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import TypeVar

from juncture.model.rendered import RenderedJob
from juncture.validation.harness.compiling import Compiled, Compiler

_Self = TypeVar("_Self", bound="SharedSession")


class SharedSession:
    """Use as a context manager, or `close()` it. Whoever derives from it sets both, and fills `_closing`."""

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

    def job(self, name: str) -> Compiled:
        """A job of the session. Raises Refused, with Flink's words, if Flink does not take it."""
        return self._compiler.job(name)

    def compile(self, rendered: RenderedJob) -> Compiled:
        """Another version of a job. Raises Refused, with Flink's words."""
        return self._compiler.compile(rendered)
