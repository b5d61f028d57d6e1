"""Whether what a job promises outlives a failure: its checkpoints, where they lie, and the cluster's JobManager."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from juncture.flink.ondemand import on_demand_by
from juncture.model.capacity import Check
from juncture.model.duration import option_millis
from juncture.model.wording import span

IDS = ("checkpoints", "checkpoint-storage", "savepoint-storage", "transaction-timeout", "high-availability")
"""Of the checks that `durability` makes."""

INTERVAL = "execution.checkpointing.interval"
_TIMEOUT = "execution.checkpointing.timeout"
_MODE = "execution.checkpointing.mode"
_DIR = ("execution.checkpointing.dir", "state.checkpoints.dir")
_SAVEPOINTS = ("execution.checkpointing.savepoint-dir", "state.savepoints.dir")
_BACKEND = "state.backend.type"
_STORAGE = ("execution.checkpointing.storage", "state.checkpoint-storage")
_HA = ("high-availability.type", "high-availability")
_S3 = ("s3", "s3a", "s3p")
_GIVEN_UP = 600_000
"""Flink's timeout of a checkpoint, in ms, if nobody says."""


@dataclass(frozen=True)
class Promise:
    """What of a job and its cluster decides what outlives a failure.

    Args:
        name: the job's.
        options: the cluster's configuration, and the job's options, which win.
        transactions: tables of exactly-once sinks, with the ms after which brokers end a transaction.
        hosts: how many machines TaskManagers run on; 0 if that is not known.
        local: whether it is the stack of a developer's machine.
    """

    name: str
    options: Mapping[str, str]
    transactions: Mapping[str, int]
    hosts: int
    local: bool


def durability(promise: Promise) -> tuple[Check, ...]:
    """Every check, in the order in which they are told."""
    interval = option_millis(promise.options.get(INTERVAL, "0"))
    return (
        *_checkpoints(promise, interval),
        *_storage(promise),
        *_savepoints(promise),
        *_transactions(promise, interval),
        *_high_availability(promise),
    )


def _checkpoints(promise: Promise, interval: int) -> Iterator[Check]:
    job = f"jobs/{promise.name}.yaml"
    sinks = ", ".join(promise.transactions)
    if not interval:
        why = (
            f"none are taken, and {sinks} shows its rows when one is complete: never"
            if sinks
            else "none are taken: a failure begins the job anew"
        )
        yield Check.lacking(
            "checkpoints", why, f"set `checkpointing: {{interval: ...}}` in {job}", failed=bool(sinks)
        )
    elif sinks and promise.options.get(_MODE, "").upper() == "AT_LEAST_ONCE":
        yield Check.lacking(
            "checkpoints",
            f"they are taken at-least-once, and {sinks} promises exactly-once: a failure writes rows twice",
            f"write `checkpointing: {{mode: exactly-once}}` or `delivery: at-least-once` in {job}",
            failed=True,
        )
    else:
        yield Check(id="checkpoints", outcome="passed", message=f"one begins every {span(interval)}")


def checkpoint_place(options: Mapping[str, str]) -> str | None:
    """Where checkpoints go; None if that is the JobManager's memory."""
    place = _first(options, _DIR)
    return None if _first(options, _STORAGE) == "jobmanager" else place


def _storage(promise: Promise) -> Iterator[Check]:
    place = checkpoint_place(promise.options)
    if place is None:
        sinks = ", ".join(promise.transactions)
        kept = "checkpoints are kept in the JobManager's memory, and end with it"
        remote = promise.options.get(_BACKEND) == "forst"
        if remote:
            kept += ", so that ForSt keeps the state on local disk"
        yield Check.lacking(
            "checkpoint-storage",
            f"{kept}: {sinks} can't keep its promise of exactly-once" if sinks else kept,
            "set execution.checkpointing.dir on the cluster, to storage that outlives it",
            failed=bool(sinks) or remote,
        )
    elif urlsplit(place).scheme in ("", "file") and (where := _on_several(promise)):
        yield Check.lacking(
            "checkpoint-storage",
            f"{place} is a folder, and {where}: each must have the same one",
            "use shared storage",
        )
    elif urlsplit(place).scheme in _S3 and promise.options.get(_BACKEND) == "forst":
        yield Check.lacking(
            "checkpoint-storage",
            f"ForSt keeps its state at {place}, where Flink 2.3.0 may hold a job: by a task that is cancelled while a"
            " checkpoint ends, until its TaskManager ends; by a failed write, or files that stay open, until that is"
            " started again; with the plugin flink-s3-fs-native each checkpoint fails",
            "write `state: {backend: rocksdb}`, or lower task.cancellation.timeout and have TaskManagers started again",
        )
    else:
        yield Check(id="checkpoint-storage", outcome="passed", message=place)


def _on_several(promise: Promise) -> str:
    """That TaskManagers run on several machines, or may come to; empty where that is not known."""
    if promise.hosts > 1:
        return f"TaskManagers run on {promise.hosts} machines"
    given = on_demand_by(promise.options)
    return f"{given.provider} starts TaskManagers on any of its machines" if given is not None else ""


def _savepoints(promise: Promise) -> Iterator[Check]:
    if _first(promise.options, _SAVEPOINTS) is None:
        yield Check.lacking(
            "savepoint-storage",
            "the cluster does not say where savepoints go: it can't be upgraded, and not be stopped without"
            " --savepoint-dir",
            "set execution.checkpointing.savepoint-dir on the cluster",
        )


def _transactions(promise: Promise, interval: int) -> Iterator[Check]:
    for table, timeout in promise.transactions.items():
        slow = interval + (option_millis(promise.options.get(_TIMEOUT, "")) or _GIVEN_UP)
        if interval and timeout < slow:
            certain = timeout <= interval
            takes = (
                f"begins every {span(interval)}" if certain else f"may take until {span(slow)} after the last"
            )
            yield Check.lacking(
                "transaction-timeout",
                f"brokers end a transaction of {table} after {span(timeout)}, and the checkpoint that completes it"
                f" {takes}: its rows are lost then",
                f"raise 'properties.transaction.timeout.ms' of {table}, up to the brokers' transaction.max.timeout.ms,"
                f" or shorten the interval or the timeout of checkpoints in jobs/{promise.name}.yaml",
                failed=certain,
            )


def _high_availability(promise: Promise) -> Iterator[Check]:
    if promise.local:
        return
    kind = _first(promise.options, _HA)
    if kind is None or kind.upper() == "NONE":
        yield Check.lacking(
            "high-availability",
            "the cluster has none: its jobs end with its JobManager, until somebody submits them again",
            "set high-availability.type and high-availability.storageDir on the cluster",
        )
    else:
        yield Check(id="high-availability", outcome="passed", message=kind)


def _first(options: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((options[name] for name in names if options.get(name)), None)
