"""Keys that are equal in Flink, as its JSON format reads a column's type, though they are written differently."""

from __future__ import annotations

from typing import Any

import pytest

from juncture.pairing.sides import Side


@pytest.mark.parametrize(
    ("kind", "one", "other", "equal"),
    [
        ("BIGINT", "000000007", 7, True),
        ("BIGINT NOT NULL", " +7 ", 7, True),
        ("INT", 7.9, 7, True),
        ("INT", -7.9, -7, True),
        ("BIGINT", 2**63 - 1, str(2**63 - 1), True),
        ("DOUBLE", 7.0, 7, True),
        ("DOUBLE", "1e3", 1000, True),
        ("DOUBLE", 7.5, 7, False),
        ("DECIMAL(10, 2)", 7.0, 7, True),
        ("DECIMAL(10, 2)", "7.10", 7.1, True),
        ("DECIMAL(10, 2)", 7.005, "7.01", True),
        ("DECIMAL(10, 2)", 7.1, 7, False),
        (
            "DECIMAL(38, 0)",
            "12345678901234567890123456789012345678",
            12345678901234567890123456789012345678,
            True,
        ),
        ("DECIMAL(38, 18)", "12345678901234567890.5", "12345678901234567890.50", True),
        ("BOOLEAN", "TRUE", True, True),
        ("VARCHAR(2147483647)", "7", 7, True),
        ("VARCHAR(2147483647)", "007", 7, False),
        ("VARCHAR(2147483647)", "true", True, True),
        ("VARCHAR(2147483647)", '{"a":1,"b":"x"}', {"a": 1, "b": "x"}, True),
    ],
)
def test_what_is_equal(kind: str, one: Any, other: Any, equal: bool) -> None:
    side = Side("t", ("k",), (kind,), "")
    assert (side.keyed({"k": one})[0] == side.keyed({"k": other})[0]) is equal
    assert None not in side.keyed({"k": one})[0]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("BIGINT", None),
        ("BIGINT", "7.0"),
        ("BIGINT", ""),
        ("BIGINT", 2**63),
        ("BIGINT", "9" * 5000),
        ("INT", 3_000_000_000),
        ("TINYINT", 7.0),
        ("SMALLINT", 40_000),
        ("BIGINT", [7]),
        ("DOUBLE", "seven"),
        ("DECIMAL(3, 1)", 100),
        ("DECIMAL(3, 1)", "x"),
        ("VARCHAR(2147483647)", None),
    ],
)
def test_what_the_format_can_not_read_equals_nothing(kind: str, value: Any) -> None:
    assert Side("t", ("k",), (kind,), "").keyed({"k": value})[0] == (None,)
