"""Regular joins that their author bounded in time, and why Flink does not see the bound."""

from __future__ import annotations

from dataclasses import dataclass

from juncture.checks.case import Case
from juncture.checks.wording import listed
from juncture.model.flow import Flow, Origin, condition_of, join_spec, join_type
from juncture.model.plan import PlanNode
from juncture.model.rex import Rex, call_name, conjuncts, is_time, operands, refs, type_root

_LOWER, _UPPER = (">", ">="), ("<", "<=")
_NUMBERS = ("BIGINT", "INT", "DECIMAL", "DOUBLE")
_HARMLESS = ("CAST", "REINTERPRET")

NOT_EXISTS = (
    "write LEFT JOIN, bounded in time on both sides' WATERMARK columns, and WHERE <right key> IS NULL"
)
"""What to write for it so that each row is given once."""
_FORM = "a BETWEEN b - INTERVAL ... AND b + INTERVAL ..."


@dataclass(frozen=True)
class TimeBound:
    """Why a bound makes no interval (or window) join, what would, and the columns without a WATERMARK."""

    reasons: tuple[str, ...]
    remedy: str
    unmarked: tuple[Origin, ...] = ()


def time_bound(case: Case, node: PlanNode) -> TimeBound | None:
    """The bound in time of a regular (or multi-way) join; None where its condition compares no times."""
    flow = case.flow
    if flow is None or node.kind not in ("join", "multi-join"):
        return None
    return _window_bound(flow, node) or _compared(case, flow, node)


def is_kept_forever(node: PlanNode) -> bool:
    """Whether any of an operator's states has no time to live."""
    return any(is_endless(state) for state in node.raw.get("state", ()))


def is_endless(state: Rex) -> bool:
    """Whether one state of the plan's JSON has no time to live."""
    return str(state.get("ttl", "")).startswith("0 ")


def ttl_of(node: PlanNode) -> str:
    """How to give a join a time to live. Flink does not apply STATE_TTL hints to EXISTS and IN."""
    job = "`state: {ttl: ...}` in the job"
    return job if join_type(node) in ("SEMI", "ANTI") else f"{job}, or a STATE_TTL hint for each side"


def _window_bound(flow: Flow, node: PlanNode) -> TimeBound | None:
    spec = join_spec(node)
    if not spec or len(node.inputs) != 2:
        return None
    left, right = flow.plan.inputs(node)
    pairs = zip(spec["leftKeys"], spec["rightKeys"], strict=True)
    found = [
        (a, b) for a, b in pairs if _is_window_column(flow, left, a) and _is_window_column(flow, right, b)
    ]
    if not found:
        return None
    reason = "a window join needs the same windows on both sides, equal in window_start and in window_end"
    return TimeBound((reason,), "make both equal in ON: window_start and window_end of the same windows")


def _is_window_column(flow: Flow, node: PlanNode, index: int) -> bool:
    if node.kind == "window-table-function":
        return index >= len(flow.plan.inputs(node)[0].fields)
    return any(_is_window_column(flow, up, column) for up, column in flow.feeds(node, index))


def _compared(case: Case, flow: Flow, node: PlanNode) -> TimeBound | None:
    directions: dict[frozenset[int], set[str]] = {}
    columns = flow.output_columns(node)
    for part in conjuncts(condition_of(node)):
        read = refs(part)
        inputs = {flow.side_of(node, index)[0].id for index in read}
        if len(inputs) != 2 or call_name(part) not in (*_LOWER, *_UPPER, "BETWEEN", "SEARCH"):
            continue
        roots = {type_root(columns[index][1]) for index in read}
        if (
            all(root.startswith("TIMESTAMP") for root in roots)
            or roots <= set(_NUMBERS)
            or _makes_times(part)
        ):
            directions.setdefault(read, set()).update(_directions(flow, node, part))
    for read, bounds in sorted(directions.items(), key=lambda item: sorted(item[0])):
        times = all(is_time(columns[index][1]) for index in read)
        # Numbers are taken for times only where both bounds are there.
        if times or {"lower", "upper"} <= bounds:
            return _bound(case, flow, node, sorted(read), bounds)
    return None


def _makes_times(part: Rex) -> bool:
    return all(is_time(operand.get("type")) for operand in operands(part))


