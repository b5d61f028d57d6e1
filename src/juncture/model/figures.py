"""Numbers with a range, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Literal, get_args

from pydantic import field_serializer

from juncture.model.base import Value
from juncture.model.wording import decimal, size, span

Basis = Literal["measured", "sampled", "computed", "calibrated", "packaged", "assumed"]
"""Counted in Kafka or Flink; from a sample of records; from other figures; from a cost model that was measured with
the job, or from the one that comes with Juncture; taken for want of anything better."""

BASES: tuple[Basis, ...] = get_args(Basis)
"""From the surest to the least sure one."""


def least_sure(bases: Iterable[Basis]) -> Basis:
    """What a figure rests on that is made of others with these; of none it is measured."""
    return max(bases, key=BASES.index, default="measured")


Unit = Literal[
    "records/s",
    "bytes",
    "bytes/s",
    "bytes/h",
    "µs",
    "cores",
    "slots",
    "rows",
    "rows/s",
    "operations/s",
    "s",
    "a month",
]


class Range(Value):
    """What a figure is at least, is expected to be, and is at most. Infinity, null in JSON, means never."""

    low: float
    expected: float
    high: float

    @field_serializer("low", "expected", "high", when_used="json")
    def _finite(self, value: float) -> float | None:
        return value if isfinite(value) else None

    @classmethod
    def exactly(cls, value: float) -> Range:
        return cls(low=value, expected=value, high=value)

    @classmethod
    def total(cls, parts: Iterable[Range]) -> Range:
        """The sum; 0 of none."""
        return sum(parts, start=cls.exactly(0))

    def __add__(self, other: Range) -> Range:
        return Range(
            low=self.low + other.low, expected=self.expected + other.expected, high=self.high + other.high
        )

    def __mul__(self, other: Range | float) -> Range:
        by = other if isinstance(other, Range) else Range.exactly(other)
        return Range(low=self.low * by.low, expected=self.expected * by.expected, high=self.high * by.high)


def amount(value: float, unit: Unit) -> str:
    """A figure for people."""
    match unit:
        case "bytes":
            return size(value)
        case "bytes/s":
            return f"{size(value)}/s"
        case "bytes/h":
            return f"{size(value)}/h"
        case "s":
            return span(value * 1000)
        case "cores":
            return decimal(value, 2)
        case "rows" | "slots":
            return f"{value:,.0f}"
        case "a month":
            return f"{decimal(value, 2)} a month"
        case "µs":
            return f"{decimal(value, 1)} µs"
    return decimal(value, 1)


class Figure(Value):
    """One figure, the formula it comes from with its numbers filled in, and what it rests on."""

    name: str
    unit: Unit
    value: Range
    formula: str
    basis: Basis
