"""Durations: Flink's notation and ISO 8601, up to a thousand years."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from juncture.model.duration import LONGEST, Duration, option_millis, read_duration

TOO_LONG = "is too long; write at most '365000 d', 1000 years"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 h 30 s", timedelta(hours=1, seconds=30)),
        ("500ms", timedelta(milliseconds=500)),
        (" PT2H ", timedelta(hours=2)),
        ("pt1.5s", timedelta(seconds=1.5)),
        ("P1D", timedelta(days=1)),
        ("-PT1M", timedelta(minutes=-1)),
        ("365000 d", LONGEST),
        ("P365000D", LONGEST),
        ("0" * 50 + "1 s", timedelta(seconds=1)),
    ],
)
def test_both_notations_are_read(text: str, expected: timedelta) -> None:
    assert read_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "365000 d 1 ms",
        "999999999999 d",
        "9" * 5000 + " ms",
        "P365001D",
        "P99999999999D",
        "P9999999Y",
        "PT99999999999999H",
    ],
)
def test_what_is_longer_than_a_thousand_years_is_refused_with_the_limit(text: str) -> None:
    with pytest.raises(ValueError, match=TOO_LONG) as caught:
        read_duration(text)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("text", ["abc", "", "PT2X", "P", "2 h abc", "10"])
def test_what_is_no_duration_is_told_of_both_notations(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write for instance '10 min' or 'PT10M'"):
        read_duration(text)


@pytest.mark.parametrize("value", [LONGEST + timedelta(milliseconds=1), timedelta(milliseconds=-1)])
def test_a_timedelta_has_the_same_limits(value: timedelta) -> None:
    adapter = TypeAdapter(Duration)
    assert adapter.validate_python(LONGEST) == LONGEST
    with pytest.raises(ValidationError, match=r"too long|negative"):
        adapter.validate_python(value)


@pytest.mark.parametrize("text", ["999999999999 d", str(2**63 - 1), "9" * 5000])
def test_an_option_of_flink_that_is_longer_is_taken_for_the_longest(text: str) -> None:
    assert option_millis(text) == LONGEST // timedelta(milliseconds=1)


def test_an_option_of_flink_may_be_a_number_of_milliseconds() -> None:
    assert (option_millis(" 25 "), option_millis("0" * 40 + "25"), option_millis("\u00b2")) == (25, 25, 0)
    assert (option_millis("10 min"), option_millis("25"), option_millis("soon")) == (600_000, 25, 0)
