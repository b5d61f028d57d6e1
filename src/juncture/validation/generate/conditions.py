"""The conditions of a query's text: conjuncts, comparisons and what they compare, by token and offset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sqlglot.expressions import DType

from juncture.checks.places import Places
from juncture.checks.tokens import Token
from juncture.model.rendered import RenderedJob
from juncture.validation.cases.cells import is_time
from juncture.validation.cases.schema import JobTables
from juncture.validation.oracle.tables import Column

COMPARISONS = ("<", "<=", ">", ">=", "=", "<>", "!=")
_WHOLE = (DType.TINYINT, DType.SMALLINT, DType.INT, DType.BIGINT)
_STARTS = ("ON", "WHERE", "HAVING")
_ENDS_CLAUSE = frozenset(
    {
        "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "WHERE", "GROUP BY", "HAVING", "UNION", "ORDER BY",
        "LIMIT", "ON", "EXCEPT", "INTERSECT", "WINDOW", ";", ",", "QUALIFY",
    }
)  # fmt: skip
_ENDS_OPERAND = _ENDS_CLAUSE | {
    *COMPARISONS, "AND", "OR", "NOT", "BETWEEN", "WHEN", "THEN", "ELSE", "IS", "IN", "LIKE", "SELECT", "AS",
}  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """Tokens `first` up to, and without, `after`."""

    first: int
    after: int


@dataclass(frozen=True)
class Comparison:
    """`left operator right`, or `left BETWEEN right AND upper`. `at` is the operator's token."""

    operator: str
    at: int
    left: Stretch
    right: Stretch
    upper: Stretch | None = None


@dataclass(frozen=True)
class Reference:
    """A column as the query names it. `column` is None where no source's table has it."""

    alias: str | None
    name: str
    tokens: Stretch
    table: str | None = None
    column: Column | None = None


class Conditions:
    """Reads the INSERT of a rendered job. Columns of subqueries have no type here."""

    def __init__(self, rendered: RenderedJob, tables: JobTables) -> None:
        self._places = Places(rendered)
        self._sources = tables.sources
        self.text = rendered.insert.text
        self.tokens: tuple[Token, ...] = self._places.tokens

    def word(self, index: int) -> str:
        return self.tokens[index].word if 0 <= index < len(self.tokens) else ""

    def source(self, part: Stretch) -> str:
        """The text of some tokens, as authored."""
        return self.text[self.tokens[part.first].start : self.tokens[part.after - 1].end]

    @cached_property
    def aliases(self) -> dict[str, str]:
        """The tables by the alias that the query gives them."""
        return {each.alias: each.table for each in self._places.named()}

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """How deep each token stands in parentheses, brackets and CASE; what closes stands outside."""
        depth, found = 0, []
        for token in self.tokens:
            depth -= token.word in (")", "]", "END")
            found.append(depth)
            depth += token.word in ("(", "[", "CASE")
        return tuple(found)

    def conjuncts(self) -> Iterator[Stretch]:
        """The parts of each ON, WHERE and HAVING that must all hold."""
        for index, token in enumerate(self.tokens):
            if token.word not in _STARTS:
                continue
            depth = self.depths[index]
            after = self._end(index + 1, depth, _ENDS_CLAUSE)
            inside = [i for i in range(index + 1, after) if self.depths[i] == depth]
            if any(self.word(i) == "OR" for i in inside):
                yield Stretch(index + 1, after)
                continue
            first, between = index + 1, 0
            for i in inside:
                between += self.word(i) == "BETWEEN"
                if self.word(i) == "AND" and not between:
                    yield Stretch(first, i)
                    first = i + 1
                elif self.word(i) == "AND":
                    between -= 1
            yield Stretch(first, after)

    def comparisons(self) -> Iterator[Comparison]:
        """Every comparison of the query, in ON, WHERE, HAVING and CASE alike."""
        for at in range(len(self.tokens)):
            word, depth = self.word(at), self.depths[at]
            if word not in (*COMPARISONS, "BETWEEN"):
                continue
            # NOT stands before BETWEEN, and is no part of what is compared.
            first = after = at - 1 if self.word(at - 1) == "NOT" else at
            while first > 0 and self._belongs(first - 1, depth):
                first -= 1
            left = Stretch(first, after)
            right = Stretch(at + 1, self._end(at + 1, depth, _ENDS_OPERAND))
            upper = None
            if word == "BETWEEN":
                upper = Stretch(right.after + 1, self._end(right.after + 1, depth, _ENDS_OPERAND))
            parts = (left, right, upper or right)
            if all(part.first < part.after for part in parts):
                yield Comparison(word, at, left, right, upper)

    def columns(self, part: Stretch) -> list[Reference]:
        """The columns that some tokens name, qualified or not."""
        found = []
        for index in range(part.first, part.after):
            token, following = self.tokens[index], self.word(index + 1)
            if not token.is_name or following in (".", "("):
                continue
            qualified = self.word(index - 1) == "." and index - 2 >= part.first
            alias = self.tokens[index - 2].text if qualified else None
            place = Stretch(index - 2 if qualified else index, index + 1)
            owners = [self.aliases[alias]] if alias in self.aliases else []
            if alias is None:
                owners = list(dict.fromkeys(self.aliases.values()))
            for table in owners:
                if column := self.column(table, token.text):
                    found.append(Reference(alias, token.text, place, table, column))
                    break
            else:
                if alias is not None:
                    found.append(Reference(alias, token.text, place))
        return found

    def column(self, table: str, name: str) -> Column | None:
        """A column of a source, by its name."""
        columns = self._sources[table].columns if table in self._sources else ()
        return next((each for each in columns if each.name == name), None)

    def alike(self, reference: Reference) -> list[str]:
        """Other columns of the same type, as the query would name them: of its own table, then of others."""
        if reference.column is None or reference.column.type is None:
            return []
        wanted, found = reference.column.type.this, []
        own = {alias: table for alias, table in self.aliases.items() if alias == reference.alias}
        for alias, table in {**own, **self.aliases}.items():
            for each in self._sources[table].columns if table in self._sources else ():
                is_other = (alias, each.name) != (reference.alias, reference.name)
                if is_other and each.type is not None and each.type.this == wanted:
                    found.append(f"{alias}.{each.name}")
        return found

    def kind(self, *parts: Stretch) -> Literal["time", "whole"] | None:
        """What an off-by-one of these operands would be counted in; None where it can't be told."""
        for part in parts:
            if any(self.word(i) == "INTERVAL" for i in range(part.first, part.after)):
                return "time"
            for each in self.columns(part):
                if each.column is not None and each.column.type is not None:
                    if is_time(each.column.type):
                        return "time"
                    if each.column.type.this in _WHOLE:
                        return "whole"
        return None

    def _belongs(self, index: int, depth: int) -> bool:
        if self.depths[index] != depth:
            return self.depths[index] > depth
        return self.word(index) not in _ENDS_OPERAND or self._is_call(index)

    def _is_call(self, index: int) -> bool:
        """Whether LEFT or RIGHT is the function."""
        return self.word(index) in ("LEFT", "RIGHT") and self.word(index + 1) == "("

    def _end(self, first: int, depth: int, ends: frozenset[str]) -> int:
        """The first token from `first` on that ends what begins there."""
        for index in range(first, len(self.tokens)):
            if self.depths[index] < depth:
                return index
            word = self.word(index)
            if self.depths[index] == depth and word in ends and not self._is_call(index):
                return index
        return len(self.tokens)
