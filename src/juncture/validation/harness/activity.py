"""Topics that must not fall idle before their time, although their idle timeout is short."""

from __future__ import annotations

import contextlib
import threading

from juncture.errors import JunctureError
from juncture.validation.harness.feed import Feed

_EVERY = 0.2


class Activity:
    """Writes records that change nothing to topics, a few times a second, until told that one may fall idle.

    Args:
        feed: writes them.
        sources: whose topics are kept active from the start.
    """

    def __init__(self, feed: Feed, sources: frozenset[str]) -> None:
        self._feed, self._sources = feed, sources
        self._active = set(sources)
        self._idle_once: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keep-active", daemon=True)

    def start(self) -> None:
        """Begin, where there is anything to do."""
        if self._sources:
            self._thread.start()

    def let_idle(self, source: str) -> None:
        """Write no more to this topic."""
        self._active.discard(source)
        self._idle_once.add(source)

    def keep_active(self, source: str) -> None:
        """Write to this topic again, if it is one of those that may fall idle."""
        if source in self._sources:
            self._active.add(source)

    def must_be_active(self, source: str) -> bool:
        """Whether the topic was to be active from the start until now."""
        return source in self._sources and source not in self._idle_once

    def stop(self) -> None:
        """Write nothing any more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_EVERY):
            for source in tuple(self._active):
                # A broker that is gone is told of by whoever waits for it.
                with contextlib.suppress(JunctureError):
                    self._feed.keep_active(source)
