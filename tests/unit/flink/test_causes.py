"""Root causes of traces as Flink 2.3 gives them, frames shortened."""

from __future__ import annotations

from juncture.flink.causes import root_cause

WRAPPED = """\
org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy
\tat org.apache.flink.runtime.executiongraph.failover.ExecutionFailureHandler.handleFailure(E.java:219)
Caused by: java.util.concurrent.CompletionException: java.lang.RuntimeException: One or more fetchers failed
\tat java.base/java.util.concurrent.CompletableFuture.encodeThrowable(CompletableFuture.java:332)
\t... 4 more
Caused by: java.io.IOException: Failed to deserialize JSON '{broken'.
\tat org.apache.flink.formats.json.JsonRowDataDeserializationSchema.deserialize(J.java:92)
Caused by: org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParseException: Unexpected \
character ('b' (code 98)): was expecting double-quote to start field name
 at [Source: (byte[])"{broken"; line: 1, column: 3]
\tat org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser._constructError(J.java:2477)
"""


def test_the_innermost_cause_with_its_whole_message() -> None:
    name, said = root_cause(WRAPPED)
    assert name.endswith(".JsonParseException")
    assert said.startswith("Unexpected character ('b' (code 98))")
    assert "NoRestartBackoffTimeStrategy" not in said


def test_a_cause_without_a_message_takes_that_around_it() -> None:
    trace = "java.lang.RuntimeException: cannot open the source\n\tat A.b(A.java:1)\n"
    trace += "Caused by: java.lang.NullPointerException\n\tat C.d(C.java:1)\n"
    assert root_cause(trace) == ("java.lang.NullPointerException", "cannot open the source")


def test_a_cause_of_which_nothing_is_said_takes_its_place() -> None:
    trace = "org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy\n"
    trace += "\tat E.handle(E.java:219)\n"
    trace += "Caused by: java.lang.NullPointerException\n\tat C.d(C.java:1)\n\tat X.y(X.java:2)\n"
    assert root_cause(trace) == ("java.lang.NullPointerException", "at C.d(C.java:1)")


def test_a_serialized_cause_is_unwrapped() -> None:
    trace = (
        "java.util.concurrent.CompletionException: org.apache.flink.util.SerializedThrowable: "
        "org.apache.flink.runtime.checkpoint.CheckpointException: Checkpoint triggering task is not running\n"
        "\tat A.b(A.java:1)\n"
    )
    assert root_cause(trace) == (
        "org.apache.flink.runtime.checkpoint.CheckpointException",
        "Checkpoint triggering task is not running",
    )


def test_a_text_that_is_no_trace() -> None:
    assert root_cause("something went wrong\nand more") == ("", "something went wrong")
    assert root_cause("") == ("", "")
