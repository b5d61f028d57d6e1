"""Reading an author's text files: UTF-8, with an error that says where it is not."""

from __future__ import annotations

from pathlib import Path

from juncture.errors import JunctureError, Location


def relative(root: Path, path: Path) -> str:
    """The path as errors and manifests name it: relative to the project, with forward slashes."""
    return path.relative_to(root).as_posix()


def unreadable(name: str, error: OSError) -> JunctureError:
    """What is wrong with a file that the system does not let be read."""
    return JunctureError(
        f"the file can't be read: {error.strerror or error}",
        location=Location(name),
        remedy="make it a readable file, or remove it",
    )


def read_text(root: Path, path: Path) -> str:
    """The text of a file, with '\\n' line ends and without a byte order mark.

    Raises:
        JunctureError: it can't be read, it is not UTF-8, or there is nothing in it.
    """
    name = relative(root, path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(name, error) from error
    text = decoded(name, data)
    if not text.strip():
        raise JunctureError("the file is empty", location=Location(name), remedy="write it, or remove it")
    return text


def decoded(name: str, data: bytes) -> str:
    """What a file of this name holds, as `read_text` gives it. Raises JunctureError if that is not UTF-8."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise JunctureError(
            f"the file is not UTF-8: byte 0x{data[error.start]:02x} can't be read",
            location=Location(name, line, column),
            remedy="save it as UTF-8",
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
