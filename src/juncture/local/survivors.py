"""Which processes of a stack that is not whole can stay as they are."""

from __future__ import annotations

from collections.abc import Iterable

from juncture.local import ports
from juncture.local.broker import ROLE as KAFKA
from juncture.local.cluster import JOBMANAGER, TASKMANAGER
from juncture.local.state import StackState


def sound(state: StackState) -> tuple[str, ...]:
    """The roles of those that run and have answered.

    TaskManagers only with their JobManager: they hold the jobs of one that a new one does not know of.
    """
    roles = [
        record.role
        for record in state.processes
        if record.role not in state.dead and (state.phase == "up" or record.answered)
    ]
    if JOBMANAGER not in roles:
        roles = [role for role in roles if not role.startswith(TASKMANAGER)]
    return tuple(roles)


def reduced(state: StackState, roles: tuple[str, ...]) -> StackState:
    """The stack with these processes alone, as one that answers."""
    kept = tuple(
        record.model_copy(update={"answered": True}) for record in state.processes if record.role in roles
    )
    return state.model_copy(update={"processes": kept, "dead": ()})


def taken_ports(state: StackState, roles: Iterable[str]) -> tuple[int, ...]:
    """The stack's ports on which those of these that listen there could not be started."""
    chosen = state.ports
    needed = {KAFKA: (chosen.kafka, chosen.controller), JOBMANAGER: (chosen.rest, chosen.rpc)}
    return tuple(port for role in roles for port in needed.get(role, ()) if not ports.is_free(port))
