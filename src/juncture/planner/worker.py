"""The process that holds the JVM: reads requests as JSON lines, answers with JSON lines.

Run as `python -m juncture.planner.worker [--record FILE] [JAR]...`, with URIs of the jars that tables need. Standard
output carries the answers alone: what Flink prints goes to standard error. The process, and with it the JVM, ends when
standard input closes; with --record it first writes the classes that the JVM used to FILE.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from pyflink.java_gateway import get_gateway
from pyflink.table import EnvironmentSettings, ExplainDetail, TableEnvironment
from pyflink.table.compiled_plan import CompiledPlan
from pyflink.util.java_utils import add_jars_to_context_class_loader, to_jarray

from juncture.planner.brokers import describe_brokers
from juncture.planner.javaerrors import PlannerFailure, innermost, read_failure, root_cause
from juncture.planner.javanames import remember_names
from juncture.planner.joinstate import read_watermark
from juncture.planner.metadata import read_metadata
from juncture.planner.minicluster import start_cluster
from juncture.planner.options import FlinkOptions
from juncture.planner.recording import Recording
from juncture.planner.sourcestate import read_offsets
from juncture.planner.transactions import open_transactions

_ACCEPTING_SINK = "juncture_accepting_sink"
_FLINK_OPTIONS = FlinkOptions()
_NOWHERE = (None, None, None, None)


def _environment(options: dict[str, str]) -> TableEnvironment:
    environment = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    for key, value in options.items():
        environment.get_config().set(key, value)
    # Temporary tables are kept by name alone; their options may hold secrets.
    environment.get_config().set("table.plan.compile.catalog-objects", "IDENTIFIER")
    return environment


def _plan(environment: TableEnvironment, insert: str) -> tuple[str, str]:
    """The plan's JSON and its explanation; explaining finds what only shows when operators are made."""
    try:
        compiled = environment._j_tenv.compilePlanSql(insert)
    except Exception as error:
        raise read_failure(error, "validate") from None
    plan = CompiledPlan(compiled, environment)
    try:
        explanation = plan.explain(ExplainDetail.CHANGELOG_MODE)
    except Exception as error:
        raise read_failure(error, "translate") from None
    return plan.as_json_string(), explanation


def _accepting_insert(environment: TableEnvironment, select: str) -> str:
    """An INSERT of the same query into a sink that takes every kind of change of exactly its columns."""
    is_rowtime = (
        get_gateway().jvm.org.apache.flink.table.types.logical.utils.LogicalTypeChecks.isRowtimeAttribute
    )
    columns, values, names, event_times = [], [], [], 0
    for number, column in enumerate(environment.sql_query(select)._j_table.getResolvedSchema().getColumns()):
        name = f"`{number}_{column.getName().replace('`', '``')}`"  # a query may have a name twice
        logical = column.getDataType().getLogicalType()
        kind = logical.copy(True).asSerializableString()
        event_times += is_rowtime(logical)
        names.append(name)
        columns.append(f"{name} {kind}")
        # A sink takes one event time at most.
        values.append(f"CAST({name} AS {kind})" if is_rowtime(logical) and event_times > 1 else name)
    environment.execute_sql(
        f"CREATE TEMPORARY TABLE {_ACCEPTING_SINK} ({', '.join(columns)}) WITH ('connector' = 'blackhole')"
    )
    return (
        f"INSERT INTO {_ACCEPTING_SINK} SELECT {', '.join(values)}"  # noqa: S608
        f" FROM ({select}) AS query ({', '.join(names)})"
    )


def compile_job(request: dict[str, Any]) -> dict[str, Any]:
    """Compile one job.

    Request: `jars` (URIs of the job's own), `functions` (CREATE statements by name), `tables` (CREATE statements),
    `names` (the tables'), `insert`, `select` (its query alone), `options`, `authored` (those of them that the job's
    author wrote).
    Answer: `plan` (JSON text or None), `explanation`, `lenient`, `error` (fields of PlannerError, or None),
    `options` (fields of JobOption, each).
    """
    examined = _FLINK_OPTIONS.examine(request["authored"])
    refused = {option["key"] for option in examined if option.get("refusal")}
    options = {key: value for key, value in request["options"].items() if key not in refused}
    with _seeing(request["jars"]) if request["jars"] else nullcontext():
        return {**_compile(request, options), "options": examined}


