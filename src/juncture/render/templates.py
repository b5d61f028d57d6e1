"""The Jinja environment in which SQL files are rendered: loaders, macros, functions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

import jinja2
from jinja2.bccache import Bucket

from juncture.errors import InvalidProject, JunctureError
from juncture.model.environment import Environment as Target
from juncture.model.job import Job
from juncture.model.project import Project, SqlFile
from juncture.project.files import decoded, unreadable
from juncture.project.loader import SOURCES
from juncture.project.nearest import did_you_mean, nearest
from juncture.render.connectors import TableContext, kafka_options, upsert_kafka_options
from juncture.render.errors import dangling, from_jinja
from juncture.render.json_fields import json_field, json_fields
from juncture.render.sourcemap import MappedText, MarkingExtension, table_mark, unmark
from juncture.render.sql import identifier, literal

_MACROS = "macros"
_PACKAGED = "packaged:"
_MISSING = object()


class _Compiled(jinja2.BytecodeCache):
    """Templates that this process has compiled, by name and text: each job reads the same macros and tables."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


_PLAIN, _MARKED = _Compiled(), _Compiled()


class Templates:
    """Renders the SQL files of one job. `read` collects every template that was used, by path.

    `topics` collects which table is on which topic, `keys` the columns that its records' keys are said to be.
    """

    def __init__(self, project: Project, job: Job, environment: Target) -> None:
        self.project, self.job, self.environment = project, job, environment
        self.read: dict[str, str] = {}
        self.topics: dict[str, str] = {}
        self.keys: dict[str, list[str]] = {}
        self._dangling: list[JunctureError] = []

    def render(self, file: SqlFile, table: TableContext | None = None) -> MappedText:
        """One file's text with the authored place of each character.

        Raises JunctureError with the place in the author's file and the nearest valid name; InvalidProject if several
        sources and variables are not there.
        """
        plain = self._run(file, table, marked=False)
        mapped = unmark(self._run(file, table, marked=True), file.path, self._authored)
        if mapped.text == plain:
            return mapped
        # A template that measures its own text sees the marks; its places are then those of the file's start.
        whole = unmark(plain, file.path, ())
        return MappedText(whole.text, whole.spans, _found(plain, mapped))

    def _run(self, file: SqlFile, table: TableContext | None, *, marked: bool) -> str:
        engine = jinja2.Environment(
            loader=jinja2.FunctionLoader(self._load),
            undefined=jinja2.StrictUndefined,
            extensions=[MarkingExtension],
            autoescape=False,  # noqa: S701  SQL, not HTML
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=-1,
            bytecode_cache=_MARKED if marked else _PLAIN,
        )
        engine.juncture_marks = marked  # type: ignore[attr-defined]
        engine.filters["literal"] = literal
        engine.filters["identifier"] = identifier
        context = self._context(table, marked)
        self._dangling = []
        try:
            for path in self._macro_files():
                module = engine.get_template(path).make_module(context)
                context |= {
                    name: value
                    for name, value in vars(module).items()
                    if isinstance(value, jinja2.runtime.Macro)
                }
            text = engine.get_template(file.path).render(context)
        except Exception as error:
            # It may have failed for what stands in the place of a name that is not there.
            if not self._dangling:
                raise from_jinja(error, file.path, self._authored, context) from None
        if self._dangling:
            raise InvalidProject(self._dangling)
        return text

    def _context(self, table: TableContext | None, marked: bool) -> dict[str, Any]:
        context: dict[str, Any] = {
            "source": partial(self._source, marked),
            "var": self._var,
            "json_field": json_field,
            "json_fields": json_fields,
            "job": self.job,
            "env": self.environment.name,
        }
        if table is not None:
            context |= {
                "this": table.table,
                "role": table.role,
                "kafka_options": partial(self._options, kafka_options, table),
                "upsert_kafka_options": partial(self._options, upsert_kafka_options, table),
            }
        return context

    def _source(self, marked: bool, name: str) -> str:
        if name not in self.project.sources and not self.project.problems_of(f"{SOURCES}/{name}.sql"):
            remedy = did_you_mean(name, self.project.sources)
            self._dangling.append(dangling(f"there is no source '{name}'", name, remedy, self._authored))
        return (table_mark(name) if marked else "") + identifier(name)

    def _var(self, name: str, default: object = _MISSING) -> object:
        scopes: tuple[Mapping[str, Any], ...] = (self.job.vars, self.environment.vars, self.project.vars)
        for scope in scopes:
            if name in scope:
                return scope[name]
        if default is _MISSING:
            known = {key for scope in scopes for key in scope}
            problem, remedy = f"there is no variable '{name}'", _define(name, known)
            self._dangling.append(dangling(problem, name, remedy, self._authored))
            return name
        return default

    def _options(
        self, make: Callable[..., dict[str, str]], table: TableContext, **arguments: Any
    ) -> dict[str, str]:
        self.topics[table.table] = arguments["topic"]
        self.keys[table.table] = arguments.get("keys", [])
        return make(table, **arguments)

    def _macro_files(self) -> list[str]:
        """Packaged macros first, so that a project's macro of the same name wins."""
        found = []
        for directory in reversed(self.project.template_dirs):
            for path in sorted((directory / _MACROS).glob("*.sql")):
                found.append(self._name(path))
        return found

    def _name(self, path: Path) -> str:
        if path.is_relative_to(self.project.root):
            return path.relative_to(self.project.root).as_posix()
        directory = next(folder for folder in self.project.template_dirs if path.is_relative_to(folder))
        return f"{_PACKAGED}{path.relative_to(directory).as_posix()}"

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]] | None:
        """By path in the project, by a packaged name, or as an include looked for in the template folders."""
        found = self._find(name)
        if found is None:
            return None
        text, path = found
        self.read[path] = text
        return text, path, lambda: True

    def _find(self, name: str) -> tuple[str, str] | None:
        """A template's text, and its path: relative to the project, or a packaged name."""
        for files in (self.project.sources, self.project.joins, self.project.sinks):
            for file in files.values():
                if file.path == name:
                    return file.text, name
        root = self.project.root
        for directory in (root, *self.project.template_dirs):
            path = directory / name.removeprefix(_PACKAGED)
            try:
                if Path(os.path.realpath(path)).is_relative_to(directory.resolve()) and path.is_file():
                    return decoded(self._name(path), path.read_bytes()), self._name(path)
            except OSError as error:
                raise unreadable(self._name(path), error) from error
        return None

    @property
    def _authored(self) -> dict[str, str]:
        return {path: text for path, text in self.read.items() if not path.startswith(_PACKAGED)}


def _define(name: str, known: Iterable[str]) -> str:
    """The remedy for a variable that no scope has."""
    close = nearest(name, known)
    if close is not None:
        return f"did you mean '{close}'?"
    return (
        "define it under `vars` in the job's file, or in juncture.toml in [vars] or [environments.NAME.vars];"
        f" or give a default: var('{name}', ...)"
    )


def _found(text: str, mapped: MappedText) -> tuple[Any, ...]:
    """References looked for by name, in order, where the marked text can't tell their offsets."""
    references, position = [], 0
    for reference in mapped.references:
        offset = text.find(identifier(reference.table), position)
        references.append(reference.model_copy(update={"offset": max(offset, 0)}))
        position = max(offset, position)
    return tuple(references)
