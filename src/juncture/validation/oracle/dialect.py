"""Flink SQL for sqlglot, as far as joins need it. For reading only: nothing is written in this dialect."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

import sqlglot
from sqlglot import Token, TokenType, exp, parser, tokens
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, TokenError

from juncture.errors import Location
from juncture.model.rendered import Statement
from juncture.validation.oracle.unsupported import OracleUnsupported

_HARMLESS_HINTS = {
    # They decide how rows are found and how long they are kept, not which rows belong together.
    "STATE_TTL",
    "BROADCAST",
    "SHUFFLE_HASH",
    "SHUFFLE_MERGE",
    "NEST_LOOP",
    "LOOKUP",
    "MULTI_JOIN",
}


WINDOWS = ("TUMBLE", "HOP", "CUMULATE")
"""Flink's functions that put each row of a table into windows."""


class Flink(Dialect):
    """Backticks quote identifiers, doubled quotes are the only escape, hints read as comments.

    TABLE(TUMBLE(TABLE t, ...)) is read as exp.Table(exp.Anonymous('TABLE', [exp.Anonymous('TUMBLE', ...)])),
    its first argument being the table or a query.
    """

    INDEX_OFFSET = 1

    class Tokenizer(tokens.Tokenizer):
        QUOTES = ["'"]
        IDENTIFIERS = ["`"]
        KEYWORDS = {
            **{word: kind for word, kind in tokens.Tokenizer.KEYWORDS.items() if word != "/*+"},
            "ROW": TokenType.STRUCT,
            "BYTES": TokenType.VARBINARY,
        }

    class Parser(parser.Parser):
        FUNCTIONS: ClassVar[dict[str, Callable[..., exp.Expr]]] = {
            # sqlglot takes the unit of this one for its last argument.
            name: build
            for name, build in parser.Parser.FUNCTIONS.items()
            if name != "TIMESTAMPDIFF"
        }
        FUNCTION_PARSERS: ClassVar[dict[str, Callable[[Any], exp.Expr | None]]] = {
            # Flink's forms of these are read as any function's arguments, and then refused or known.
            **{name: read for name, read in parser.Parser.FUNCTION_PARSERS.items() if name != "JSON_VALUE"},
            "TUMBLE": lambda self: self.window("TUMBLE"),
            "HOP": lambda self: self.window("HOP"),
            "CUMULATE": lambda self: self.window("CUMULATE"),
        }

        def window(self, name: str) -> exp.Expr:
            arguments: list[exp.Expr] = []
            if self._match_text_seq("DATA"):
                self._match(TokenType.FARROW)
            if self._match(TokenType.TABLE):
                table = self._parse_table_parts()
                arguments += [table] if table is not None else []
                self._match(TokenType.COMMA)
            arguments += self._parse_csv(self._parse_lambda)
            return exp.Anonymous(this=name, expressions=arguments)


def tokenize(statement: Statement) -> list[Token]:
    """The statement's tokens, with character offsets `start` and `end` (inclusive)."""
    try:
        return Flink().tokenize(statement.text)
    except TokenError as error:
        raise OracleUnsupported(
            f"a statement that sqlglot cannot read ({error})", statement.locate(0)
        ) from None


def parse(statement: Statement) -> exp.Expr:
    """The statement's syntax tree. Raises OracleUnsupported where the text or a hint is not understood."""
    for token in tokenize(statement):
        for comment in token.comments:
            for hint in _hints(comment):
                if hint.upper() not in _HARMLESS_HINTS:
                    raise OracleUnsupported(f"the hint {hint}", statement.locate(token.end))
    try:
        return sqlglot.parse_one(statement.text, read=Flink)
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        at = statement.offset(first["line"], max(first["col"], 1)) if first.get("line") else 0
        near = first.get("highlight") or "its end"
        raise OracleUnsupported(
            f"this SQL: sqlglot stops at '{near}'", statement.locate(min(at, len(statement.text) - 1))
        ) from None


def parse_type(text: str, location: Location) -> exp.DataType:
    """A column's type as written in a CREATE TABLE."""
    try:
        found = sqlglot.parse_one(text, read=Flink, into=exp.DataType)
    except ParseError:
        found = None
    if not isinstance(found, exp.DataType):
        raise OracleUnsupported(f"the type {text}", location)
    return found


def parse_expression(text: str, location: Location) -> exp.Expr:
    """A scalar expression, such as a computed column's."""
    try:
        return sqlglot.parse_one(text, read=Flink)
    except (ParseError, TokenError):
        raise OracleUnsupported(f"the expression {text}", location) from None


def place(node: exp.Expr, statement: Statement) -> Location:
    """The author's place of a node: of the first of its parts that knows where it stood."""
    for part in node.walk(bfs=False):
        start = part.meta.get("start")
        if start is not None:
            return statement.locate(start)
    parent = node.parent
    return statement.locate(0) if parent is None else place(parent, statement)


def _hints(comment: str) -> list[str]:
    text = comment.strip()
    return re.findall(r"([A-Za-z_]+)\s*\(", text[1:]) if text.startswith("+") else []
