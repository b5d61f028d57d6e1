"""The telling sentence of a Java stack trace."""

from __future__ import annotations

from juncture.planner.javaerrors import causes, innermost, read_failure, root_cause

VALIDATION = """An error occurred while calling o8.compilePlanSql.
: org.apache.flink.table.api.ValidationException: SQL validation failed. SQL validation failed. From line 1, \
column 39 to line 1, column 42: Column 'urlx' not found in table 'c'
\tat org.apache.flink.table.planner.calcite.FlinkPlannerImpl.validate(FlinkPlannerImpl.scala:119)
"""

PARSE = """An error occurred while calling o8.compilePlanSql.
: org.apache.flink.table.api.SqlParserException: SQL parse failed. Encountered "LEFT JOINN" at line 1, column 64.
Was expecting one of:
    "CROSS" ...
    "OUTER" ...

\tat org.apache.flink.table.planner.parse.CalciteParser.parseSqlList(CalciteParser.java:81)
"""

WRAPPED = """py4j.protocol.Py4JJavaError: An error occurred while calling o28.executeSql.
: org.apache.flink.table.api.TableException: Failed to execute sql
\tat a.B.c(B.java:1)
Caused by: org.apache.flink.util.FlinkException: Failed to submit.
\tat a.B.c(B.java:1)
\t... 9 more
Caused by: java.net.ConnectException: Connection refused: 127.0.0.1:1
\tat a.B.c(B.java:1)
"""


def test_validation() -> None:
    failure = read_failure(Exception(VALIDATION), "validate")
    assert failure.message == "Column 'urlx' not found in table 'c'"
    assert failure.place == (1, 39, 1, 42)
    assert failure.kind == "validate"


def test_parse() -> None:
    failure = read_failure(Exception(PARSE), "validate")
    assert failure.kind == "parse"
    assert failure.message == 'Encountered "LEFT JOINN" at line 1, column 64.'
    assert failure.place == (1, 64, None, None)


def test_several_lines_of_one_message() -> None:
    trace = ": org.apache.flink.table.api.ValidationException: Types differ.\nCause: x\n\nQuery: [a]\n\tat a.b(c)\n"
    assert causes(trace) == [("ValidationException", "Types differ.\nCause: x\n\nQuery: [a]")]


def test_root_cause() -> None:
    assert root_cause(WRAPPED) == "Connection refused: 127.0.0.1:1"
    assert root_cause("job.py: the environment variable X is not set\n") == (
        "job.py: the environment variable X is not set"
    )


def test_an_error_whose_message_is_a_class_is_told_with_its_name() -> None:
    lacks = WRAPPED.replace("java.net.ConnectException: Connection refused: 127.0.0.1:1", "%s")
    missing = lacks % "java.lang.NoClassDefFoundError: org/other/Base"
    assert innermost(missing) == "NoClassDefFoundError: org/other/Base"
    assert innermost(lacks % "java.lang.StackOverflowError") == "StackOverflowError"
    said = "Function class 'org.example.F' must have a public default constructor."
    assert innermost(lacks % f"org.apache.flink.table.api.ValidationException: {said}") == said
