"""Which columns of a join's state are read after it, and which of them only in part."""

from __future__ import annotations

from dataclasses import dataclass, field

from juncture.checks.functions import EXTRACTING, NONDETERMINISTIC
from juncture.model.flow import JOINS, Flow, condition_of, join_spec
from juncture.model.plan import PlanNode
from juncture.model.rex import Rex, call_name, is_rowtime, operands, refs, renamed, type_root, walk

_WIDE = frozenset(
    {"VARCHAR", "CHAR", "VARBINARY", "BINARY", "ROW", "MAP", "ARRAY", "MULTISET", "RAW", "VARIANT"}
)
_CONVERTING = frozenset({"CAST", "TRY_CAST", "REINTERPRET", "COALESCE", "CASE"})
_PASSING = frozenset(
    {
        "exchange", "union", "watermark-assigner", "drop-update-before", "mini-batch-assigner", "deduplicate",
        "changelog-normalize", "rank", "window-table-function",
    }
)  # fmt: skip


@dataclass
class Use:
    """How a column is read: `whole`, or only inside `parts` (the node that computes it, the expression)."""

    whole: bool = False
    parts: list[tuple[PlanNode, Rex]] = field(default_factory=list)

    def add(self, other: Use) -> None:
        self.whole = self.whole or other.whole
        self.parts.extend(part for part in other.parts if part not in self.parts)


def narrowing(expression: Rex) -> bool:
    """Whether an expression of one wide column gives much less than the column."""
    name = call_name(expression)
    if name in EXTRACTING or expression.get("kind") == "FIELD_ACCESS":
        return True
    return bool(name) and name not in _CONVERTING and type_root(expression.get("type")) not in _WIDE


def uses_in(node: PlanNode, expression: Rex | None, inputs: PlanNode | list[object]) -> dict[int, Use]:
    """How an expression reads each column. `inputs` gives the types: a node, or a list of them by index."""
    kinds = [kind for _, kind in inputs.fields] if isinstance(inputs, PlanNode) else inputs
    found: dict[int, Use] = {}

    def visit(part: Rex) -> None:
        read = refs(part)
        if len(read) == 1 and part.get("kind") != "INPUT_REF":
            (index,) = read
            varies = any(call_name(e) in NONDETERMINISTIC for e in walk(part))
            if type_root(kinds[index]) in _WIDE and narrowing(part) and not varies:
                found.setdefault(index, Use()).add(Use(parts=[(node, part)]))
                return
        if part.get("kind") == "INPUT_REF":
            found.setdefault(part["inputIndex"], Use()).whole = True
        for operand in operands(part):
            visit(operand)

    if expression is not None:
        visit(expression)
    return found


class Liveness:
    """How each operator's output columns are read by what comes after it."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._uses: dict[int, dict[int, Use]] = {node.id: {} for node in flow.plan.nodes}
        for node in self._consumers_first():
            self._propagate(node)

    def output(self, node: PlanNode, index: int) -> Use:
        """How an output column is read; neither whole nor in part where nothing reads it."""
        return self._uses[node.id].get(index, Use())

    def input(self, node: PlanNode, up: PlanNode, offset: int, index: int) -> Use:
        """How a column that enters a join is read by its condition and by what comes after it."""
        use = Use()
        kinds = [kind for _, kind in self._flow.output_columns(node)]
        use.add(uses_in(node, condition_of(node), kinds).get(offset + index, Use()))
        if offset + index < len(node.fields):
            use.add(self.output(node, offset + index))
        return use

    def _consumers_first(self) -> list[PlanNode]:
        order: dict[int, PlanNode] = {}

        def visit(node: PlanNode) -> None:
            if node.id not in order:
                for up in self._flow.plan.inputs(node):
                    visit(up)
                order[node.id] = node

        for sink in self._flow.plan.of_kind("sink"):
            visit(sink)
        return list(reversed(order.values()))

    def _read(self, node: PlanNode, index: int, use: Use) -> None:
        self._uses[node.id].setdefault(index, Use()).add(use)

    def _propagate(self, node: PlanNode) -> None:
        ups = self._flow.plan.inputs(node)
        if node.kind == "calc":
            self._propagate_calc(node, ups[0])
        elif node.kind in JOINS:
            for up, offset in self._flow.sides(node):
                for index in range(len(up.fields)):
                    self._read(up, index, self.input(node, up, offset, index))
            self._keys(node, ups)
        elif node.kind in _PASSING:
            for up in ups:
                for index, (_, kind) in enumerate(up.fields):
                    orders = node.kind == "deduplicate" and is_rowtime(kind)
                    self._read(up, index, Use(whole=True) if orders else self.output(node, index))
            self._keys(node, ups)
        elif node.kind == "group-aggregate":
            for index in (*node.raw.get("grouping", ()), *_arguments(node)):
                self._read(ups[0], index, Use(whole=True))
        else:
            for up in ups:
                for index in range(len(up.fields)):
                    self._read(up, index, Use(whole=True))

    def _propagate_calc(self, node: PlanNode, up: PlanNode) -> None:
        for index, expression in enumerate(node.raw["projection"]):
            use = self.output(node, index)
            column = renamed(expression)
            if column is not None:
                self._read(up, column, use)
            elif use.whole or use.parts:
                for read, inner in uses_in(node, expression, up).items():
                    self._read(up, read, inner)
        for read, inner in uses_in(node, node.raw.get("condition"), up).items():
            self._read(up, read, inner)

    def _keys(self, node: PlanNode, ups: tuple[PlanNode, ...]) -> None:
        for number, up in enumerate(ups):
            for index in key_columns(node, number):
                if index < len(up.fields):
                    self._read(up, index, Use(whole=True))


def key_columns(node: PlanNode, number: int) -> set[int]:
    """Columns of an input that the operator itself needs: keys, times, orderings."""
    raw, found = node.raw, set[int]()
    side = "right" if number else "left"
    found.update(join_spec(node).get(f"{side}Keys", ()))
    for keys in raw.get(f"{side}UpsertKeys", ()):
        found.update(keys)
    bounds = (raw.get("intervalJoinSpec") or {}).get("windowBounds") or {}
    found.add(bounds.get(f"{side}TimeIndex", -1))
    found.add(raw.get(f"{side}TimeAttributeIndex", -1))
    for windowing in (raw.get(f"{side}Windowing") or {}, raw.get("windowing") or {}):
        found.update(windowing.get(name, -1) for name in ("windowStart", "windowEnd", "timeAttributeIndex"))
    for attributes in (raw.get("joinAttributeMap") or {}).values():
        for attribute in attributes:
            if attribute.get("leftInputId") == number:
                found.add(attribute["leftFieldIndex"])
            if attribute.get("rightInputId") == number:
                found.add(attribute["rightFieldIndex"])
    found.update(raw.get("uniqueKeys", ()) if isinstance(raw.get("uniqueKeys"), list) else ())
    found.update((raw.get("partition") or {}).get("fields", ()))
    found.update(order["index"] for order in (raw.get("orderBy") or {}).get("fields", ()))
    found.add(raw.get("rowtimeFieldIndex", -1))
    found.discard(-1)
    return found


def _arguments(node: PlanNode) -> list[int]:
    calls = node.raw.get("aggCalls", ())
    return [index for call in calls for index in (*call["argList"], call.get("filterArg", -1)) if index >= 0]
