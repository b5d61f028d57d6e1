"""TaskManagers that are killed on purpose, and replaced while their jobs go on elsewhere; and the broker."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from juncture.local.broker import ROLE as KAFKA
from juncture.local.stack import LocalStack
from juncture.local.state import StackState

CLUSTER = {
    # Two heartbeats that can't be delivered tell that a TaskManager is dead; a slow one has its time as before.
    "heartbeat.interval": "250 ms",
    # How long Flink waits for the metrics of a TaskManager that has died, before it shows those of the others.
    "web.timeout": "15 s",
    # Whenever metrics are asked for, Flink goes through those of all jobs that it has in store: of hundreds of cases
    # that have ended, that takes more than of the one that runs.
    "jobstore.max-capacity": "20",
}
"""Flink options of a cluster whose TaskManagers die."""

SPREAD = {"taskmanager.load-balance.mode": "SLOTS"}
"""Jobs run on all TaskManagers, so that the one which is left knows their classes already."""


class Failover:
    """What may be killed of a stack that has a spare TaskManager."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._killed = False
        self._replacing: Future[StackState] | None = None

    def kill(self, resource: str) -> None:
        """Kill the TaskManager of this id, as Flink names it.

        Raises Unreachable if the one before it was not replaced.
        """
        self.settle()
        self._stack.kill(resource.rpartition("-")[0])
        self._killed = True

    def bounce_broker(self) -> None:
        """Kill the broker, and start it on the port and the data that it had.

        Raises Unreachable if it does not start; then `settle` tries again.
        """
        self.settle()
        self._killed = True
        self._stack.kill(KAFKA)
        self.settle()

    def replace(self) -> None:
        """Begin to start another one, where one was killed. Not at once: its start would slow the failover down."""
        if self._killed:
            self._killed = False
            replacer = ThreadPoolExecutor(1, thread_name_prefix="replace-taskmanager")
            self._replacing = replacer.submit(self._stack.up)
            replacer.shutdown(wait=False)

    def settle(self) -> None:
        """Wait until all TaskManagers run again. Raises Unreachable if they don't."""
        self.replace()
        replacing, self._replacing = self._replacing, None
        if replacing is not None:
            replacing.result()
