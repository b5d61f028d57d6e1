"""Small facts of Flink's SQL text: literals, identifiers, the head of a CREATE TABLE."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SPACE = r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)"
_NAME = r"`(?:[^`]|``)+`|[A-Za-z_][A-Za-z0-9_]*"
_CREATE = re.compile(
    rf"{_SPACE}*(?P<create>CREATE)(?P<temporary>{_SPACE}+TEMPORARY)?{_SPACE}+TABLE"
    rf"(?:{_SPACE}+IF{_SPACE}+NOT{_SPACE}+EXISTS)?{_SPACE}+(?P<name>{_NAME})",
    re.IGNORECASE | re.DOTALL,
)
_PIECE = re.compile(
    r"(?P<skip>\s+|--[^\n]*|/\*(?!\+).*?\*/|;)|'(?:[^']|'')*'|`(?:[^`]|``)*`|[A-Za-z0-9_]+|.", re.DOTALL
)
_WORD = re.compile(r"[A-Za-z_]+")


def literal(value: object) -> str:
    """A string literal: quotes doubled, so that a value never becomes SQL."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted identifier, so that a table may be called like a keyword."""
    return "`" + name.replace("`", "``") + "`"


def create_table(text: str) -> re.Match[str] | None:
    """The head of a CREATE TABLE statement: groups `create`, `temporary`, `name`."""
    return _CREATE.match(text)


def end_of_statement(text: str) -> int:
    """The offset where the statement ends: before trailing semicolons, blanks and comments."""
    end = 0
    for piece in _PIECE.finditer(text):
        if piece["skip"] is None:
            end = piece.end()
    return end


def second_statement(text: str) -> int | None:
    """The offset of what follows the semicolon of the first statement; None where that is the end."""
    ended = False
    for piece in _PIECE.finditer(text):
        if ended and piece["skip"] is None:
            return piece.start()
        ended = ended or piece[0] == ";"
    return None


def statements(script: str) -> Iterator[str]:
    """The statements of a script, each of which a semicolon ends, without that."""
    start = 0
    for piece in _PIECE.finditer(script):
        if piece[0] == ";":
            yield script[start : piece.start()]
            start = piece.end()


def first_word(text: str) -> tuple[str, int]:
    """The word that a statement begins with, in capitals, and its offset; '' where it begins with none."""
    start = next((piece.start() for piece in _PIECE.finditer(text) if piece["skip"] is None), 0)
    word = _WORD.match(text, start)
    return (word[0].upper() if word else ""), start
