"""The one place that prints: results to stdout, messages and errors to stderr, for people or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import IO, Any

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
    """Lines and tables on a stream: coloured on a terminal, plain elsewhere, never wrapped."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._console: Any = None
        if stream.isatty():
            from rich.console import Console

            self._console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)

    def line(self, text: str = "", style: str | None = None) -> None:
        if self._console is not None:
            self._console.print(text, style=style)
        else:
            self._stream.write(text + "\n")
            self._stream.flush()

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Columns as wide as their content. A cell that is a word of STYLES is coloured."""
        cells = [header, *rows] if header else list(rows)
        if not cells:
            return
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        for row in cells:
            style = "bold" if row is header else next((STYLES[cell] for cell in row if cell in STYLES), None)
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.line(line.rstrip(), style=style)


class Output:
    """Args: `form` is 'text' or 'json'; `secrets` are kept out of all that goes to stderr."""

    def __init__(self, form: str, secrets: Secrets) -> None:
        self.is_json = form == "json"
        self._secrets = secrets

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
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, default=_plain) + "\n")
        sys.stdout.flush()

    def text(self, view: Callable[[Text], None]) -> None:
        """Print for people to stdout, whatever the form."""
        view(Text(sys.stdout))

    def message(self, text: str) -> None:
        """Tell something beside the result."""
        text = self._secrets.redact(text)
        if self.is_json:
            self._json_line({"message": text})
        else:
            Text(sys.stderr).line(text)

    @contextmanager
    def progress(self) -> Iterator[Callable[[str], None]]:
        """While inside, what is said is shown: as a moving status on a terminal, as lines elsewhere."""
        if self.is_json or not sys.stderr.isatty():
            yield self.message
            return
        from rich.console import Console

        console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
        with console.status("") as status:

            def say(text: str) -> None:
                text = self._secrets.redact(text)
                console.print(text, style="dim")
                status.update(text)

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
            Text(sys.stderr).line(error.problem, style="bold")

    def trace(self, text: str) -> None:
        """A stack trace, for --debug."""
        text = self._secrets.redact(text)
        if self.is_json:
            self._json_line({"trace": text})
        else:
            sys.stderr.write(text)

    def _error_text(self, error: JunctureError) -> None:
        text = Text(sys.stderr)
        text.line(self._secrets.redact(f"error: {error}"), style="red")
        for name in ("state", "remedy"):
            value = getattr(error, name)
            if value:
                indented = value.replace("\n", "\n          ")
                text.line(self._secrets.redact(f"  {name + ':':8}{indented}"))

    def _fields(self, error: JunctureError) -> dict[str, Any]:
        where = error.location
        hide = self._secrets.redact
        return {
            "problem": hide(error.problem),
            "location": {"path": where.path, "line": where.line, "column": where.column} if where else None,
            "state": hide(error.state) if error.state else None,
            "remedy": hide(error.remedy) if error.remedy else None,
            "exit_code": error.exit_code,
        }

    def _json_line(self, data: dict[str, Any]) -> None:
        sys.stderr.write(json.dumps(data, ensure_ascii=False) + "\n")
        sys.stderr.flush()


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)
