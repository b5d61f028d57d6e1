"""Semi and anti joins with two bounds on event times: regular joins to Flink, and bounded by what they compare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from juncture.model.base import Value
from juncture.model.flow import Flow, condition_of, join_spec, join_type, watermark_push_down
from juncture.model.plan import PlanNode
from juncture.model.rex import Rex, call_name, conjuncts, is_rowtime, is_time, operands, renamed, type_root

EXISTENCE = ("SEMI", "ANTI")
"""Flink's joins for EXISTS, IN, and their negations."""

_PASSING = ("exchange", "union")
_DECLARING = ("table-source-scan", "watermark-assigner")
_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "="}
_PRECISION = re.compile(r"\((\d)\)")
_MILLIS = 3
"""Digits of an event time: it is kept, and compared, in milliseconds."""


class TimeBounds(Value):
    """`left time BETWEEN right time + lower AND right time + upper`, in ms; the times are columns of each input."""

    left_time: int
    right_time: int
    lower: int
    upper: int

    @property
    def reach(self) -> int:
        """For how much event time a join keeps rows, which is how far the watermark that it hands on is behind."""
        return max(-self.lower, self.upper, 0)


def interval_bounds(node: PlanNode) -> TimeBounds:
    """Those of an interval join."""
    bounds = node.raw["intervalJoinSpec"]["windowBounds"]
    return TimeBounds(
        left_time=bounds["leftTimeIndex"],
        right_time=bounds["rightTimeIndex"],
        lower=bounds["leftLowerBound"],
        upper=bounds["leftUpperBound"],
    )


def existence_bounds(flow: Flow, node: PlanNode) -> TimeBounds | str:
    """Those of a semi or anti join, if it can be joined by them, or why it can't.

    Both inputs are appended rows, and the columns their event times: values and watermarks are as they came from the
    sources. What the join's condition takes for a match lies within the bounds.
    """
    spec = join_spec(node)
    if not spec["leftKeys"]:
        return "it has no equal keys; NOT IN has none over a column that may be NULL, and NOT EXISTS has"
    if any(up.kind == "mini-batch-assigner" for up in flow.plan.upstream(node)):
        return "mini-batches put other watermarks in the place of its event times'"
    if any(scan.id not in flow.watermarked for scan in flow.scans(node)):
        return "a regular join: a source of it has no WATERMARK"
    found = _bounds(flow, node)
    if isinstance(found, TimeBounds) and found.lower > found.upper:
        return "its bounds exclude each other: nothing can match"
    return found


def _bounds(flow: Flow, node: PlanNode) -> TimeBounds | str:
    """By each pair of columns that the condition compares: the first that has both bounds, on event times."""
    compared: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
    left, right = flow.plan.inputs(node)
    for pair, sign, offset in _comparisons(node, len(left.fields)):
        lower, upper = compared.setdefault(pair, ([], []))
        if sign in ("=", ">", ">="):
            lower.append(offset + (sign == ">"))
        if sign in ("=", "<", "<="):
            upper.append(offset - (sign == "<"))
    against = "a regular join: its condition has no two bounds between times of both sides"
    for (left_time, right_time), (lower, upper) in compared.items():
        if lower and upper and is_time(left.fields[left_time][1]):
            sides = ((left, left_time), (right, right_time))
            against = next(filter(None, (_unlike_event_time(flow, *side) for side in sides)), "")
            if not against:
                return TimeBounds(
                    left_time=left_time, right_time=right_time, lower=max(lower), upper=min(upper)
                )
    return against


