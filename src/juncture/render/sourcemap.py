"""Follow text through Jinja: every character of the result knows where it was authored.

A second rendering carries invisible marks (private-use characters, numbers included, so that filters that
change case or whitespace leave them alone). The marks are put in front of each piece of literal text and of
each expression before the template is compiled, and are taken out of the result again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from jinja2 import Environment, TemplateSyntaxError
from jinja2.ext import Extension

from juncture.model.rendered import Reference, Span

_PLACE, _TABLE, _END = "\ue000", "\ue002", "\ue001"
_ZERO = 0xE010
_MARK = re.compile(f"([{_PLACE}{_TABLE}])([\ue010-\ue019]+){_END}")


def _number(value: int) -> str:
    return "".join(chr(_ZERO + int(digit)) for digit in str(value))


def _value(text: str) -> int:
    return int("".join(str(ord(char) - _ZERO) for char in text))


@dataclass(frozen=True)
class Place:
    """Where a piece begins; `literal` where it is copied as it stands."""

    path: str
    line: int
    column: int
    literal: bool


@dataclass
class Marks:
    """The places and tables that marks stand for, by number."""

    places: list[Place] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)

    def place(self, place: Place) -> str:
        self.places.append(place)
        return f"{_PLACE}{_number(len(self.places) - 1)}{_END}"

    def table(self, name: str) -> str:
        self.tables.append(name)
        return f"{_TABLE}{_number(len(self.tables) - 1)}{_END}"


class MarkingExtension(Extension):
    """Puts marks into templates as they are compiled, where the environment has `juncture_marks`."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.extend(juncture_marks=None)

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        marks: Marks | None = self.environment.juncture_marks  # type: ignore[attr-defined]
        if marks is None:
            return source
        try:
            tokens = [(kind, value) for _, kind, value in self.environment.lexer.tokeniter(source, name)]
        except TemplateSyntaxError:
            return source  # compiling it reports the error, with its line
        out, position, line, start_of_line = [], 0, 1, 0
        for kind, value in tokens:
            found = source.find(value, position)
            gap = source[position:found]
            out.append(gap)
            if newlines := gap.count("\n"):
                line += newlines
                start_of_line = position + gap.rfind("\n") + 1
            position = found
            if kind in ("data", "variable_begin") and value:
                place = Place(filename or "", line, position - start_of_line + 1, kind == "data")
                out.append(marks.place(place))
            out.append(value)
            if newlines := value.count("\n"):
                line += newlines
                start_of_line = position + value.rfind("\n") + 1
            position += len(value)
        out.append(source[position:])
        return "".join(out)


@dataclass(frozen=True)
class MappedText:
    """Text, the spans it is made of (sorted, from 0), and the tables it names."""

    text: str
    spans: tuple[Span, ...]
    references: tuple[Reference, ...] = ()

    def splice(self, start: int, end: int, replacement: str) -> MappedText:
        """The text with [start, end) replaced; the replacement belongs to the place of what it replaces."""
        shift = len(replacement) - (end - start)
        spans: list[Span] = []
        for index, span in enumerate(self.spans):
            stop = self.spans[index + 1].start if index + 1 < len(self.spans) else len(self.text)
            if span.start < start:
                spans.append(span)
            if span.start <= start < stop or (start == stop == len(self.text)):
                here = _advance(self.text, span, max(start, span.start))
                spans.append(here.model_copy(update={"start": start, "literal": False}))
            if span.start <= end < stop:
                spans.append(_advance(self.text, span, end).model_copy(update={"start": end + shift}))
            elif span.start > end:
                spans.append(span.model_copy(update={"start": span.start + shift}))
        references = tuple(
            reference
            if reference.offset < end
            else reference.model_copy(update={"offset": reference.offset + shift})
            for reference in self.references
        )
        return MappedText(self.text[:start] + replacement + self.text[end:], tuple(spans), references)


def _advance(text: str, span: Span, offset: int) -> Span:
    if not span.literal:
        return span
    before = text[span.start : offset]
    if newlines := before.count("\n"):
        column = len(before) - before.rfind("\n")
        return span.model_copy(update={"line": span.line + newlines, "column": column})
    return span.model_copy(update={"column": span.column + len(before)})


def unmark(marked: str, marks: Marks, path: str, authored: frozenset[str]) -> MappedText:
    """Take the marks out of a rendered text.

    Text from templates outside `authored` (the packaged macros) belongs to the place that called them.
    """
    parts: list[str] = []
    spans = [Span(start=0, path=path, line=1, column=1, literal=False)]
    references: list[Reference] = []
    length = position = 0
    for match in _MARK.finditer(marked):
        parts.append(marked[position : match.start()])
        length += match.start() - position
        position = match.end()
        number = _value(match[2])
        if match[1] == _TABLE:
            references.append(Reference(table=marks.tables[number], offset=length))
            continue
        place = marks.places[number]
        if place.path in authored:
            span = Span(start=length, **vars(place))
        else:
            span = spans[-1].model_copy(update={"start": length, "literal": False})
        if spans[-1].start == length:
            spans.pop()
        spans.append(span)
    parts.append(marked[position:])
    return MappedText("".join(parts), tuple(spans), tuple(references))
