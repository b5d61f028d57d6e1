"""How long a savepoint is waited for, and what is told meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import read_manifest
from juncture.errors import JunctureError
from juncture.model.deployment import Deployment
from juncture.model.duration import option_millis

_TIMEOUT = "execution.checkpointing.timeout"
_FLINKS = 600.0
"""What Flink takes if nobody says."""
_TOLD_WITHIN = 60.0
_OFTEN, _OFTEN_FOR = 5.0, 30.0
_SELDOM = 30.0
_LONG = 60.0


def savepoint_within(record: Deployment, store: Store) -> float:
    """Seconds after which Flink has either completed a savepoint of a version, or told that it has given it up."""
    try:
        options = read_manifest(store.get_bundle(record.bundle)).options
    except JunctureError:  # it is damaged, or of another Juncture: no reason not to stop it
        options = {}
    return (option_millis(options.get(_TIMEOUT, "")) / 1000 or _FLINKS) + _TOLD_WITHIN


def savepoint_told(job: str, timeout: float, progress: Callable[[str], None]) -> Callable[[float], None]:
    """To be called with the seconds waited so far, again and again.

    It tells them each 5 s for half a minute, and then each 30 s; and once, after a minute, what may be done.

    Args:
        job: whose savepoint it is.
        timeout: seconds after which it is given up.
        progress: is told.
    """
    told, advised = 0.0, False

    def waiting(seconds: float) -> None:
        nonlocal told, advised
        if seconds - told >= (_OFTEN if told < _OFTEN_FOR else _SELDOM):
            told = seconds
            progress(f"Taking a savepoint, {seconds:.0f} s")
        if seconds >= _LONG and not advised:
            advised = True
            progress(
                "A savepoint that takes so long mostly waits for barriers behind records that are held back:"
                f" `juncture diagnose {job}` tells why. After {timeout:.0f} s this gives up, and Flink goes on with it."
                f" Without one: Ctrl-C, then `juncture stop {job} --no-savepoint`; the job then goes on from its"
                " newest checkpoint, and reads again what came after that"
            )

    return waiting
