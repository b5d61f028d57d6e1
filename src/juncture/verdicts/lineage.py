"""What the columns of an operator's input are, told apart from how they are called and where they stand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from juncture.model.flow import JOINS, Flow
from juncture.model.plan import PlanNode
from juncture.model.rex import as_sql, conjuncts

VOLATILE = frozenset({"id", "description", "outputType", "configuration", "inputProperties", "type"})
_PASSING = ("exchange", "watermark-assigner", "mini-batch-assigner", "drop-update-before")


@dataclass(frozen=True)
class Column:
    """One column of an input.

    `type` is Flink's, as state is written by it; `meanings` are the same for the same expression over the same columns
    of the sources, one for each way through a UNION ALL; `name` is what a reader calls it; `table` the one source that
    it comes from, if it is one.
    """

    type: str
    meanings: frozenset[str]
    name: str
    table: str | None


_Way = Mapping[int, int]
"""The input of each union, by its id, that a column comes by."""


class _Unchosen(Exception):
    """A column comes through this union, and which of its inputs is not chosen."""

    def __init__(self, union: PlanNode) -> None:
        super().__init__(union.id)
        self.union = union


def _ways(read: Callable[[_Way], str]) -> Iterator[tuple[_Way, str]]:
    """What is read by each choice of the inputs of the unions that it comes through.

    Of the unions above an operator a column comes through few: only those are chosen of.
    """
    todo: list[dict[int, int]] = [{}]
    while todo:
        way = todo.pop()
        try:
            found = read(way)
        except _Unchosen as met:
            todo += [{**way, met.union.id: chosen} for chosen in range(len(met.union.inputs))]
        else:
            yield way, found


class Lineage:
    """The columns of a plan, followed up to the sources."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    def columns(self, node: PlanNode) -> tuple[Column, ...]:
        """The output columns of an operator."""
        found = []
        for index, (_, kind) in enumerate(node.fields):
            origins = self.flow.origins(node, index)
            tables = {each.table for each in origins}
            found.append(
                Column(
                    stored_type(kind),
                    self.meanings(node, index),
                    self.name(node, index),
                    next(iter(tables)) if len(tables) == 1 else None,
                )
            )
        return tuple(found)

    def name(self, node: PlanNode, index: int) -> str:
        """A column for a reader: its source's name for it, or the expression that it is."""
        if node.kind == "calc":
            up = self.flow.plan.inputs(node)[0]
            if (expression := self.flow.expression(node, index)) is not None:
                return as_sql(expression, lambda column: self.name(up, column))
        fed = self.flow.feeds(node, index)
        return self.name(*fed[0]) if len(fed) == 1 else self.flow.name(node, index)

    def meanings(self, node: PlanNode, index: int) -> frozenset[str]:
        """The meaning of a column for each choice of the inputs of the unions above it."""
        return frozenset(text for _, text in _ways(lambda way: self._meaning(node, index, way)))

    def condition(self, condition: Any, ups: tuple[PlanNode, ...]) -> frozenset[frozenset[str]]:
        """The parts of a condition over the columns of these inputs, one after the other, each as `meanings`."""
        return frozenset(
            frozenset(text for _, text in self._part(part, ups)) for part in conjuncts(condition)
        )

    def filters(self, node: PlanNode) -> dict[str, frozenset[str]]:
        """What rows were filtered by since they left a source, by its table, or an operator that keeps state, by its
        kind. Each has the conditions as they are for its rows, whatever others come by the same UNION ALL."""
        ups = self.flow.plan.inputs(node)
        if node.kind == "table-source-scan":
            return {".".join(self.flow.plan.tables(node)): frozenset()}
        if node.kind not in ("calc", "union", *_PASSING):
            return {node.kind: frozenset()}
        found: dict[str, frozenset[str]] = {}
        for up in ups:
            for origin, parts in self.filters(up).items():
                found[origin] = found.get(origin, frozenset()) | parts
        for part in conjuncts(node.raw.get("condition")):
            for way, text in self._part(part, ups):
                for origin in {each for up in ups for each in self._reached(up, way)}:
                    found[origin] |= {text}
        return found

    def _part(self, part: dict[str, Any], ups: tuple[PlanNode, ...]) -> Iterator[tuple[_Way, str]]:
        return _ways(lambda way: self._text(part, ups, way))

    def _reached(self, node: PlanNode, way: _Way) -> set[str]:
        """The keys of `filters` of those rows that come by a way."""
        ups = self.flow.plan.inputs(node)
        if node.id in way:
            ups = (ups[way[node.id]],)
        elif node.kind not in ("calc", "union", *_PASSING):
            return set(self.filters(node))
        return {each for up in ups for each in self._reached(up, way)}

    def _meaning(self, node: PlanNode, index: int, way: _Way) -> str:
        """The same text for the same value of the same records, whatever the names and places on the way.

        Raises _Unchosen at a union of whose inputs none is chosen.
        """
        if node.kind == "table-source-scan":
            return f"{'.'.join(self.flow.plan.tables(node))}.{node.fields[index][0]}"
        ups = self.flow.plan.inputs(node)
        if node.kind == "union":
            if node.id not in way:
                raise _Unchosen(node)
            return self._meaning(ups[way[node.id]], index, way)
        if (expression := self.flow.expression(node, index)) is not None:
            return self._text(expression, ups, way)
        fed = self.flow.feeds(node, index)
        if node.kind in (*_PASSING, *JOINS, "calc") and len(fed) == 1:
            return self._meaning(*fed[0], way)
        inside = ", ".join(sorted(self._meaning(up, column, way) for up, column in fed))
        if fed:
            return f"{node.kind}({inside})"
        rest = {key: value for key, value in node.raw.items() if key not in VOLATILE}
        return f"{node.kind}#{index}{json.dumps(rest, sort_keys=True)}"

    def _text(self, expression: dict[str, Any], ups: tuple[PlanNode, ...], way: _Way) -> str:
        """An expression with the meanings of what it reads in place of their places."""

        def put(value: Any) -> Any:
            if isinstance(value, list):
                return [put(each) for each in value]
            if not isinstance(value, dict):
                return value
            if value.get("kind") == "INPUT_REF":
                return self._input(value["inputIndex"], ups, way)
            return {key: put(each) for key, each in value.items()}

        return json.dumps(put(expression), sort_keys=True)

    def _input(self, index: int, ups: tuple[PlanNode, ...], way: _Way) -> str:
        for up in ups:
            if index < len(up.fields):
                return self._meaning(up, index, way)
            index -= len(up.fields)
        raise ValueError(f"no input has a column {index}")


def is_same(old: frozenset[frozenset[str]], new: frozenset[frozenset[str]]) -> bool:
    """Whether two conditions (Lineage.condition) hold for the same rows, of those that both may be asked of: inputs of
    a UNION ALL may have come, or gone."""
    return all(any(one <= other or other <= one for other in new) for one in old) and all(
        any(one <= other or other <= one for other in old) for one in new
    )


def stored_type(kind: Any) -> str:
    """A type as state is written by it: being an event time makes no difference, being nullable does."""
    if not isinstance(kind, dict):
        return str(kind)
    if kind.get("kind") in ("ROWTIME", "PROCTIME"):
        zone = " WITH LOCAL TIME ZONE" if "LOCAL" in str(kind.get("type")) else ""
        nullable = "" if kind.get("nullable", True) else " NOT NULL"
        return f"TIMESTAMP({kind.get('precision', 3)}){zone}{nullable}"
    return json.dumps(kind, sort_keys=True)
