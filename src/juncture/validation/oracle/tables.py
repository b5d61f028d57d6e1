"""The CREATE TABLE of a source or sink as values: columns, keys, event time, connector options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import Token, TokenType, exp

from juncture.errors import Location
from juncture.model.rendered import Statement
from juncture.validation.oracle.dialect import parse_expression, parse_type, tokenize
from juncture.validation.oracle.unsupported import OracleUnsupported


@dataclass(frozen=True)
class Column:
    """One column: read from the record's value, from its metadata (by key), or computed from others.

    A `virtual` one is not written to; a `required` one is declared NOT NULL.
    """

    name: str
    location: Location
    type: exp.DataType | None = None
    metadata: str | None = None
    computed: exp.Expr | None = None
    virtual: bool = False
    required: bool = False


@dataclass(frozen=True)
class Table:
    """A table as authored. `rowtime` is the column that the watermark is declared for, `watermark` its expression."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    rowtime: str | None
    options: dict[str, str]
    location: Location
    watermark: str | None = None

    @property
    def topic(self) -> str:
        """Raises OracleUnsupported where the table does not lie on Kafka, or on several topics, or its values alone
        don't hold its rows."""
        if self.options.get("value.fields-include", "ALL").upper() != "ALL":
            raise OracleUnsupported(
                f"the table '{self.name}', of which some columns are in the records' keys alone",
                self.location,
                "set 'value.fields-include' = 'ALL'",
            )
        topic = self.options.get("topic")
        if self.options.get("connector") not in ("kafka", "upsert-kafka") or not topic or ";" in topic:
            connector = self.options.get("connector", "no connector")
            raise OracleUnsupported(f"the table '{self.name}' ({connector})", self.location)
        return topic

    @property
    def is_changelog(self) -> bool:
        """Whether the latest record of a key stands for all of them."""
        return self.options.get("connector") == "upsert-kafka"

    def value_option(self, name: str) -> str | None:
        """An option of the value's format, however the format was named: 'timestamp-format.standard'."""
        for prefix in ("value.format", "format"):
            if prefix in self.options:
                stem = prefix.removesuffix("format") + self.options[prefix]
                return self.options.get(f"{stem}.{name}")
        return None

    @property
    def value_format(self) -> str | None:
        return self.options.get("value.format", self.options.get("format"))


def read_table(statement: Statement) -> Table:
    """Read a rendered CREATE TABLE. Raises OracleUnsupported for what has no meaning here."""
    stream = [token for token in tokenize(statement) if token.token_type != TokenType.SEMICOLON]
    start = next(i for i, token in enumerate(stream) if token.token_type == TokenType.L_PAREN)
    end = _closing(stream, start)
    columns: list[Column] = []
    primary_key: tuple[str, ...] = ()
    rowtime = watermark = None
    for definition in _split(stream[start + 1 : end]):
        words = [token.text.upper() for token in definition]
        quoted = definition[0].token_type == TokenType.IDENTIFIER
        if not quoted and words[0] == "WATERMARK":
            rowtime = definition[2].text
            watermark = statement.text[definition[4].start : definition[-1].end + 1]
        elif not quoted and words[0] in ("PRIMARY KEY", "CONSTRAINT"):
            at = words.index("PRIMARY KEY") + 1
            inside = definition[at + 1 : _closing(definition, at)]
            primary_key = tuple(token.text for token in inside if token.token_type != TokenType.COMMA)
        else:
            column, is_key = _column(definition, statement)
            columns.append(column)
            primary_key = (column.name,) if is_key else primary_key
    return Table(
        name=statement.name,
        columns=tuple(columns),
        primary_key=primary_key,
        rowtime=rowtime,
        options=_options(stream[end + 1 :]),
        location=statement.locate(0),
        watermark=watermark,
    )


def _column(definition: list[Token], statement: Statement) -> tuple[Column, bool]:
    name, rest = definition[0], definition[1:]
    location = statement.locate(name.start)
    words = [token.text.upper() for token in rest]
    if words and words[0] == "AS":
        end = words.index("COMMENT") if "COMMENT" in words else len(rest)
        text = statement.text[rest[1].start : rest[end - 1].end + 1]
        return Column(name.text, location, computed=parse_expression(text, location), virtual=True), False
    end = len(rest)
    for position, (word, token) in enumerate(zip(words, rest, strict=True)):
        outside = _depth(rest[:position]) == 0
        if outside and position and _ends_type(word, token, words[position + 1 : position + 2]):
            end = position
            break
    written = parse_type(statement.text[rest[0].start : rest[end - 1].end + 1], location)
    metadata = None
    if "METADATA" in words[end:]:
        at = words.index("METADATA", end)
        metadata = rest[at + 2].text if words[at + 1 : at + 2] == ["FROM"] else name.text
    is_key = "PRIMARY KEY" in words[end:]
    required = is_key or ("NOT", "NULL") in zip(words[end:], words[end + 1 :], strict=False)
    virtual = "VIRTUAL" in words[end:]
    return Column(name.text, location, written, metadata, virtual=virtual, required=required), is_key


def _ends_type(word: str, token: Token, following: list[str]) -> bool:
    if token.token_type == TokenType.IDENTIFIER:
        return False
    return word in ("METADATA", "COMMENT", "PRIMARY KEY", "CONSTRAINT") or (
        word in ("NOT", "NULL") and following != ["TYPE"]
    )


def _depth(part: list[Token]) -> int:
    opening = (TokenType.L_PAREN, TokenType.LT)
    closing = (TokenType.R_PAREN, TokenType.GT)
    return sum((token.token_type in opening) - (token.token_type in closing) for token in part)


def _closing(stream: list[Token], start: int) -> int:
    depth = 0
    for position in range(start, len(stream)):
        kind = stream[position].token_type
        depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
        if depth == 0:
            return position
    return len(stream)


def _split(part: list[Token]) -> Iterator[list[Token]]:
    found: list[Token] = []
    for token in part:
        if token.token_type == TokenType.COMMA and _depth(found) == 0:
            yield found
            found = []
        else:
            found.append(token)
    if found:
        yield found


def _options(rest: list[Token]) -> dict[str, str]:
    strings = [token.text for token in rest if token.token_type == TokenType.STRING]
    # A table's comment may stand before WITH.
    after = next((i for i, token in enumerate(rest) if token.text.upper() == "WITH"), 0)
    skipped = sum(token.token_type == TokenType.STRING for token in rest[:after])
    pairs = strings[skipped:]
    return dict(zip(pairs[::2], pairs[1::2], strict=False))