def _comparisons(node: PlanNode, arity: int) -> Iterator[tuple[tuple[int, int], str, int]]:
    """All that must hold of a pair of times: their columns in the left and right input, and what they differ by.

    `(3, 1), ">=", -5` says that column 3 of the left is at least column 1 of the right less 5 ms.
    """
    spec = join_spec(node)
    for left, right, strict in zip(spec["leftKeys"], spec["rightKeys"], spec["filterNulls"], strict=True):
        if strict:
            yield (left, right), "=", 0
    for part in conjuncts(condition_of(node)):
        terms = [_term(each) for each in operands(part)]
        sign = call_name(part)
        if sign not in _FLIPPED or len(terms) != 2 or terms[0] is None or terms[1] is None:
            continue
        (one, plus_one), (other, plus_other) = terms[0], terms[1]
        if one < arity <= other:
            yield (one, other - arity), sign, plus_other - plus_one
        elif other < arity <= one:
            yield (other, one - arity), _FLIPPED[sign], plus_one - plus_other


def _term(expression: Rex) -> tuple[int, int] | None:
    """A column and the ms that are added to it; None for anything else."""
    if expression.get("kind") == "INPUT_REF":
        return expression["inputIndex"], 0
    name, inner = call_name(expression), operands(expression)
    if name not in ("+", "-") or len(inner) != 2 or inner[1].get("kind") != "LITERAL":
        return None
    length, column = str(inner[1].get("type")), _term(inner[0])
    # Months and years have no fixed length.
    if column is None or not length.startswith("INTERVAL") or "MONTH" in length or "YEAR" in length:
        return None
    millis = int(inner[1]["value"])
    return column[0], column[1] + (millis if name == "+" else -millis)


def _unlike_event_time(flow: Flow, node: PlanNode, index: int) -> str:
    """Why a column is not the event time of appended rows, as its source declares it; '' where it is."""
    name, kind = node.fields[index]
    against = f"a regular join: {name} is not an event time of its source, as it came from there"
    ups = flow.plan.inputs(node)
    if node.kind == "join" and join_type(node) in EXISTENCE:
        if isinstance(existence_bounds(flow, node), str):
            return "a regular join: another one before it, that Flink runs, follows no watermarks"
        return _unlike_event_time(flow, ups[0], index)
    if node.kind == "calc":
        expression = _uncast(node.raw["projection"][index])
        if expression is None:
            return against
        if _is_declared(expression, ups[0]):
            return _updated(flow, ups[0])
        column = renamed(expression)
        return against if column is None else _unlike_event_time(flow, ups[0], column)
    if node.kind not in _PASSING and not is_rowtime(kind):
        return against
    if node.kind in _DECLARING:
        return _updated(flow, node)
    feeds = flow.feeds(node, index)
    if node.kind not in _PASSING and (updated := _updated(flow, node)):
        return updated
    found = (_unlike_event_time(flow, *each) for each in feeds)
    return next(filter(None, found), "" if feeds else against)


def _updated(flow: Flow, node: PlanNode) -> str:
    normalized = any(up.kind == "changelog-normalize" for up in flow.plan.upstream(node))
    return "a regular join: its inputs are updated" if normalized or flow.updates(node) else ""


def _is_declared(expression: Rex, up: PlanNode) -> bool:
    """Whether a source's computed column becomes its event time here, with watermarks from the source."""
    if call_name(expression) != "REINTERPRET" or not is_rowtime(expression.get("type")):
        return False
    column = renamed(expression)
    already = column is not None and is_rowtime(up.fields[column][1])
    return not already and up.kind == "table-source-scan" and watermark_push_down(up) is not None


def _uncast(expression: Rex) -> Rex | None:
    """An expression without a cast that keeps its values, at most under another type of time; None for other casts."""
    if call_name(expression) != "CAST":
        return expression
    (inner,) = operands(expression)
    was, now = _precision(inner.get("type")), _precision(expression.get("type"))
    return inner if was and now and was[0] == now[0] and was[1] <= now[1] <= _MILLIS else None


def _precision(kind: Any) -> tuple[str, int] | None:
    """A type of time without and with zone, and its digits; None for other types."""
    root = type_root(kind)
    if not root.startswith("TIMESTAMP"):
        return None
    if isinstance(kind, dict):
        return root, int(kind.get("precision", _MILLIS))
    digits = _PRECISION.search(str(kind))
    return (root, int(digits[1])) if digits else None
