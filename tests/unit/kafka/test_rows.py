"""Values of records, as rows."""

from __future__ import annotations

import pytest

from juncture.kafka.rows import millis_of, row_of

SECOND = 1_772_359_205_000
"""2026-03-01T10:00:05Z"""


@pytest.mark.parametrize(
    ("written", "millis"),
    [
        ("2026-03-01T10:00:05Z", SECOND),
        ("2026-03-01T10:00:05.5Z", SECOND + 500),
        ("2026-03-01 10:00:05.123", SECOND + 123),
        ("2026-03-01 10:00:05.123456789", SECOND + 123),
        ("2026-03-01T10:00Z", SECOND - 5_000),
        ("2026-03-01T10:00:05+00:00", None),
        ("2026-03-01T11:00:05.25+01:00", None),
        ("2026-03-01", None),
        ("20260301T100005Z", None),
        ("2026-02-30T10:00:05Z", None),
        ("today", None),
        (5, None),
    ],
)
def test_times_are_read_however_many_digits_their_fraction_has(written: object, millis: int | None) -> None:
    assert millis_of(written) == millis


@pytest.mark.parametrize("value", [None, b"", b"[1]", b"1", b"{", b"\xff", b'{"a":' + b"[" * 100_000])
def test_what_is_no_object_is_an_empty_row(value: bytes | None) -> None:
    assert row_of(value) == {}


def test_an_object_is_a_row() -> None:
    assert row_of('{"größe": [1]}'.encode()) == {"größe": [1]}
