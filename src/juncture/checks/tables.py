"""CREATE TABLE statements as far as findings need them: names, types, watermark, key, and their places."""

from __future__ import annotations

from dataclasses import dataclass, field

from juncture.checks.tokens import Token, closing, tokens
from juncture.model.rendered import Statement

_END_OF_TYPE = frozenset({"NOT", "NULL", "COMMENT", "METADATA", "PRIMARY", "CONSTRAINT", "AS"})
_PRIMARY = ("PRIMARY", "PRIMARY KEY")
_NESTED = frozenset({"ROW", "ARRAY", "MAP", "MULTISET"})


@dataclass(frozen=True)
class Column:
    """A column: its type as written ('' where it is computed) and the offset of its name."""

    name: str
    type: str
    offset: int


@dataclass(frozen=True)
class Table:
    """A table that a statement creates. `watermark` is (column, offset), `key` (columns, offset)."""

    statement: Statement
    offset: int
    columns: tuple[Column, ...] = ()
    watermark: tuple[str, int] | None = None
    key: tuple[tuple[str, ...], int] | None = None
    options: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.statement.name

    @property
    def is_changelog(self) -> bool:
        """Whether its rows are updates and deletes, by its connector or format."""
        return self.statement.is_changelog

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


def read_table(statement: Statement) -> Table:
    """Read the CREATE TABLE of a source or sink; what can't be read is left out."""
    found = tokens(statement.text)
    head = next((i for i, token in enumerate(found) if token.word == "TABLE"), None)
    if head is None:
        return Table(statement, 0)
    opening = next((i for i in range(head, len(found)) if found[i].word == "("), None)
    if opening is None:
        return Table(statement, found[head].start)
    end = closing(found, opening)
    columns: list[Column] = []
    watermark: tuple[str, int] | None = None
    key: tuple[tuple[str, ...], int] | None = None
    for item in _items(found[opening + 1 : end]):
        if item[0].word == "WATERMARK" and len(item) > 2:
            watermark = (item[2].text, item[0].start)
            continue
        primary = next((i for i, token in enumerate(item) if token.word in _PRIMARY), None)
        is_constraint = item[0].word in ("CONSTRAINT", *_PRIMARY)
        if primary is not None:
            key = (_listed(item[primary:]) if is_constraint else (item[0].text,), item[primary].start)
        if not is_constraint:
            columns.append(Column(item[0].text, _type(statement.text, item), item[0].start))
    return Table(
        statement,
        found[opening - 1].start,
        tuple(columns),
        watermark,
        key,
        _options(found[end + 1 :]),
    )


def _listed(constraint: tuple[Token, ...]) -> tuple[str, ...]:
    """The names in the first parentheses."""
    opening = next((i for i, token in enumerate(constraint) if token.word == "("), len(constraint))
    return tuple(token.text for token in constraint[opening : closing(constraint, opening)] if token.is_name)


def _items(inside: tuple[Token, ...]) -> list[tuple[Token, ...]]:
    items: list[list[Token]] = [[]]
    depth = angles = 0
    for index, token in enumerate(inside):
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if angles or (token.word == "<" and inside[index - 1].word in _NESTED):
            angles += token.word.count("<") - token.word.count(">")
        if token.word == "," and depth == 0 and angles == 0:
            items.append([])
        else:
            items[-1].append(token)
    return [tuple(item) for item in items if item]


def _type(text: str, item: tuple[Token, ...]) -> str:
    end = next((i for i in range(1, len(item)) if item[i].word.split(" ")[0] in _END_OF_TYPE), len(item))
    return text[item[1].start : item[end - 1].end] if end > 1 else ""


def _options(found: tuple[Token, ...]) -> dict[str, str]:
    return {
        found[i - 1].text: found[i + 1].text
        for i in range(1, len(found) - 1)
        if found[i].word == "=" and not found[i - 1].word
    }
