"""The one sentence in a Java stack trace that says what is wrong, and the place it names."""

from __future__ import annotations

import re
from typing import Any, Literal

Kind = Literal["parse", "validate", "translate"]

_HEAD = re.compile(r"^(?:Caused by: |: )?(?P<type>(?:[a-z_][\w$]*\.)+[A-Z][\w$]*)(?:: (?P<message>.*))?$")
_RANGE = re.compile(r"From line (\d+), column (\d+) to line (\d+), column (\d+)(?::\s*)?")
_POINT = re.compile(r"(?:At|at) line (\d+), column (\d+)(?::\s*)?")
_NOISE = re.compile(r"^(?:SQL (?:validation|parse) failed\.\s*)+")
_EXPECTING = re.compile(r"\s*Was expecting(?: one of)?:.*", re.DOTALL)
_TABLE = re.compile(r"Unable to create a (?:source|sink) for \w+ table '(?:\w+\.)*(\w+)'")
_SUPPORTED = re.compile(r"\s*(?:Supported options|Table options are):.*", re.DOTALL)
_VALUE = "Invalid value for option"
_TELLING = ("ValidationException", "TableException", "SqlParserException", "CalciteContextException")


class PlannerFailure(Exception):
    """Flink's refusal: `kind`, `message` without stack, and its place if Flink names one.

    `table` is the table whose options are to blame, which Flink finds only when the query is planned.
    """

    def __init__(
        self, kind: Kind, message: str, place: tuple[int | None, ...], table: str | None = None
    ) -> None:
        super().__init__(message)
        self.table = table
        self.kind, self.message, self.place = kind, message, place

    def fields(self) -> dict[str, Any]:
        """The fields of model.compilation.PlannerError, without `statement`."""
        line, column, end_line, end_column = self.place
        return {
            "kind": self.kind, "message": self.message, "line": line, "column": column,
            "end_line": end_line, "end_column": end_column,
        }  # fmt: skip


def causes(trace: str) -> list[tuple[str, str]]:
    """(exception type, message) of each cause in a Java stack trace, outermost first."""
    found: list[tuple[str, list[str]]] = []
    inside = False
    for line in trace.splitlines():
        if line.startswith(("\tat ", "\t...", "    at ")):
            inside = False
            continue
        head = _HEAD.match(line)
        if head and not (inside and not line.startswith("Caused by")):
            found.append((head["type"].rsplit(".", 1)[-1], [head["message"] or ""]))
            inside = True
        elif inside:
            found[-1][1].append(line)
    return [(name, "\n".join(lines).strip()) for name, lines in found]


def root_cause(trace: str) -> str:
    """The innermost message of a stack trace, or its first line."""
    messages = [message or name for name, message in causes(trace)]
    return messages[-1] if messages else trace.strip().split("\n", 1)[0]


def innermost(trace: str) -> str:
    """The same, with the exception's name where its message alone says little, as a class's name does."""
    found = causes(trace)
    if not found or (found[-1][0] in _TELLING and found[-1][1]):
        return root_cause(trace)
    return ": ".join(filter(None, found[-1]))


def read_failure(error: Exception, kind: Kind) -> PlannerFailure:
    """What Flink says in an exception of PyFlink's; `kind` is the step unless Flink says it is the parser."""
    found = causes(str(error))
    telling = [(name, message) for name, message in found if name in _TELLING and message]
    name, message = (telling or found or [("", str(error).split("\n", 1)[0])])[-1]
    if any(parser == "SqlParserException" for parser, _ in found):
        kind = "parse"
        message = next(text for parser, text in found if parser == "SqlParserException")
    if message.startswith(_VALUE):
        # Which value, and what would be one, is said below only.
        message = " ".join(text for _, text in found[found.index((name, message)) :])
    place: tuple[int | None, ...] = (None, None, None, None)
    # The place may stand in an outer message only.
    for text in (message, *(text for _, text in reversed(found))):
        if match := _RANGE.search(text):
            place = tuple(int(part) for part in match.groups())
            break
        if match := _POINT.search(text):
            place = (int(match[1]), int(match[2]), None, None)
            break
    message = _EXPECTING.sub("", _RANGE.sub("", _NOISE.sub("", message)))
    blamed = next((match[1] for _, text in found if (match := _TABLE.search(text))), None)
    if blamed is not None:
        message = " ".join(_SUPPORTED.sub("", message).split())
    return PlannerFailure(kind, message.strip() or name, place, blamed)
