"""The command line of the benchmark of joins."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.joins.command import FOLDER, arguments, begin
from bench.joins.engines.registry import BASE, ON_DEMAND, engines
from bench.joins.report import Report
from bench.joins.runs import Limits, run_all
from bench.joins.workload import WINDOW, Workload

from juncture.errors import JunctureError
from juncture.local.supervisor import signals_raise


def _arguments() -> argparse.ArgumentParser:
    known = engines()
    parser = arguments(
        "python -m bench.joins",
        "Join the same topics with several engines, hold their rows against DuckDB's, and compare what it costs.",
        parallel="subtasks, threads or workers",
        limited="Flink's managed memory, RocksDB's memory elsewhere",
    )
    add = parser.add_argument
    add("--events", type=int, default=1_000_000, help="of all topics together, about")
    add(
        "--engines",
        default=",".join(name for name in known if name not in ON_DEMAND),
        help="names with commas, run in this order",
    )
    add("--keys", choices=["unique", "skewed"], default="unique")
    add("--match", type=int, default=84, help="per cent of the server events that have a client event")
    add("--topics", type=int, choices=[2, 3], default=2)
    add(
        "--join",
        choices=["inner", "left", "right", "full"],
        default="inner",
        help="other than inner: with --rate 0",
    )
    add(
        "--format",
        choices=["json", "avro", "protobuf"],
        default="json",
        help="other than json: Flink's engines alone",
    )
    add("--payload", type=int, default=1, help="how many times as long the texts in the events are")
    add("--window", type=int, default=WINDOW, help="minutes; other than 10: Flink's engines with bounds")
    add("--span", type=int, default=1800, help="seconds of event time in the topics")
    add("--rate", type=int, default=2000, help="events/s of the pass that measures delays; 0: none")
    add("--rate-seconds", type=int, default=30, help="how long that pass writes")
    add("--result", type=Path, help=f"the JSON file; by default a new one in {FOLDER}")
    return parser


def main(asked: list[str] | None = None) -> int:
    """Run the benchmark; 0 if no engine failed, else 1; other rows than DuckDB's are no failure."""
    parser = _arguments()
    given = parser.parse_args(asked)
    known = engines(given.match, given.join, given.format, given.window)
    names = given.engines.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"no engine {', '.join(unknown)}; there are {', '.join(known)}")
    if given.join != "inner" and given.rate:
        parser.error(f"delays are measured of inner joins alone: give --rate 0 with --join {given.join}")
    begun = begin(parser, given, asked)
    workload = Workload(
        given.events,
        given.span,
        given.keys,
        given.match,
        given.topics,
        given.payload,
        format=given.format,
        window=given.window,
    )
    limits = Limits(given.runs, given.timeout, given.rate, given.rate_seconds, given.join)
    path: Path = given.result or FOLDER / f"{begun.stamp}.json"
    report = Report(BASE, dict(begun.about), {n: each for n, each in vars(given).items() if n != "result"})
    report.about |= {
        "events": ", ".join(f"{count:,} {name}" for name, count in workload.counts.items()),
        "workload": f"{given.join} join, {given.keys} keys, {given.match} % match, {given.format},"
        f" payload times {given.payload}, {given.span} s of event time,"
        f" {given.window} min bound",
    }
    progress = begun.progress

    def finished() -> None:
        report.store(path)
        if report.outcomes[-1].failure:
            progress(f"  FAILED: {report.outcomes[-1].failure}")

    try:
        progress("Starting the broker")
        with signals_raise(), begun.stack() as stack:
            chosen = [known[name] for name in names]
            run_all(chosen, workload, begun.plan, limits, stack, report, finished, progress)
    except JunctureError as error:
        print(f"{error}\n{error.remedy or ''}".rstrip(), file=sys.stderr)
        return error.exit_code
    finally:
        if report.outcomes:
            print(report.text())
            progress(f"Stored as {path}")
    return 0 if all(each.failure is None for each in report.outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
