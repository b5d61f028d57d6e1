"""Follow text through Jinja: every character of the result knows where it was authored.

A second rendering carries invisible marks (private-use characters, numbers included, so that filters that
change case or whitespace leave them alone). The marks are put in front of each piece of literal text and of
each expression before the template is compiled, and are taken out of the result again.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError
from jinja2.ext import Extension

from juncture.model.rendered import Reference, Span

_PLACE, _TABLE, _BETWEEN, _END = "\ue000", "\ue002", "\ue003", "\ue001"
_ZERO = 0xE010
_MARK = re.compile(f"([{_PLACE}{_TABLE}])([{_BETWEEN}\ue010-\ue019]+){_END}")


def _mark(kind: str, *values: int | str) -> str:
    return f"{kind}{_BETWEEN.join(map(_digits, values))}{_END}"


def _digits(value: int | str) -> str:
    number = value if isinstance(value, int) else int.from_bytes(value.encode(), "big")
    return "".join(chr(_ZERO + int(digit)) for digit in str(number))


def _number(digits: str) -> int:
    return int("".join(str(ord(char) - _ZERO) for char in digits))


def _word(digits: str) -> str:
    number = _number(digits)
    return number.to_bytes((number.bit_length() + 7) // 8, "big").decode()


def table_mark(name: str) -> str:
    """What is put in front of a table's name, so that the table is found in the result."""
    return _mark(_TABLE, name)


class MarkingExtension(Extension):
    """Puts marks into templates as they are compiled, where the environment has `juncture_marks`.

    A mark says by itself where it was put, so that a compiled template can be used again.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.extend(juncture_marks=False)

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        if not self.environment.juncture_marks:  # type: ignore[attr-defined]
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
                copied = int(kind == "data")
                out.append(_mark(_PLACE, filename or "", line, position - start_of_line + 1, copied))
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


def unmark(marked: str, path: str, authored: Collection[str]) -> MappedText:
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
        said, *numbers = match[2].split(_BETWEEN)
        if match[1] == _TABLE:
            references.append(Reference(table=_word(said), offset=length))
            continue
        if (written := _word(said)) in authored:
            line, column, copied = map(_number, numbers)
            span = Span(start=length, path=written, line=line, column=column, literal=bool(copied))
        else:
            span = spans[-1].model_copy(update={"start": length, "literal": False})
        if spans[-1].start == length:
            spans.pop()
        spans.append(span)
    parts.append(marked[position:])
    return MappedText("".join(parts), tuple(spans), tuple(references))
