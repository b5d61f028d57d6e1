"""Mutants of a join: its text with one change that should change its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from juncture.errors import Location
from juncture.model.rendered import RenderedJob
from juncture.validation.cases.schema import read_tables
from juncture.validation.generate.conditions import Comparison, Conditions, Reference, Stretch

_UNIT = {"time": "INTERVAL '0.001' SECOND", "whole": "1"}
_KINDS = ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
_OTHER_END = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
# The other way is what < for <= does, and <= for <.
_SIGNS = {"<": "-", "<=": "+", ">": "+", ">=": "-", "BETWEEN": "+-"}
_SIZED = (
    "CHAR",
    "VARCHAR",
    "BINARY",
    "VARBINARY",
    "DECIMAL",
    "NUMERIC",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMP_LTZ",
)


@dataclass(frozen=True)
class Mutant:
    """One change of the INSERT's text: what stands from `start` to `end` becomes `text`.

    `name` tells the change and is the job's only one of that name: 'JOIN -> LEFT JOIN (2)'.
    """

    name: str
    start: int
    end: int
    text: str
    location: Location

    def apply(self, rendered: RenderedJob) -> RenderedJob:
        """The job with this change. What Juncture knows of places in its INSERT is no longer right."""
        insert = rendered.insert
        changed = f"{insert.text[: self.start]}{self.text}{insert.text[self.end :]}"
        statements = (*rendered.statements[:-1], insert.model_copy(update={"text": changed}))
        return rendered.model_copy(update={"statements": statements})

    def diff(self, rendered: RenderedJob) -> tuple[str, ...]:
        """The lines of the INSERT that change, as they are ('- ...') and as they become ('+ ...')."""
        text = rendered.insert.text
        first = text.rfind("\n", 0, self.start) + 1
        last = text.find("\n", self.end)
        last = len(text) if last < 0 else last
        changed = f"{text[first : self.start]}{self.text}{text[self.end : last]}"
        before = (f"- {line}" for line in text[first:last].split("\n"))
        return (*before, *(f"+ {line}" for line in changed.split("\n")))


def mutants_of(rendered: RenderedJob) -> tuple[Mutant, ...]:
    """Every mutant of a job's join, in the order of its text. Flink may refuse some, and plan some alike.

    Bounds and compared numbers are moved by a millisecond or by one, joins become inner, left, right and full,
    keys are dropped or compared with another column of their type, predicates are dropped, sides of a bound in
    time exchanged, the time of a temporal join is dropped or another, constants are others.

    Raises OracleUnsupported for a table that does not lie on Kafka.
    """
    conditions = Conditions(rendered, read_tables(rendered))
    names: Counter[str] = Counter()
    found = []
    texts = {rendered.insert.text}
    for start, end, text in sorted(_Changes(conditions).all(), key=lambda each: each[:2]):
        name = f"{_one_line(rendered.insert.text[start:end])} -> {_one_line(text) or 'nothing'}"
        mutant = Mutant(name, start, end, text, rendered.insert.locate(start))
        changed = mutant.apply(rendered).insert.text
        if changed in texts:
            continue
        texts.add(changed)
        names[name] += 1
        if names[name] > 1:
            mutant = Mutant(f"{name} ({names[name]})", start, end, text, mutant.location)
        found.append(mutant)
    return tuple(found)


_Change = tuple[int, int, str]


class _Changes:
    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._tokens = conditions.tokens

    def all(self) -> Iterator[_Change]:
        yield from self._joins()
        yield from self._as_of()
        yield from self._dropped()
        compared: list[Stretch] = []
        for each in self._conditions.comparisons():
            yield from self._operator(each)
            kind = self._conditions.kind(each.left, each.right, *filter(None, [each.upper]))
            if kind is not None and each.operator in _SIGNS:
                yield from self._off_by_one(each, kind)
                compared += [each.left, each.right, *filter(None, [each.upper])]
            yield from self._other_sides(each)
        yield from self._words()
        yield from self._constants(compared)

    def _joins(self) -> Iterator[_Change]:
        for index, token in enumerate(self._tokens):
            if token.word != "JOIN":
                continue
            first = index
            while self._word(first - 1) in ("LEFT", "RIGHT", "FULL", "INNER", "OUTER"):
                first -= 1
            if self._word(first - 1) in ("CROSS", "NATURAL"):
                continue
            words = [
                self._word(i) for i in range(first, index + 1) if self._word(i) not in ("INNER", "OUTER")
            ]
            for kind in _KINDS:
                if kind != " ".join(words):
                    yield self._replace(Stretch(first, index + 1), kind)

    def _as_of(self) -> Iterator[_Change]:
        for index, token in enumerate(self._tokens):
            if token.word != "SYSTEM_TIME" or self._word(index - 1) != "FOR":
                continue
            last = index + 3
            while self._word(last + 1) == ".":
                last += 2
            yield self._replace(Stretch(index - 1, last + 1), "")
            for moment in self._conditions.columns(Stretch(index + 3, last + 1)):
                for other in self._conditions.alike(moment):
                    yield self._replace(moment.tokens, other)

    def _dropped(self) -> Iterator[_Change]:
        for part in self._conditions.conjuncts():
            yield self._replace(part, "TRUE")

    def _operator(self, each: Comparison) -> Iterator[_Change]:
        at = Stretch(each.at, each.at + 1)
        if each.operator in _OTHER_END:
            yield self._replace(at, _OTHER_END[each.operator])
        elif each.operator in ("<>", "!="):
            yield self._replace(at, "=")
        elif each.operator == "=" and self._key(each) is None:
            yield self._replace(at, "<>")

    def _off_by_one(self, each: Comparison, kind: str) -> Iterator[_Change]:
        for part in filter(None, (each.right, each.upper)):
            for sign in _SIGNS[each.operator]:
                yield self._replace(part, f"{self._conditions.source(part)} {sign} {_UNIT[kind]}")

    def _other_sides(self, each: Comparison) -> Iterator[_Change]:
        if (pair := self._key(each)) is not None:
            for one, other in (pair, pair[::-1]):
                own, others = self._candidates(one, other)
                for name in (*own[:1], *others[:1]):
                    yield self._replace(one.tokens, name)
            yield self._replace(Stretch(each.at, each.at + 1), "IS NOT DISTINCT FROM")
            return
        left = self._conditions.columns(each.left)
        if each.operator == "=" or len(left) != 1 or each.left != left[0].tokens:
            return
        parts = [*filter(None, (each.right, each.upper))]
        names = {(c.alias, c.name) for part in parts for c in self._conditions.columns(part)}
        if len(names) == 1 and left[0].column is not None:
            yield self._exchanged(each, left[0])

    def _exchanged(self, each: Comparison, left: Reference) -> _Change:
        """The two columns of a bound, each in the place of the other."""
        last = each.upper or each.right
        right = [*self._conditions.columns(each.right), *self._conditions.columns(last)]
        other = self._conditions.source(right[0].tokens)
        start, end = self._tokens[each.left.first].start, self._tokens[last.after - 1].end
        text, at = other, self._tokens[left.tokens.after - 1].end
        for reference in dict.fromkeys(right):
            place = reference.tokens
            text += self._conditions.text[at : self._tokens[place.first].start]
            text += self._conditions.source(left.tokens)
            at = self._tokens[place.after - 1].end
        return start, end, text + self._conditions.text[at:end]

    def _candidates(self, one: Reference, other: Reference) -> tuple[list[str], list[str]]:
        """Columns that might be mistaken for a key: of its own table, and of a third one."""
        found = [each.split(".", 1) for each in self._conditions.alike(one)]
        own = [f"{alias}.{name}" for alias, name in found if alias == one.alias]
        third = [(name != one.name, f"{a}.{name}") for a, name in found if a not in (one.alias, other.alias)]
        return own, [text for _, text in sorted(third, key=lambda each: each[0])]

    def _key(self, each: Comparison) -> tuple[Reference, Reference] | None:
        """The two columns of an equality between tables."""
        left, right = self._conditions.columns(each.left), self._conditions.columns(each.right)
        if each.operator != "=" or len(left) != 1 or len(right) != 1:
            return None
        alone = left[0].tokens == each.left and right[0].tokens == each.right
        return (left[0], right[0]) if alone and left[0].alias != right[0].alias else None

    def _words(self) -> Iterator[_Change]:
        """Conditions on null and existence turned round, null-safe equality made plain, orders reversed."""
        for index, token in enumerate(self._tokens):
            words = tuple(self._word(index + ahead) for ahead in range(4))
            if words == ("IS", "NOT", "DISTINCT", "FROM"):
                yield self._replace(Stretch(index, index + 4), "=")
            elif words[:3] == ("IS", "NOT", "NULL"):
                yield self._replace(Stretch(index, index + 3), "IS NULL")
            elif words[:2] == ("IS", "NULL"):
                yield self._replace(Stretch(index, index + 2), "IS NOT NULL")
            elif words[:2] in (("NOT", "EXISTS"), ("NOT", "IN")):
                yield self._replace(Stretch(index, index + 2), words[1])
            elif token.word in ("EXISTS", "IN") and self._word(index - 1) != "NOT":
                yield self._replace(Stretch(index, index + 1), f"NOT {token.word}")
            elif token.word in ("ASC", "DESC"):
                yield self._replace(Stretch(index, index + 1), "DESC" if token.word == "ASC" else "ASC")

    def _constants(self, compared: list[Stretch]) -> Iterator[_Change]:
        """Another value for each constant, those apart that a moved bound has moved already."""
        for index, token in enumerate(self._tokens):
            if any(part.first <= index < part.after for part in compared):
                continue
            here = Stretch(index, index + 1)
            if token.word in ("TRUE", "FALSE"):
                yield self._replace(here, "FALSE" if token.word == "TRUE" else "TRUE")
            elif token.word.isdigit() and not self._is_size(index):
                yield self._replace(here, str(int(token.word) + 1))
            elif not token.word and not token.is_name:
                if self._word(index - 1) == "INTERVAL" and token.text.isdigit():
                    yield self._replace(here, f"'{int(token.text) + 1}'")
                elif self._word(index - 1) != "INTERVAL":
                    written = self._conditions.source(here)
                    yield self._replace(here, f"{written[:-1]}~'")

    def _is_size(self, index: int) -> bool:
        """Whether a number is the length or precision of a type."""
        depths = self._conditions.depths
        outside = (i for i in range(index - 1, 0, -1) if depths[i] < depths[index])
        opening = next(outside, 0)
        return self._word(opening - 1) in _SIZED

    def _word(self, index: int) -> str:
        return self._conditions.word(index)

    def _replace(self, part: Stretch, text: str) -> _Change:
        return self._tokens[part.first].start, self._tokens[part.after - 1].end, text


def _one_line(text: str) -> str:
    return " ".join(text.split())
