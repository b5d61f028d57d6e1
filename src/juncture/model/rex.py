"""Expressions of the plan's JSON ("rex"): what they call, what they read, how they look as SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Rex = dict[str, Any]

_INFIX = frozenset({"=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "||", "AND", "OR", "LIKE"})


def call_name(expression: Rex) -> str:
    """The function of a call without Flink's decoration ('$CAST$1' is 'CAST'); '' for other expressions."""
    if expression.get("kind") != "CALL":
        return ""
    name = expression.get("internalName") or expression.get("systemName") or expression.get("catalogName")
    text = str(name or expression.get("class", "")).rsplit(".", 1)[-1].strip("`")
    return text[1:].rsplit("$", 1)[0] if text.startswith("$") else text


def operands(expression: Rex) -> list[Rex]:
    """The expressions directly inside."""
    inner = [operand for operand in expression.get("operands", ()) if isinstance(operand, dict)]
    if isinstance(expression.get("expr"), dict):
        inner.append(expression["expr"])
    return inner


def walk(expression: Rex | None) -> Iterator[Rex]:
    """The expression and all inside it, outermost first."""
    if expression is None:
        return
    yield expression
    for operand in operands(expression):
        yield from walk(operand)


def refs(expression: Rex | None) -> frozenset[int]:
    """Indexes of the input columns that it reads."""
    return frozenset(e["inputIndex"] for e in walk(expression) if e.get("kind") == "INPUT_REF")


def conjuncts(expression: Rex | None) -> Iterator[Rex]:
    """The parts of a condition that all must hold."""
    if expression is None:
        return
    if call_name(expression) == "AND":
        for operand in operands(expression):
            yield from conjuncts(operand)
    else:
        yield expression


def renamed(expression: Rex) -> int | None:
    """The input column, where the expression is only that column (a rename, or a rowtime's reinterpretation)."""
    while call_name(expression) == "REINTERPRET":
        expression = operands(expression)[0]
    return expression["inputIndex"] if expression.get("kind") == "INPUT_REF" else None


def type_root(kind: Any) -> str:
    """The type without length, precision and nullability: 'VARCHAR', 'BIGINT', 'TIMESTAMP_LTZ', 'ROW'."""
    name = str(kind.get("type", "") if isinstance(kind, dict) else kind).upper()
    if "LOCAL" in name:
        return "TIMESTAMP_LTZ"
    root = name.replace("<", "(").split("(")[0].split(" ")[0]
    return {"STRING": "VARCHAR", "BYTES": "VARBINARY", "INTEGER": "INT", "DEC": "DECIMAL"}.get(
        root.removesuffix("_WITHOUT_TIME_ZONE"), root.removesuffix("_WITHOUT_TIME_ZONE")
    )


def is_time(kind: Any) -> bool:
    """Whether values of the type are points in time."""
    return type_root(kind).startswith("TIMESTAMP")


def is_rowtime(kind: Any) -> bool:
    """Whether the type is an event-time attribute: one that watermarks follow."""
    return isinstance(kind, dict) and kind.get("kind") == "ROWTIME"


def as_sql(expression: Rex, name_of: Callable[[int], str]) -> str:
    """The expression for a reader: near to SQL, names by `name_of` the input's index."""
    match expression.get("kind"):
        case "INPUT_REF":
            return name_of(expression["inputIndex"])
        case "LITERAL":
            value = expression.get("value", "...")
            return f"'{value}'" if isinstance(value, str) else str(value)
        case "FIELD_ACCESS":
            return f"{as_sql(expression['expr'], name_of)}.{expression['name']}"
    name, inner = call_name(expression), [as_sql(operand, name_of) for operand in operands(expression)]
    if name in _INFIX and len(inner) > 1:
        return f" {name} ".join(inner)
    if name.startswith("IS ") and len(inner) == 1:
        return f"{inner[0]} {name}"
    if name == "ITEM" and len(inner) == 2:
        return f"{inner[0]}[{inner[1]}]"
    if name in ("CAST", "TRY_CAST"):
        return f"{name}({inner[0]} AS {type_root(expression.get('type'))})"
    return f"{name}({', '.join(inner)})"
