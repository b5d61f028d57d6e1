"""The one place that prints: results to stdout, messages and errors to stderr, for people or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import IO, Any, TextIO

from juncture.errors import InvalidProject, JunctureError

STYLES = {"ok": "green", "warn": "yellow", "warning": "yellow", "fail": "red", "error": "red"}


class Secrets:
    """Values that must not be printed. They are looked up when something is printed, not before."""

    def __init__(self, texts: Callable[[], Iterable[str]], environ: Mapping[str, str]) -> None:
        self._texts = texts
        self._environ = environ

    @cached_property
    def _values(self) -> tuple[str, ...]:
        from juncture.project.secrets import secret_values

        return secret_values(self._texts(), self._environ)

    def redact(self, text: str) -> str:
        """The text without any of them."""
        from juncture.project.secrets import redact

        return redact(text, self._values)


class Text:
    """Lines and tables on a stream: coloured on a terminal, plain elsewhere, never wrapped.

    `redact` takes out of each line, and of each cell, what is not to be shown.
    """

    def __init__(self, stream: IO[str], redact: Callable[[str], str]) -> None:
        self._stream = stream
        self._redact = redact
        self._console: Any = None
        if stream.isatty():
            from rich.console import Console

            self._console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)

    def line(self, text: str = "", style: str | None = None) -> None:
        text = self._redact(text)
        if self._console is not None:
            self._console.print(text, style=style)
        else:
            self._stream.write(text + "\n")
            self._stream.flush()

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Columns as wide as their content. A cell that is a word of STYLES is coloured."""
        # Before the columns are measured, and where a cell's end is a value's end.
        cells = [[self._redact(cell) for cell in row] for row in ([header, *rows] if header else rows)]
        if not cells:
            return
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        for number, row in enumerate(cells):
            is_header = bool(header) and number == 0
            style = "bold" if is_header else next((STYLES[cell] for cell in row if cell in STYLES), None)
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.line(line.rstrip(), style=style)


class Output:
    """Args: `form` is 'text' or 'json'; `secrets` are kept out of all that is printed."""

    def __init__(self, form: str, secrets: Secrets) -> None:
        self.is_json = form == "json"
        self._secrets = secrets

    def redact(self, text: str) -> str:
        """A text as it may be shown, or written to a file."""
        return self._secrets.redact(text)

    def result(self, data: Any, view: Callable[[Text], None]) -> None:
        """Print a command's result.

        Args:
            data: what JSON is made of: plain values, or pydantic's.
            view: prints the same for people.
        """
        if self.is_json:
            self.json(data)
        else:
            self.text(view)

    def json(self, data: Any) -> None:
        """Print JSON to stdout, whatever the form."""
        plain = json.loads(json.dumps(data, default=_plain))
        text = json.dumps(self._redacted(plain), indent=2, ensure_ascii=_lacks_letters(sys.stdout))
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def text(self, view: Callable[[Text], None]) -> None:
        """Print for people to stdout, whatever the form."""
        view(self._text(sys.stdout))

    def message(self, text: str) -> None:
        """Tell something beside the result."""
        if self.is_json:
            self._json_line({"message": text})
        else:
            self._text(sys.stderr).line(text)

    @contextmanager
    def progress(self) -> Iterator[Callable[[str], None]]:
        """While inside, what is said is shown: as a moving status on a terminal, as lines elsewhere."""
        if self.is_json or not sys.stderr.isatty():
            yield self.message
            return
        from rich.console import Console
        from rich.text import Text as Plain

        console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
        with console.status("") as status:

            def say(text: str) -> None:
                text = self._secrets.redact(text)
                console.print(text, style="dim")
                status.update(Plain(text))  # a string would be read as markup

            yield say

    def error(self, error: JunctureError) -> None:
        """Tell what failed, where, what state is left and what to do."""
        problems = error.problems if isinstance(error, InvalidProject) else (error,)
        for problem in problems:
            if self.is_json:
                self._json_line({"error": self._fields(problem)})
            else:
                self._error_text(problem)
        if len(problems) > 1 and not self.is_json:
            self._text(sys.stderr).line(error.problem, style="bold")

    def trace(self, text: str) -> None:
        """A stack trace, for --debug."""
        if self.is_json:
            self._json_line({"trace": text})
        else:
            sys.stderr.write(self._secrets.redact(text))

    def _error_text(self, error: JunctureError) -> None:
        text = self._text(sys.stderr)
        text.line(f"error: {error}", style="red")
        for name in ("state", "remedy"):
            value = getattr(error, name)
            if value:
                # First redacted: a value may have lines of its own.
                indented = self._secrets.redact(value).replace("\n", "\n          ")
                text.line(f"  {name + ':':8}{indented}")

    def _fields(self, error: JunctureError) -> dict[str, Any]:
        where = error.location
        return {
            "problem": error.problem,
            "location": {"path": where.path, "line": where.line, "column": where.column} if where else None,
            "state": error.state or None,
            "remedy": error.remedy or None,
            "exit_code": error.exit_code,
        }

    def _json_line(self, data: dict[str, Any]) -> None:
        text = json.dumps(self._redacted(data), ensure_ascii=_lacks_letters(sys.stderr))
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def _text(self, stream: IO[str]) -> Text:
        return Text(stream, self._secrets.redact)

    def _redacted(self, data: Any) -> Any:
        """The same with every text in it redacted: in the JSON itself, a value might be cut out with a quote."""
        if isinstance(data, str):
            return self._secrets.redact(data)
        if isinstance(data, dict):
            return {name: self._redacted(value) for name, value in data.items()}
        if isinstance(data, list):
            return [self._redacted(value) for value in data]
        return data


def _lacks_letters(stream: TextIO) -> bool:
    """Whether its encoding does: what is written in their place is no JSON."""
    return (stream.encoding or "utf-8").lower().replace("-", "") != "utf8"


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)
