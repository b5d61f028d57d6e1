"""Which keys a model knows at a path: what a key that is not known may have been meant to be."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from juncture.project.document import Path


def fields_at(model: type[BaseModel], path: Path) -> set[str]:
    """Names of the fields of the model, or models, that stand at a path below `model`."""
    kinds: list[Any] = [model]
    for part in path:
        kinds = [below for kind in kinds for below in _below(kind, part)]
    return {name for kind in kinds for member in _members(kind) for name in member.model_fields}


def _members(kind: Any) -> Iterator[type[BaseModel]]:
    for plain in _plain(kind):
        if isinstance(plain, type) and issubclass(plain, BaseModel):
            yield plain
            # What may stand in the model's place, without a key of its own.
            shorthand = getattr(plain, "shorthand", None)
            if shorthand is not None:
                yield from _members(plain.model_fields[shorthand].annotation)


def _below(kind: Any, part: str | int) -> Iterator[Any]:
    for plain in _plain(kind):
        if get_origin(plain) in (dict, list, tuple):
            # The last argument but for the '...' of a tuple: the values of a dict, the items of a list.
            yield [argument for argument in get_args(plain) if argument is not ...][-1]
        elif isinstance(plain, type) and issubclass(plain, BaseModel) and part in plain.model_fields:
            yield plain.model_fields[str(part)].annotation


def _plain(kind: Any) -> Iterator[Any]:
    """The kinds in an annotation, without Annotated and unions."""
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _plain(get_args(kind)[0])
    elif origin in (Union, UnionType):
        for argument in get_args(kind):
            yield from _plain(argument)
    else:
        yield kind
