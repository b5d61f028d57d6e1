"""Keys that many rows of both sides of a join have: each of these rows meets all of the other side's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from juncture.capacity.keycounts import KeyCounts
from juncture.capacity.samples import Sample
from juncture.checks.wording import describe
from juncture.model.flow import Flow, join_spec
from juncture.model.plan import PlanNode
from juncture.model.rex import Rex, call_name, conjuncts, operands, refs, type_root
from juncture.model.traffic import HotKey, KeySearch
from juncture.model.wording import in_short
from juncture.pairing.sides import Key, Keyed, sides_of
from juncture.render.sql import identifier, literal

_LASTING = 0.5
"""The share of a sample's time in which a key must come to be taken for one that goes on."""
_BARE = ("TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE", "BOOLEAN")
"""Types whose values SQL writes without quotes."""
_PASSING_ON = frozenset(
    {"table-source-scan", "watermark-assigner", "calc", "exchange", "mini-batch-assigner", "interval-join", "join",
     "temporal-join", "lookup-join"}
)  # fmt: skip
"""Operators after which a key has as many rows as before, or more. Others keep one row of a key, or change it."""


class KeysFound(NamedTuple):
    """By the id of each join, keys with a large share of the samples of both sides, none of joins without one; and in
    how much of each join's topics these were looked for."""

    hot: Mapping[int, tuple[HotKey, ...]]
    searches: tuple[KeySearch, ...]


def find_keys(flow: Flow, samples: Mapping[str, Sample]) -> KeysFound:
    """Look for keys of joins that both sides have many rows of."""
    hot: dict[int, tuple[HotKey, ...]] = {}
    searches = []
    for node, (ours, theirs) in _sampled(flow, samples):
        if found := tuple(_hot(flow, node, ours, theirs)):
            hot[node.id] = found
        searches.append(
            KeySearch(
                operator=describe(flow, node),
                sides=(ours.table, theirs.table),
                records=(len(ours.rows), len(theirs.rows)),
                places=(len(ours.places), len(theirs.places)),
                found=len(found),
                missed=max(each.missed for each in (ours, theirs)),
            )
        )
    return KeysFound(hot, tuple(searches))


def _sampled(
    flow: Flow, samples: Mapping[str, Sample]
) -> Iterator[tuple[PlanNode, tuple[KeyCounts, KeyCounts]]]:
    """The joins that have such keys, with what was sampled of both sides.

    Only joins whose inputs are appended rows: one that is updated has one row of a key. Nor temporal joins, where a row
    meets one version.
    """
    for node in flow.plan.of_kind("interval-join", "join"):
        sides = sides_of(flow, node) if len(node.inputs) == 2 and _is_appended(flow, node) else None
        if sides is None:
            continue
        found = []
        for each in (sides.left, sides.right):
            sample = samples.get(each.table)
            if sample is not None and sample.rows:
                places = [[each.keyed(row) for row in place] for place in sample.places]
                found.append(KeyCounts(each.table, each.keys, places, sample.is_all))
        if len(found) == 2:
            yield node, (found[0], found[1])


def _is_appended(flow: Flow, node: PlanNode) -> bool:
    return not any(flow.updates(up) for up in flow.plan.inputs(node)) and all(
        up.kind in _PASSING_ON for up in flow.plan.upstream(node)
    )


def _hot(flow: Flow, node: PlanNode, left: KeyCounts, right: KeyCounts) -> Iterator[HotKey]:
    for key, _ in left.counts.most_common():
        if not (left.is_large(key) and right.is_large(key)):
            continue
        out, unsure = _filters(flow, node, key)
        if out:
            continue
        lasting = [each.lasting(key) for each in (left, right)]
        spans = [_span(part.rows, side.rows, key) for part, side in zip(lasting, (left, right), strict=True)]
        known = [each for each in spans if each is not None]
        yield HotKey(
            columns=", ".join(left.columns),
            key=in_short(", ".join(str(each) for each in key)),
            condition=_condition(left.columns, _types(flow, node), key),
            left=lasting[0].share(key),
            right=lasting[1].share(key),
            places=min(
                ((len(each.where(key)), len(each.places)) for each in (left, right)),
                key=lambda each: each[0] / each[1],
            ),
            seen=min(each for each, _ in known) if len(known) == len(spans) else None,
            passing=any(own < whole * _LASTING for own, whole in known),
            filtered=unsure,
        )


def _types(flow: Flow, node: PlanNode) -> list[str]:
    """Of the columns of a join's key, on the left."""
    fields = flow.plan.inputs(node)[0].fields
    return [type_root(fields[index][1]) for index in join_spec(node)["leftKeys"]]


def _condition(columns: Sequence[str], types: Sequence[str], key: Key) -> str:
    """The SQL that leaves a key out; '' where it can't be told as it is."""
    values = [str(each) for each in key]
    if any(in_short(each) != each for each in values):
        return ""
    # Flink refuses to compare a number with a text.
    return " OR ".join(
        f"{identifier(column)} <> {each if kind in _BARE else literal(each)}"
        for column, kind, each in zip(columns, types, values, strict=True)
    )


def _span(part: Sequence[Keyed], rows: Sequence[Keyed], key: Key) -> tuple[int, int] | None:
    """For how many ms a key came in a part of the rows, and how many all of them have."""
    every = [moment for _, moment in rows if moment is not None]
    own = [moment for each, moment in part if each == key and moment is not None]
    return (max(own) - min(own), max(every) - min(every)) if own else None


def _filters(flow: Flow, node: PlanNode, key: Key) -> tuple[bool, bool]:
    """Whether a filter before the join leaves the key out, and whether one may that is not understood."""
    spec = join_spec(node)
    unsure = False
    for up, indexes in zip(flow.plan.inputs(node), (spec["leftKeys"], spec["rightKeys"]), strict=True):
        for index, value in zip(indexes, key, strict=True):
            for part, column in _conditions(flow, up, index):
                if _leaves_out(part, column, str(value)):
                    return True, False
                unsure = unsure or call_name(part) != "IS NOT NULL"
    return False, unsure


def _conditions(flow: Flow, node: PlanNode, index: int) -> Iterator[tuple[Rex, int]]:
    """The parts of filters that read a column, from an operator up to its scan."""
    for up, column in flow.feeds(node, index):
        if node.kind == "calc":
            for part in conjuncts(node.raw.get("condition")):
                if column in refs(part):
                    yield part, column
        yield from _conditions(flow, up, column)


def _leaves_out(part: Rex, column: int, value: str) -> bool:
    """`column <> 'value'`, or `column NOT IN (...)` with it: what lies between the values that it names."""
    terms = operands(part)
    if len(terms) != 2 or not any(each.get("inputIndex") == column for each in terms):
        return False
    literal = next((each for each in terms if each.get("kind") == "LITERAL"), None)
    if literal is None:
        return False
    if call_name(part) == "<>":
        return str(literal.get("value")) == value
    bounds = [
        each[name]
        for each in (literal.get("sarg") or {}).get("ranges", ())
        for name in ("lower", "upper")
        if isinstance(each.get(name), Mapping)
    ]
    named = [each.get("boundType") for each in bounds if _bound(each) == value]
    return call_name(part) == "SEARCH" and bool(named) and set(named) == {"OPEN"}


def _bound(bound: Mapping[str, Rex]) -> str:
    value = bound.get("value")
    return str(value.get("value") if isinstance(value, Mapping) else value)
