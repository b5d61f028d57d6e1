from __future__ import annotations

import pytest

from juncture.local.failures import failed_start, relevant_lines

TRACE = """\
2026-01-01 INFO  Starting
2026-01-01 ERROR Cannot start
java.io.IOException: {reason}
\tat java.base/sun.nio.ch.Net.bind0(Native Method)
\t... 12 more
2026-01-01 INFO  Stopped
"""


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Address already in use", "port was taken"),
        ("No space left on device", "disk is full"),
        ("Cannot allocate memory", "too little free memory"),
    ],
)
def test_the_cause_is_named_with_the_lines_that_tell_it(tmp_path, reason, cause):
    log = tmp_path / "kafka.log"
    log.write_text(TRACE.format(reason=reason))
    error = failed_start("kafka", "ended with 1", {log: 0, tmp_path / "missing.out": 0})
    assert cause in str(error)
    assert reason in str(error)
    assert "bind0" not in str(error)
    assert error.remedy


def test_a_log_that_was_begun_anew_is_read_whole(tmp_path):
    log = tmp_path / "kafka.log"
    log.write_text(TRACE.format(reason="Address already in use"))
    assert "port was taken" in str(failed_start("kafka", "ended with 1", {log: 10_000}))


def test_an_unknown_cause_shows_the_end_of_the_log_and_where_it_is(tmp_path):
    log = tmp_path / "kafka.log"
    log.write_text("one\ntwo\n")
    error = failed_start("kafka", "ended with 1", {log: 0})
    assert "two" in str(error)
    assert str(log) in str(error.remedy)


def test_stack_frames_are_not_relevant():
    assert relevant_lines(TRACE.format(reason="x")) == [
        "2026-01-01 ERROR Cannot start",
        "java.io.IOException: x",
    ]