def _directions(flow: Flow, node: PlanNode, part: Rex) -> set[str]:
    """'lower', 'upper' or both: how the columns of the later input are bounded by those of the earlier."""
    inner = operands(part)
    if len(inner) < 2 or (refs(inner[0]) and refs(inner[0]) == refs(part)):
        # A difference of both: TIMESTAMPDIFF(...) BETWEEN, or the like.
        return {"difference", "lower", "upper"} if call_name(part) == "SEARCH" else {"difference"}
    first = max(refs(inner[0]), default=-1) > max(refs(inner[1]), default=-1)
    return {"lower" if (call_name(part) in _LOWER) == first else "upper"}


def _bound(case: Case, flow: Flow, node: PlanNode, read: list[int], bounds: set[str]) -> TimeBound:
    columns = tuple(flow.side_of(node, index) for index in read)
    reasons: list[str] = []
    unmarked: list[Origin] = []
    for up, index in columns:
        found = flow.origins(up, index)
        if not is_time(up.fields[index][1]):
            kind = type_root(up.fields[index][1])
            reasons.append(f"{flow.name(up, index)} is of type {kind}, and time attributes are timestamps")
        if not found:
            reasons.append(
                f"{up.fields[index][0]} is not a column of a topic: processing time, a constant, or a window's"
                " start or end, in whose place window_time is an event time"
            )
        for origin in found:
            reason = _lost(case, origin, up.fields[index][1])
            if reason:
                reasons.append(reason)
            if reason and origin.scan not in case.watermarked:
                unmarked.append(origin)
    remedy = f"compare the time attributes themselves, `{_FORM}`, before any function or aggregation"
    if unmarked:
        names = listed(list(dict.fromkeys(origin.table for origin in unmarked)))
        remedy = f"declare a WATERMARK on the compared column of {names}"
    elif not reasons and join_type(node) in ("SEMI", "ANTI"):
        reasons.append("Flink has no interval join for EXISTS, IN and their negations")
        remedy = bounded_existence(case, node)
    elif not reasons and bounds in ({"lower"}, {"upper"}):
        reasons.append("an interval join needs a lower and an upper bound")
        remedy = f"add the other bound: `{_FORM}`"
    elif not reasons and "difference" in bounds:
        reasons.append(f"Flink reads only bounds of the form `{_FORM}`")
    elif not reasons:
        compared = listed([flow.name(*column) for column in columns])
        reasons.append(f"a cast or function makes an ordinary timestamp of {compared}, or of one of them")
    return TimeBound(tuple(dict.fromkeys(reasons)), remedy, tuple(dict.fromkeys(unmarked)))


def bounded_existence(case: Case, node: PlanNode) -> str:
    """What to do about EXISTS or NOT EXISTS so that it is bounded in time."""
    rewritten = without_exists(node)
    if node.uid not in case.possible_event_joins:
        return rewritten
    path = case.job_file.path
    return f"write `join_strategy: event_join` in {path}, which removes rows by their bounds; or {rewritten}"


def without_exists(node: PlanNode) -> str:
    """What to write for EXISTS or NOT EXISTS so that it can be bounded in time."""
    if join_type(node) == "ANTI":
        return NOT_EXISTS
    return (
        "write JOIN, bounded in time on both sides' WATERMARK columns, and keep the first match of each row"
    )


def _lost(case: Case, origin: Origin, kind: object) -> str | None:
    """Why a column is not a time attribute where it is compared; None where the source makes it one."""
    table = case.tables.get(origin.table)
    if origin.scan not in case.watermarked:
        return f"the source {origin.table} has no WATERMARK"
    operators = [name for name in origin.through if name.endswith("aggregate")]
    if operators:
        return f"{origin.column} of {origin.table} has gone through an aggregation, and is no time attribute after it"
    marked = table.watermark[0] if table and table.watermark else origin.column
    declared = table.column(marked) if table else None
    is_computed = declared is not None and not declared.type
    if origin.column != marked and not is_computed:
        return f"the WATERMARK of {origin.table} is on {marked}, not on {origin.column}"
    functions = [name for name in origin.through if name not in _HARMLESS]
    if functions and not is_computed:
        return f"{functions[0]}() makes an ordinary value of {origin.column} of {origin.table}"
    return None
