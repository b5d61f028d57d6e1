"""The cause at the bottom of a Java stack trace."""

from __future__ import annotations

import re

_HEAD = re.compile(r"^(?:Caused by: )?(?P<type>(?:[A-Za-z_][\w$]*\.)+[A-Z][\w$]*)(?:: ?(?P<message>.*))?$")
_FRAME = re.compile(r"^\s*(?:at |\.\.\. \d+)")
# They say that something failed, and hold the failure as text in front of the class that really failed.
_WRAPPERS = re.compile(r"^(?:\S*(?:SerializedThrowable|CompletionException|ExecutionException)(?:: )?)+")
_LONGEST = 600


def root_cause(trace: str) -> tuple[str, str]:
    """(class, message) of the innermost cause; ('', first line) of a text that is no stack trace.

    A cause without a message takes that of the one around it: "NullPointerException" alone says nothing.
    """
    found = _causes(trace)
    if not found:
        return "", trace.strip().split("\n", 1)[0][:_LONGEST]
    name, message = found[-1]
    outer = next((text for _, text in reversed(found) if text), "")
    return name, (message or outer)[:_LONGEST]


def _causes(trace: str) -> list[tuple[str, str]]:
    found: list[tuple[str, list[str]]] = []
    in_message = False
    for line in trace.splitlines():
        if _FRAME.match(line):
            in_message = False
            continue
        is_cause = line.startswith("Caused by: ")
        head = _HEAD.match(_unwrapped(line)) if is_cause or not in_message else None
        if head is not None:
            found.append((head["type"], [head["message"] or ""]))
            in_message = True
        elif in_message:
            found[-1][1].append(line)
    return [(name, "\n".join(lines).strip()) for name, lines in found]


def _unwrapped(line: str) -> str:
    text = line.removeprefix("Caused by: ")
    inner = _WRAPPERS.sub("", text)
    return inner if _HEAD.match(inner) else text