@contextmanager
def _seeing(jars: list[str]) -> Iterator[None]:
    """Have a class loader of one's own, for jars that are here for one job: the next one may lack or change them."""
    jvm = get_gateway().jvm
    thread = jvm.java.lang.Thread.currentThread()
    loader = thread.getContextClassLoader()
    urls = to_jarray(jvm.java.net.URL, [jvm.java.net.URL(jar) for jar in jars])
    thread.setContextClassLoader(jvm.java.net.URLClassLoader(urls, loader))
    try:
        yield
    finally:
        thread.setContextClassLoader(loader)


def examine_options(request: dict[str, Any]) -> dict[str, Any]:
    """What Flink makes of options. Request: `authored`. Answer: `options`, the fields of JobOption, each."""
    return {"options": _FLINK_OPTIONS.examine(request["authored"])}


def _compile(request: dict[str, Any], options: dict[str, str]) -> dict[str, Any]:
    environment = _environment(options)
    if failed := _make_functions(environment, request["functions"]):
        return failed
    for index, statement in enumerate(request["tables"]):
        try:
            environment.execute_sql(statement)
        except Exception as error:
            return _answer(error=read_failure(error, "validate"), statement=index)
    insert_index = len(request["tables"])
    try:
        plan, explanation = _plan(environment, request["insert"])
        return _answer(plan=plan, explanation=explanation)
    except PlannerFailure as failure:
        refused = failure
    if refused.table in request["names"]:
        return _answer(error=refused, statement=request["names"].index(refused.table))
    if refused.kind == "parse":
        return _answer(error=refused, statement=insert_index)
    try:
        plan, explanation = _plan(environment, _accepting_insert(environment, request["select"]))
    except Exception:
        return _answer(error=refused, statement=insert_index)
    return _answer(plan=plan, explanation=explanation, lenient=True, error=refused, statement=insert_index)


def _make_functions(environment: TableEnvironment, functions: dict[str, str]) -> dict[str, Any] | None:
    """Run the statements that make functions, by their names; the answer where one of them can't be made."""
    own = frozenset(environment.list_functions())
    for name, statement in functions.items():
        if name.lower() in own:
            failure = PlannerFailure("validate", "Flink has a function of this name", _NOWHERE)
            return _answer(error=failure, function=name)
        try:
            environment.execute_sql(statement)
            # Before it is called or described, some of what is wrong with a class is not looked at.
            environment.execute_sql(f"DESCRIBE FUNCTION EXTENDED `{name}`")
        except Exception as error:
            return _answer(error=PlannerFailure("validate", innermost(str(error)), _NOWHERE), function=name)
    return None


def run_program(request: dict[str, Any]) -> dict[str, Any]:
    """Run a rendered job.py as `python job.py -Dkey=value ...` would, in the warm JVM.

    Request: `script`, `arguments`, `variables` (added to this process's environment).
    Answer: `error`, the cause in Flink's words, or None.
    """
    os.environ.update(request["variables"])
    sys.argv = [request["script"], *request["arguments"]]
    # The jars that a job adds may be gone when the next one looks for Flink's services.
    with _seeing([]):
        try:
            runpy.run_path(request["script"], run_name="__main__")
        except SystemExit as ended:
            return {"error": str(ended.code) if ended.code else None}
        except Exception as error:
            return {"error": root_cause(str(error))}
    return {"error": None}


def _answer(
    plan: str | None = None,
    explanation: str = "",
    lenient: bool = False,
    error: PlannerFailure | None = None,
    statement: int = 0,
    function: str | None = None,
) -> dict[str, Any]:
    details = {**error.fields(), "statement": statement, "function": function} if error else None
    return {"plan": plan, "explanation": explanation, "lenient": lenient, "error": details}


def main() -> None:
    """Answer requests until standard input closes."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", type=Recording)
    parser.add_argument("jars", nargs="*")
    arguments = parser.parse_args()
    remember_names()
    if arguments.record:
        arguments.record.begin()
    if arguments.jars:
        add_jars_to_context_class_loader(arguments.jars)
    operations = {
        "compile": compile_job,
        "options": examine_options,
        "run": run_program,
        "cluster": start_cluster,
        "offsets": read_offsets,
        "watermark": read_watermark,
        "metadata": read_metadata,
        "transactions": open_transactions,
        "brokers": describe_brokers,
    }
    launched, compiled = bool(arguments.jars), False
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = operations[request["operation"]](request)
        except Exception as error:
            answer = {"crash": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
        launched, compiled = True, compiled or request["operation"] == "compile"
    if arguments.record and compiled:
        arguments.record.finish()
    elif arguments.record and launched:
        # What little another program used would be of little help for ever.
        arguments.record.drop()


if __name__ == "__main__":
    main()
