"""TOML as plain data with positions. The data is the standard library's; this finds where keys stand."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from juncture.errors import JunctureError, Location
from juncture.project.document import Document, Path, nested_too_deep

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

_TOKEN = re.compile(
    r'''(?P<multi>"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5})'''
    r"""|(?P<quoted>"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
    r"|(?P<comment>\#[^\n]*)|(?P<newline>\n)|(?P<mark>[\[\]{}=,.])|(?P<blank>[ \t\r]+)|(?P<bare>[^\s\[\]{}=,.#]+)",
    re.DOTALL,
)
_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_toml(path: str, text: str) -> Document:
    """Read a TOML file.

    Args:
        path: the file's name for errors, relative to the project.
        text: what it holds.

    Raises:
        JunctureError: the text is not TOML.
    """
    try:
        return _read(path, text)
    except RecursionError:
        raise nested_too_deep(path) from None


def _read(path: str, text: str) -> Document:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = _AT.search(message)
        if found and found[1]:
            where = Location(path, int(found[1]), int(found[2]))
        else:
            where = Location(path, text.rstrip("\n").count("\n") + 1)
        reason = _AT.sub("", message)
        raise JunctureError(f"not TOML: {reason[:1].lower()}{reason[1:]}", location=where) from error
    except ValueError:
        raise JunctureError(
            "a number has more digits than can be read", location=Location(path), remedy="quote it"
        ) from None
    keys, values = _Scanner(text).scan()
    return Document(path, _times_as_text(data), keys, values)


def _times_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _times_as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_times_as_text(item) for item in value]
    return value.isoformat() if isinstance(value, (datetime, date, time)) else value


class _Scanner:
    """Walks the tokens of a text that is known to be TOML, and notes where each key and value begins."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._tokenise())
        self._next = 0
        self._keys: dict[Path, tuple[int, int]] = {}
        self._values: dict[Path, tuple[int, int]] = {}
        self._arrays: dict[Path, int] = {}

    def scan(self) -> tuple[dict[Path, tuple[int, int]], dict[Path, tuple[int, int]]]:
        table: Path = ()
        while self._next < len(self._tokens):
            kind, text, _ = self._tokens[self._next]
            if kind == "newline":
                self._next += 1
            elif text == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._keys, self._values

    def _tokenise(self) -> Iterator[tuple[str, str, int]]:
        for match in _TOKEN.finditer(self._text):
            kind = str(match.lastgroup)
            if kind not in ("comment", "blank"):
                yield kind, match[0], match.start()

    def _header(self) -> Path:
        self._next += 1
        if self._tokens[self._next][1] != "[":
            path = self._key(())
            self._next += 1
            return path
        self._next += 1
        path = self._key((), new_item=True)
        self._next += 2
        return path

    def _pair(self, table: Path) -> None:
        path = self._key(table)
        self._next += 1
        self._value(path)

    def _key(self, table: Path, new_item: bool = False) -> Path:
        """Read a dotted key, up to the '=' or ']' behind it. `new_item`: it begins an item of an array."""
        path = table
        while True:
            kind, text, start = self._tokens[self._next]
            part = next(iter(tomllib.loads(f"{text} = 0"))) if kind == "quoted" else text
            path = (*path, part)
            self._keys.setdefault(path, self._position(start))
            self._next += 1
            dotted = self._tokens[self._next][1] == "."
            if new_item and not dotted:
                self._arrays[path] = self._arrays.get(path, -1) + 1
            if path in self._arrays:
                path = (*path, self._arrays[path])
            if not dotted:
                return path
            self._next += 1

    def _value(self, path: Path) -> None:
        _, text, start = self._tokens[self._next]
        self._values[path] = self._position(start)
        if text == "[":
            self._items(path)
        elif text == "{":
            self._inline_table(path)
        else:
            # A number or a date may be several tokens: 1.5, for one.
            while self._next < len(self._tokens):
                kind, text, _ = self._tokens[self._next]
                if kind == "newline" or text in (",", "]", "}"):
                    return
                self._next += 1

    def _items(self, path: Path) -> None:
        self._next += 1
        index = 0
        while True:
            kind, text, _ = self._tokens[self._next]
            if text == "]":
                self._next += 1
                return
            if kind == "newline" or text == ",":
                self._next += 1
                continue
            here = (*path, index)
            self._value(here)
            self._keys[here] = self._values[here]
            index += 1

    def _inline_table(self, path: Path) -> None:
        self._next += 1
        while True:
            kind, text, _ = self._tokens[self._next]
            if text == "}":
                self._next += 1
                return
            if kind == "newline" or text == ",":
                self._next += 1
                continue
            self._pair(path)

    def _position(self, start: int) -> tuple[int, int]:
        return self._text.count("\n", 0, start) + 1, start - self._text.rfind("\n", 0, start)
