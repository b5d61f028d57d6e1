"""YAML as plain data with positions: no tags, no code, every duplicate key reported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from juncture.errors import JunctureError, Location
from juncture.project.document import Document, Path, nested_too_deep

_PREFIX = "tag:yaml.org,2002:"
_PLAIN = frozenset(_PREFIX + name for name in ("null", "bool", "int", "float"))
# Timestamps stay text, so that the model reads them in the same way from every kind of file.
_TEXT = frozenset(_PREFIX + name for name in ("str", "timestamp"))
# Aliases of aliases can grow a small file without bound; a job has some dozens of values.
_MOST_VALUES = 10_000


def read_yaml(path: str, text: str) -> Document:
    """Read one YAML document whose top is a mapping.

    Args:
        path: the file's name for errors, relative to the project.
        text: what it holds.

    Raises:
        JunctureError: the text is not YAML, or its top is not a mapping.
    """
    try:
        return _read(path, text)
    except RecursionError:
        raise nested_too_deep(path) from None


def _read(path: str, text: str) -> Document:
    loader = YAML(typ="safe", pure=True)
    try:
        top = loader.compose(text)
    except MarkedYAMLError as error:
        raise _not_yaml(path, text, error) from error
    except YAMLError as error:
        reason = str(getattr(error, "reason", "it is not YAML"))
        at = getattr(error, "position", 0) or 0
        raise JunctureError(f"not YAML: {reason}", location=_place(path, text, at)) from error
    if top is None:
        raise JunctureError("the file is empty", location=Location(path), remedy="write it, or remove it")
    if not isinstance(top, MappingNode):
        raise JunctureError(
            "the file is not a mapping of keys to values",
            location=Location(path, *_position(top)),
            remedy="write 'key: value' lines",
        )
    return _Reader(path, loader).read(top)


class _Reader:
    def __init__(self, path: str, loader: YAML) -> None:
        self._path = path
        self._constructor = loader.constructor
        self._keys: dict[Path, tuple[int, int]] = {}
        self._values: dict[Path, tuple[int, int]] = {}
        self._problems: list[JunctureError] = []
        self._count = 0

    def read(self, top: MappingNode) -> Document:
        data = self._mapping(top, (), ())
        return Document(self._path, data, self._keys, self._values, tuple(self._problems))

    def _value(self, node: Node, path: Path, above: tuple[int, ...]) -> Any:
        # The mark of a value that is not there is the next key's.
        if not (isinstance(node, ScalarNode) and not node.value):
            self._values[path] = _position(node)
        self._count += 1
        if self._count > _MOST_VALUES:
            raise JunctureError(
                f"more than {_MOST_VALUES:,} values",
                location=self._at(node),
                remedy="write less, or use fewer aliases (*name)",
            )
        if id(node) in above:
            raise JunctureError(
                "the value contains itself", location=self._at(node), remedy="take the alias (*name) away"
            )
        if isinstance(node, MappingNode):
            return self._mapping(node, path, above)
        if isinstance(node, SequenceNode):
            return self._items(node, path, above)
        return self._scalar(node)

    def _items(self, node: SequenceNode, path: Path, above: tuple[int, ...]) -> list[Any]:
        items = []
        for index, item in enumerate(node.value):
            here = (*path, index)
            self._keys[here] = _position(item)
            items.append(self._value(item, here, (*above, id(node))))
        return items

    def _mapping(self, node: MappingNode, path: Path, above: tuple[int, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, key_node, value_node in self._entries(node):
            here = (*path, key)
            if key in data:
                line = self._keys[here][0]
                self._problem(key_node, f"'{key}' is already given in line {line}", "keep one of the two")
                continue
            self._keys[here] = _position(key_node)
            data[key] = self._value(value_node, here, (*above, id(node)))
        return data

    def _entries(self, node: MappingNode) -> Iterator[tuple[str, Node, Node]]:
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._problem(key_node, "a key is not a plain word", "write 'key: value'")
            elif key_node.tag == _PREFIX + "merge":
                self._problem(key_node, "merge keys (<<) are not read", "write the keys out")
            else:
                yield str(key_node.value), key_node, value_node

    def _scalar(self, node: Node) -> Any:
        if node.tag in _PLAIN:
            try:
                return self._constructor.construct_object(node)
            except ValueError:
                return node.value
        if node.tag not in _TEXT:
            name = str(node.tag).replace(_PREFIX, "!!")
            self._problem(node, f"the tag '{name}' is not read", "take it away")
        return node.value

    def _at(self, node: Node) -> Location:
        return Location(self._path, *_position(node))

    def _problem(self, node: Node, problem: str, remedy: str) -> None:
        self._problems.append(JunctureError(problem, location=self._at(node), remedy=remedy))


def _position(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _place(path: str, text: str, offset: int) -> Location:
    before = text[:offset]
    return Location(path, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _not_yaml(path: str, text: str, error: MarkedYAMLError) -> JunctureError:
    mark = error.problem_mark or error.context_mark
    where = Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)
    lines = text.split("\n")
    rest = lines[mark.line][: mark.column + 1] if mark and mark.line < len(lines) else ""
    if rest.endswith("\t"):
        return JunctureError(
            "a tab where YAML wants spaces", location=where, remedy="indent with spaces, two a level"
        )
    context = f" ({error.context})" if error.context else ""
    problem = str(error.problem or "it can't be read")
    remedy = None
    if "another document" in problem:
        problem, context, remedy = "a second document begins", "", "write one job a file, without '---'"
    elif "mapping values are not allowed" in problem:
        problem = "a ':' where no key can stand"
        remedy = "check the indentation, and quote text that contains ': '"
    elif "cannot start any token" in problem:
        remedy = "quote the text"
    return JunctureError(f"not YAML: {problem}{context}", location=where, remedy=remedy)
