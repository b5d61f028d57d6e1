"""What memory a job takes beside its state, and in all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from juncture.model.figures import Figure, Range
from juncture.model.wording import counted, percent

_OF_STATE = 0.1
"""The share of RocksDB's state that its memory should hold, so that most reads don't go to the disk."""
_LEAST = 64 * 1024 * 1024
"""Bytes of managed memory for a slot with RocksDB, with less of which it stalls."""
_OWN = Range(low=256, expected=512, high=768) * (1024.0 * 1024)
"""Bytes for a slot of what Java and Flink take themselves: classes, threads, code, buffers outside the network's."""
_BUFFER = 32 * 1024
_OF_CHANNEL, _FLOATING = 2, 8
"""Flink's buffers for a channel, and beside these for each input and output of a subtask."""


def memory_figures(
    slots: Range,
    parallelism: int,
    exchanges: int,
    backend: str,
    state: Range,
    of_heap: float,
    of_joins: Range | None = None,
    share: float = 1.0,
) -> Iterator[Figure]:
    """Managed memory where the backend has files, network memory, and all memory of the slots.

    Args:
        slots: that are needed.
        parallelism: of the job, which takes as many at least.
        exchanges: between all subtasks of two operators.
        backend: `hashmap`, or one that has files.
        state: bytes of it there: in files of RocksDB, or as objects on the heap.
        of_heap: the share of the heap that state may take.
        of_joins: managed memory of event joins, None without any.
        share: of a slot's managed memory that these get.
    """
    taken = _each(max, slots, Range.exactly(parallelism))
    kept, told = state * (1 / of_heap), f"the heap's state / {of_heap}"
    if backend != "hashmap":
        kept = _each(max, state * _OF_STATE, taken * _LEAST)
        told = "managed memory"
        yield Figure(
            name="managed memory",
            unit="bytes",
            value=kept,
            formula=f"{_OF_STATE} * {state.expected:,.0f} bytes of state, at least 64 MiB for each of"
            f" {counted(round(taken.expected), 'slot')}",
            basis="assumed",
        )
    if of_joins is not None:
        if backend == "hashmap":
            kept, told = kept + of_joins, f"{told} + {of_joins.expected:,.0f} of event joins"
        elif 0 < share < 1:
            # Flink divides a slot's managed memory by weights, whatever each of both needs.
            kept = _each(max, kept * (1 / (1 - share)), of_joins * (1 / share))
            told = f"managed memory, of which event joins get {percent(share)} and need {of_joins.expected:,.0f} bytes"
        else:
            kept, told = kept + of_joins, "managed memory, with event joins"
    buffers = exchanges * parallelism * 2 * (parallelism * _OF_CHANNEL + _FLOATING)
    network = Range.exactly(float(buffers * _BUFFER))
    yield Figure(
        name="network memory",
        unit="bytes",
        value=network,
        formula=f"{counted(exchanges, 'exchange')} * {counted(parallelism, 'subtask')} * 2 ends *"
        f" ({counted(parallelism, 'channel')} * {_OF_CHANNEL} +"
        f" {_FLOATING}) buffers of 32 KiB",
        basis="computed",
    )
    yield Figure(
        name="memory",
        unit="bytes",
        value=kept + network + taken * _OWN,
        formula=f"{kept.expected:,.0f} ({told}) + {network.expected:,.0f} (network) +"
        f" {counted(round(taken.expected), 'slot')} * {_OWN.expected:,.0f} bytes of Java and Flink themselves",
        basis="assumed",
    )


def _each(choose: Callable[[float, float], float], one: Range, other: Range) -> Range:
    return Range(
        low=choose(one.low, other.low),
        expected=choose(one.expected, other.expected),
        high=choose(one.high, other.high),
    )
