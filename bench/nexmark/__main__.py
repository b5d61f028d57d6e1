"""The command line of the benchmark of Nexmark's joins."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from bench.joins.command import FOLDER, arguments, begin
from bench.joins.report import Report
from bench.joins.runs import Limits, Progress, each_run
from bench.joins.stack import Stack
from bench.joins.topics import Topics
from bench.nexmark.engines import BASE, engines, topic
from bench.nexmark.events import NAMES, Nexmark
from bench.nexmark.oracle import INPUTS, Oracle

from juncture.errors import JunctureError
from juncture.local.supervisor import signals_raise

_FORMS = tuple(engines(next(iter(INPUTS))))


def _arguments() -> argparse.ArgumentParser:
    parser = arguments(
        "python -m bench.nexmark",
        "Run Nexmark's joins as published, with bounds, and on the event join, over the same topics; hold their rows"
        " against DuckDB's, and compare what they cost.",
        parallel="subtasks",
        limited="Flink's managed memory",
    )
    add = parser.add_argument
    add("--events", type=int, default=1_000_000, help="of all kinds, 10,000 a second of event time")
    add("--queries", default=",".join(INPUTS), help="names with commas, run in this order")
    add("--engines", default=",".join(_FORMS[:3]), help=f"some of {', '.join(_FORMS)}, run in this order")
    add("--results", type=Path, default=FOLDER, help="the folder of the JSON files, one for each query")
    return parser


def main(asked: list[str] | None = None) -> int:
    """Run the benchmark; 0 if no engine failed, else 1; other rows than DuckDB's are no failure."""
    parser = _arguments()
    given = parser.parse_args(asked)
    queries, names = given.queries.split(","), given.engines.split(",")
    for kind, named, known in (("query", queries, INPUTS), ("engine", names, _FORMS)):
        unknown = [name for name in named if name not in known]
        if unknown:
            parser.error(f"no {kind} {', '.join(unknown)}; there are {', '.join(known)}")
    begun = begin(parser, given, asked)
    limits = Limits(given.runs, given.timeout, 0, 0)
    events = Nexmark(given.events)
    numbers: dict[str, int | str] = {name: each for name, each in vars(given).items() if name != "results"}
    progress = begun.progress
    reports: list[Report] = []
    try:
        progress("Starting the broker")
        with (
            signals_raise(),
            begun.stack() as stack,
            closing(Oracle()) as rows,
        ):
            inputs = _filled(stack, queries, events, max(4, given.parallelism), progress)
            progress("DuckDB computes the expected rows")
            rows.read(inputs, queries)
            for query in queries:
                counts = {name: events.counts[name] for name in INPUTS[query]}
                report = Report(BASE, {"query": query, "events": _words(counts), **begun.about}, numbers)
                reports.append(report)
                chosen = [engines(query)[name] for name in names]
                topics = replace(inputs, inputs={name: topic(name) for name in counts}, result=topic(query))
                total = sum(counts.values()) + inputs.partitions * len(counts)
                for _, outcome in each_run(
                    chosen, begun.plan, limits, stack, topics, total, rows, report, progress
                ):
                    report.outcomes.append(outcome)
                    report.store(given.results / f"nexmark-{query}-{begun.stamp}.json")
                    if outcome.failure:
                        progress(f"  FAILED: {outcome.failure}")
    except JunctureError as error:
        print(f"{error}\n{error.remedy or ''}".rstrip(), file=sys.stderr)
        return error.exit_code
    finally:
        for report in reports:
            print(report.text())
    return 0 if all(each.failure is None for report in reports for each in report.outcomes) else 1


def _filled(
    stack: Stack, queries: Sequence[str], events: Nexmark, partitions: int, progress: Progress
) -> Topics:
    """The topics that the queries read, with all events and then one in each partition that ends it."""
    read = [name for name in NAMES if any(name in INPUTS[query] for query in queries)]
    inputs = Topics(stack.kafka, {name: topic(name) for name in read}, "", partitions)
    inputs.create_inputs()
    inputs.fill(events, progress)
    inputs.end(events)
    return inputs


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


if __name__ == "__main__":
    sys.exit(main())
