"""Flink SQL as tokens: to find places in a text, never to know what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import TokenType
from sqlglot.tokens import Tokenizer

_COMMENT = re.compile(r"'(?:[^']|'')*'|`(?:[^`]|``)*`|(?P<comment>--[^\n]*|/\*(?!\+).*?\*/)", re.DOTALL)


class Token(NamedTuple):
    """One token: `text` without quotes, `word` in capitals (empty for literals), offsets in the statement."""

    text: str
    word: str
    start: int
    end: int
    is_name: bool


class _FlinkTokenizer(Tokenizer):
    IDENTIFIERS = ["`"]
    QUOTES = ["'"]
    STRING_ESCAPES = ["'"]
    IDENTIFIER_ESCAPES = ["`"]


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a statement, without comments; none where a quote is left open."""
    try:
        found = _FlinkTokenizer().tokenize(text)
    except TokenError:
        return ()
    return tuple(
        Token(
            text=token.text,
            word="" if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER) else token.text.upper(),
            start=token.start,
            end=token.end + 1,
            is_name=token.token_type == TokenType.IDENTIFIER
            or (token.token_type != TokenType.STRING and token.text.isidentifier()),
        )
        for token in found
    )


def comments(text: str) -> Iterator[tuple[int, str]]:
    """(offset, text) of each comment, its dashes included; hints are not comments."""
    for match in _COMMENT.finditer(text):
        if match["comment"] is not None:
            yield match.start(), match["comment"]


def closing(found: tuple[Token, ...], opening: int) -> int:
    """The index of the parenthesis that closes the one at `opening`, or of the last token."""
    depth = 0
    for index in range(opening, len(found)):
        depth += {"(": 1, ")": -1}.get(found[index].word, 0)
        if depth == 0:
            return index
    return len(found) - 1
