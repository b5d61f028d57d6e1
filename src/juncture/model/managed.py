"""Who gets how much of a slot's managed memory, by the options of a job and of its cluster.

Flink divides it by weights between those that the job has in the slot, whatever each of them needs: the state's
backend, if it has files, and operators, which are event joins and Flink's windows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

WEIGHTS = "taskmanager.memory.managed.consumer-weights"
"""Flink's option for the parts; the job's own stands in front of the cluster's."""
OPERATORS, BACKEND = "OPERATOR", "STATE_BACKEND"
FIXED = "state.backend.{backend}.memory.fixed-per-slot"
"""Bytes that a backend has in each slot, in place of managed memory."""
_UNMANAGED = "state.backend.{backend}.memory.managed"
_WEIGHT = 70
"""Of each of both by Flink's default."""
_SIZE = re.compile(r"\s*(?P<number>\d+)\s*(?P<unit>[a-z]*)\s*", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def share_of_operators(options: Mapping[str, str], backend: str) -> float:
    """The part of a slot's managed memory that operators get beside the backend."""
    weights = _weights(options)
    # The heap takes none.
    operators, backends = weights.get(OPERATORS, 0), 0 if backend == "hashmap" else weights.get(BACKEND, 0)
    return operators / (operators + backends) if operators + backends else 0.0


def backend_memory(
    options: Mapping[str, str], backend: str, managed: float, beside_operators: bool
) -> float | None:
    """Bytes that a backend with files has in a slot with so many of managed memory; None where nothing limits them."""
    fixed = parse_size(options.get(FIXED.format(backend=backend)))
    if fixed is not None:
        return fixed
    if options.get(_UNMANAGED.format(backend=backend), "").lower() == "false":
        return None
    return managed * (1 - share_of_operators(options, backend)) if beside_operators else managed


def parse_size(text: str | None) -> int | None:
    """Bytes, as Flink writes sizes ('64 mb'); None for anything else."""
    match = _SIZE.fullmatch(text or "")
    unit = _UNITS.get(match["unit"].lower()[:1]) if match else None
    return int(match["number"]) * unit if match and unit else None


def _weights(options: Mapping[str, str]) -> dict[str, int]:
    """By name; one that is not among those that are given has none. Flink's YAML may have an option for each."""
    pairs = [pair.partition(":")[::2] for pair in options.get(WEIGHTS, "").strip("{}").split(",")]
    known = {name.strip(): text.strip() for name, text in pairs if text}
    if not known:
        prefix = f"{WEIGHTS}."
        known = {name.removeprefix(prefix): text for name, text in options.items() if name.startswith(prefix)}
    if not known:
        return {OPERATORS: _WEIGHT, BACKEND: _WEIGHT}
    # What may be a variable is not known here.
    return {name: int(text) if text.isdecimal() else _WEIGHT for name, text in known.items()}
