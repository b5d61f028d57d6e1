"""docs/reference/keys.md from the model: `python -m juncture.cli.keys FILE`."""

from __future__ import annotations

import ast
import inspect
import sys
import types
import typing
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from juncture.model.base import Value
from juncture.model.duration import format_duration
from juncture.model.environment import Environment
from juncture.model.job import Job
from juncture.model.startpoint import Startpoint

_HEAD = """\
# Keys

What may stand in a job's YAML file and in juncture.toml. An unknown key, a wrong type or a name that does not
exist is reported with its file, line and the nearest valid name; all of them at once.

A duration is written as Flink writes it (`10 min`, `1 h 30 s`, `500 ms`) or as ISO 8601 (`PT10M`).
It is of a thousand years at most.

## Startpoints

| written | reading starts at |
| --- | --- |
| `earliest` | the first record the topic still has |
| `latest` | after the last committed record at the time of the first start |
| `{timestamp: 2026-01-31T00:00:00Z}` | the first record of that Kafka timestamp or later |
| `{before_now: 2 h}` | the same, that long before the job is submitted |
| `{offsets: {0: 1200, 1: 1185}}` | these offsets; partitions that are not named start at earliest |
| `{group: NAME}` | the committed offsets of a consumer group, earliest for partitions where it has none |
| `{deployment: JOB}` | how far a deployed job had read the topic at its newest savepoint or checkpoint |
| `{deployment: JOB, version: 3}` | the same, of one version |
| `{savepoint: PATH}` | how far the topic had been read at that savepoint or checkpoint |

With more to say, a startpoint is a mapping of these keys, of which each may be left out:

| key | value | meaning |
| --- | --- | --- |
| `start` | one of the above | `earliest` if it is left out |
| `partitions` | by partition one of the above, but `{offset: 1200}` for `offsets` | where it starts instead |
| `until` | one of the above but `earliest` | the reading ends before this, in each partition |
| `expires` | a time, for instance `2026-02-01T00:00:00Z` | from then on, submissions are refused |
| `exclude` | by partition offsets and ranges: `{3: 120000, 4: [7, 12-15], 5: all}` | these records are left out |

A startpoint is used by the first start alone: later ones go on from state. `exclude` holds for all of them.
"""


def reference() -> str:
    """The page, as Markdown."""
    lines = [
        _HEAD,
        "## jobs/JOB.yaml",
        "",
        "JOB, the file's stem, is the job's name.",
        "",
        *_table(Job, "", skip={"name"}),
    ]
    lines += [
        "",
        "## juncture.toml: environments.NAME",
        "",
        "Either `local`, or `kafka` with `flink`, `kubernetes` or both.",
        "",
    ]
    lines += _table(Environment, "", skip={"name"})
    return "\n".join(lines) + "\n"


def _table(model: type[Value], prefix: str, skip: set[str]) -> Iterator[str]:
    yield "| key | value | default | meaning |"
    yield "| --- | --- | --- | --- |"
    yield from _rows(model, prefix, skip)


def _rows(model: type[Value], prefix: str, skip: set[str]) -> Iterator[str]:
    meanings = _meanings(model)
    for name, field in model.model_fields.items():
        if name in skip:
            continue
        nested = _nested(field.annotation)
        if nested is not None:
            yield from _rows(nested, f"{prefix}{name}.", set())
            continue
        meaning = " ".join(meanings.get(name, "").split())
        yield f"| `{prefix}{name}` | {_type(field.annotation, field)} | {_default(field)} | {meaning} |"


def _meanings(model: type[Value]) -> dict[str, str]:
    """The docstrings beneath the fields. Pydantic would read them whenever the model is imported, by every command."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__[: model.__mro__.index(Value)]):
        (made,) = ast.parse(inspect.getsource(each)).body
        assert isinstance(made, ast.ClassDef)
        for field, below in pairwise(made.body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                match below:
                    case ast.Expr(value=ast.Constant(value=str(text))):
                        found[field.target.id] = text
    return found


def _nested(annotation: Any) -> type[Value] | None:
    options = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
    models = [each for each in options if isinstance(each, type) and issubclass(each, Value)]
    return models[0] if len(models) == 1 else None


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def _type(annotation: Any, field: FieldInfo | None = None) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{each}`" for each in arguments)
    if _is_union(annotation):
        kinds = [_type(each) for each in arguments if each is not type(None)]
        return " or ".join(kinds)
    if origin is dict:
        return f"mapping of names to {_type(arguments[1])}"
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if annotation is int and field is not None:
        bounds = {type(m).__name__: getattr(m, type(m).__name__.lower(), None) for m in field.metadata}
        low, high = bounds.get("Ge"), bounds.get("Le")
        return f"number, {low} to {high}" if low is not None and high is not None else "number"
    if annotation is Startpoint:
        return "a startpoint"
    if isinstance(annotation, type) and issubclass(annotation, Value):
        return f"mappings with {', '.join(f'`{key}`' for key in annotation.model_fields)}"
    return {str: "text", int: "number", float: "number", bool: "true or false", timedelta: "duration"}.get(
        annotation, "any value"
    )


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default in (None, "", {}, ()):
        return ""
    value = format_duration(field.default) if isinstance(field.default, timedelta) else field.default
    return f"`{value}`"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
