"""Free TCP ports on the loopback interface."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection

from juncture.errors import Refused
from juncture.local.processes import listener
from juncture.local.state import HOST

# Below the range from which systems take the ports of outgoing connections: one picked there might
# be taken by a client's connection before the process that it was picked for listens on it.
_FIRST, _LAST = 20000, 29999


def is_free(port: int) -> bool:
    """Whether a process could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the JVM does: connections that linger after their end are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def pick(taken: Collection[int] = ()) -> int:
    """A free port that is not in `taken`. Raises Refused if a thousand tries found none."""
    for _ in range(1000):
        port = random.randint(_FIRST, _LAST)  # noqa: S311
        if port not in taken and is_free(port):
            return port
    raise Refused(f"found no free port between {_FIRST} and {_LAST}", remedy="set kafka_port and flink_port")


def claim(port: int, setting: str) -> int:
    """The configured port. Raises Refused, saying who has it, if it is in use."""
    if is_free(port):
        return port
    who = listener(port)
    raise Refused(
        f"port {port} is in use" + (f" by {who}" if who else ""),
        remedy=f"stop that process, or set another {setting} in juncture.toml, or none for any free port",
    )
