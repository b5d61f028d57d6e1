"""Why a broker or a cluster did not come up, read from its logs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from juncture.errors import Unreachable

_TAIL = 64 * 1024
_SHOWN = 8

# What a log says, what that means, what to do. The first that fits is the cause.
_CAUSES = (
    (
        ("Address already in use", "BindException"),
        "a port was taken by another process",
        "run the command again, or set a free port in juncture.toml",
    ),
    (
        ("No space left on device", "Disk quota exceeded"),
        "the disk is full",
        "make room, or free the stack's data with `juncture local down --purge`",
    ),
    (
        ("Could not reserve enough space", "insufficient memory", "Cannot allocate memory"),
        "the machine has too little free memory",
        "end other programs, or set smaller sizes in juncture.toml",
    ),
    (
        ("OutOfMemoryError",),
        "its memory was too small",
        "set a larger size for it in juncture.toml",
    ),
    (
        ("IllegalConfigurationException",),
        "Flink cannot divide the memory it was given",
        "set a larger taskmanager_memory or jobmanager_memory in juncture.toml",
    ),
    (
        ("UnsupportedClassVersionError",),
        "the Java is too old for it",
        "install Java 17, or pip install 'juncture[local]'",
    ),
)
_TELLING = ("ERROR", "FATAL", "Exception", "Error:", "error:")


def failed_start(role: str, happened: str, logs: Mapping[Path, int]) -> Unreachable:
    """The error for a process that ended, or did not answer.

    Args:
        role: the process's.
        happened: completes 'the broker ...'.
        logs: where it has written, and how many bytes others had written there before it.
    """
    text = "\n".join(_tail(log, before) for log, before in logs.items())
    lines = relevant_lines(text)
    cause, remedy = next(
        ((meaning, advice) for signs, meaning, advice in _CAUSES if any(sign in text for sign in signs)),
        ("", f"read {next(iter(logs))}"),
    )
    problem = f"{role} {happened}" + (f": {cause}" if cause else "")
    quoted = "\n".join(f"    {line}" for line in lines)
    return Unreachable(problem + (f"\n{quoted}" if quoted else ""), remedy=remedy)


def relevant_lines(text: str) -> list[str]:
    """The last lines that tell of an error, without stack frames; the very last ones if none does."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    plain = [line for line in lines if not line.lstrip().startswith(("at ", "... "))]
    telling = [line for line in plain if any(sign in line for sign in _TELLING)]
    return (telling or plain)[-_SHOWN:]


def _tail(path: Path, before: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            size = file.tell()
            # One that has become shorter was begun anew.
            file.seek(max(before if before <= size else 0, size - _TAIL))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
