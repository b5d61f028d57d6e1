"""The cause at the bottom of a Java stack trace."""

from __future__ import annotations

import re

_HEAD = re.compile(r"^(?:Caused by: )?(?P<type>(?:[A-Za-z_][\w$]*\.)+[A-Z][\w$]*)(?:: ?(?P<message>.*))?$")
_FRAME = re.compile(r"^\s*(?:at |\.\.\. \d+)")
# They say that something failed, and hold the failure as text in front of the class that really failed.
_WRAPPERS = re.compile(r"^(?:\S*(?:SerializedThrowable|CompletionException|ExecutionException)(?:: )?)+")
# What Flink puts around the failure of every job that it does not start again.
_NO_CAUSE = "Recovery is suppressed by"
_LONGEST = 600


def root_cause(trace: str) -> tuple[str, str]:
    """(class, message) of the innermost cause; ('', first line) of a text that is no stack trace.

    A cause without a message takes that of the one around it, or else the place where it was thrown:
    "NullPointerException" alone says nothing.
    """
    found = _causes(trace)
    if not found:
        return "", trace.strip().split("\n", 1)[0][:_LONGEST]
    name, message, place = found[-1]
    outer = next((text for _, text, _ in reversed(found) if text and not text.startswith(_NO_CAUSE)), "")
    return name, (message or outer or place)[:_LONGEST]


def _causes(trace: str) -> list[tuple[str, str, str]]:
    """Class, message, and first frame of each, the innermost last."""
    found: list[tuple[str, list[str], list[str]]] = []
    in_message = False
    for line in trace.splitlines():
        if _FRAME.match(line):
            if in_message:
                found[-1][2].append(line.strip())
            in_message = False
            continue
        is_cause = line.startswith("Caused by: ")
        head = _HEAD.match(_unwrapped(line)) if is_cause or not in_message else None
        if head is not None:
            found.append((head["type"], [head["message"] or ""], []))
            in_message = True
        elif in_message:
            found[-1][1].append(line)
    return [(name, "\n".join(lines).strip(), "".join(frames)) for name, lines, frames in found]


def _unwrapped(line: str) -> str:
    text = line.removeprefix("Caused by: ")
    inner = _WRAPPERS.sub("", text)
    return inner if _HEAD.match(inner) else text
