"""Maven Central, through jgo: fetch one jar, resolve what a jar needs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from juncture.errors import Unreachable
from juncture.local.jarlock import Coordinate

# jgo warns about a registry's checksum files; the lock's sha256 is what counts here.
logging.getLogger("jgo").setLevel(logging.ERROR)

_PAUSE = 0.5  # seconds before the second try, doubled before each further one

_OFFLINE = (
    "check the network and the proxy settings (HTTPS_PROXY), then run the command again: "
    "what was fetched so far is kept"
)


def fetch(coordinate: Coordinate, folder: Path, tick: Callable[[], None] = lambda: None) -> Path:
    """Download one jar under `folder`, which must be empty; its content is not yet to be trusted.

    `tick` is called every few KiB: what it raises ends the download.
    Raises Unreachable if Maven Central cannot be reached after three tries, or does not have the jar.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(requests.RequestException),
        stop=stop_after_attempt(3),
        wait=wait_exponential(multiplier=_PAUSE, max=4),
        reraise=True,
    )
    tried = 0
    try:
        for attempt in attempts:
            with attempt:
                # A folder for each try: jgo takes the rest of a broken download for the jar.
                tried += 1
                resolver = PythonResolver(progress_callback=lambda name, size: _ticking(tick))
                context = MavenContext(resolver, repo_cache=folder / str(tried), timeout=30)
                component = context.project(coordinate.group, coordinate.artifact)
                versioned = component.at_version(coordinate.version)
                return versioned.artifact(classifier=coordinate.classifier).resolve()
    except requests.RequestException as error:
        raise Unreachable(
            f"cannot fetch {coordinate} from Maven Central: {_reason(error)}", remedy=_OFFLINE
        ) from error
    except RuntimeError as error:
        raise Unreachable(
            f"Maven Central did not give {coordinate}",
            remedy="check that this version exists and that no proxy refuses it, then run the command again",
        ) from error
    raise AssertionError("unreachable: the retries end with a result or an error")


def resolve(root: Coordinate, folder: Path) -> list[Coordinate]:
    """`root` and every jar it needs at run time. Raises Unreachable if the POMs cannot be fetched."""
    context = MavenContext(repo_cache=folder, timeout=30)
    try:
        dependency = context.create_dependency(str(root))
        asked, needed = context.resolver.resolve([dependency])
    except requests.RequestException as error:
        raise Unreachable(f"cannot resolve {root}: {_reason(error)}", remedy=_OFFLINE) from error
    return [Coordinate(each.groupId, each.artifactId, each.version) for each in [*asked, *needed]]


@contextmanager
def _ticking(tick: Callable[[], None]) -> Iterator[Callable[[int], None]]:
    yield lambda count: tick()


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return "the download broke off"
