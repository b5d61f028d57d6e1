"""Values of records, as rows."""

from __future__ import annotations

import pytest

from juncture.kafka.rows import millis_of

SECOND = 1_772_359_205_000
"""2026-03-01T10:00:05Z"""


@pytest.mark.parametrize(
    ("written", "millis"),
    [
        ("2026-03-01T10:00:05Z", SECOND),
        ("2026-03-01T10:00:05.5Z", SECOND + 500),
        ("2026-03-01 10:00:05.123", SECOND + 123),
        ("2026-03-01 10:00:05.123456789", SECOND + 123),
        ("2026-03-01T11:00:05.25+01:00", SECOND + 250),
        ("today", None),
        (5, None),
    ],
)
def test_times_are_read_however_many_digits_their_fraction_has(written: object, millis: int | None) -> None:
    assert millis_of(written) == millis
