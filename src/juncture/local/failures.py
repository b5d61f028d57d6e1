"""Why a broker or a cluster did not come up, read from its logs."""

from __future__ import annotations

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


def failed_start(role: str, happened: str, logs: list[Path]) -> Unreachable:
    """The error for a process that ended, or did not answer. `happened` completes 'the broker ...'."""
    text = "\n".join(_tail(log) for log in logs)
    lines = relevant_lines(text)
    cause, remedy = next(
        ((meaning, advice) for signs, meaning, advice in _CAUSES if any(sign in text for sign in signs)),
        ("", f"read {logs[0]}"),
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


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
