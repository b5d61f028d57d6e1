"""The command line of the benchmark of joins."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from bench.joins.engine import Plan
from bench.joins.engines.registry import BASE, ON_DEMAND, engines
from bench.joins.machine import machine
from bench.joins.report import Report
from bench.joins.runs import Limits, run_all
from bench.joins.stack import Stack
from bench.joins.workload import Workload

from juncture.errors import JunctureError
from juncture.local.supervisor import signals_raise
from juncture.model.local import mebibytes

_FOLDER = Path(".juncture/bench")


def _arguments() -> argparse.ArgumentParser:
    known = engines()
    parser = argparse.ArgumentParser(
        prog="python -m bench.joins",
        description="Join the same topics with several engines, hold their rows against DuckDB's, and compare what it"
        " costs. See docs/benchmarks.md.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--events", type=int, default=1_000_000, help="of all topics together, about")
    add(
        "--engines",
        default=",".join(name for name in known if name not in ON_DEMAND),
        help="names with commas, run in this order",
    )
    add("--runs", type=int, default=1, help="of each engine, one after the other")
    add("--parallelism", type=int, default=1, help="subtasks, threads or workers")
    add("--memory", default="4g", help="of the process that joins")
    add("--state-limit", default="512m", help="of that: Flink's managed memory, RocksDB's memory elsewhere")
    add("--keys", choices=["unique", "skewed"], default="unique")
    add("--match", type=int, default=84, help="per cent of the server events that have a client event")
    add("--topics", type=int, choices=[2, 3], default=2)
    add(
        "--join",
        choices=["inner", "left", "right", "full"],
        default="inner",
        help="other than inner: with --rate 0",
    )
    add("--payload", type=int, default=1, help="how many times as long the texts in the events are")
    add("--span", type=int, default=1800, help="seconds of event time in the topics")
    add("--checkpoint", type=int, default=10, help="seconds between checkpoints")
    add("--rate", type=int, default=2000, help="events/s of the pass that measures delays; 0: none")
    add("--rate-seconds", type=int, default=30, help="how long that pass writes")
    add("--timeout", type=int, default=1800, help="seconds after which a run is taken as it is")
    add("--result", type=Path, help=f"the JSON file; by default a new one in {_FOLDER}")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; 0 if no engine failed, else 1; other rows than DuckDB's are no failure."""
    parser = _arguments()
    given = parser.parse_args(arguments)
    known = engines(given.match, given.join)
    names = given.engines.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"no engine {', '.join(unknown)}; there are {', '.join(known)}")
    if given.join != "inner" and given.rate:
        parser.error(f"delays are measured of inner joins alone: give --rate 0 with --join {given.join}")
    try:
        memory, state = mebibytes(given.memory), mebibytes(given.state_limit)
    except ValueError as error:
        parser.error(str(error))
    workload = Workload(given.events, given.span, given.keys, given.match, given.topics, given.payload)
    plan = Plan(given.parallelism, memory, state, given.checkpoint)
    limits = Limits(given.runs, given.timeout, given.rate, given.rate_seconds, given.join)
    started = datetime.now(timezone.utc)
    path: Path = given.result or _FOLDER / f"{started:%Y-%m-%dT%H%M%S}.json"
    about = {"command": " ".join(["python -m bench.joins", *(arguments or sys.argv[1:])])}
    report = Report(BASE, about, {name: each for name, each in vars(given).items() if name != "result"})
    report.about |= {
        "begun": f"{started:%Y-%m-%d %H:%M} UTC",
        "machine": machine(),
        "events": ", ".join(f"{count:,} {name}" for name, count in workload.counts.items()),
        "workload": f"{given.join} join, {given.keys} keys, {given.match} % match, payload times {given.payload},"
        f" {given.span} s of event time, 10 min bound",
        "limits": f"parallelism {given.parallelism}, memory {given.memory}, state {given.state_limit},"
        f" checkpoint every {given.checkpoint} s",
    }
    begin = time.monotonic()

    def progress(message: str) -> None:
        print(f"{time.monotonic() - begin:7.1f} s  {message}", file=sys.stderr, flush=True)

    def finished() -> None:
        report.store(path)
        if report.outcomes[-1].failure:
            progress(f"  FAILED: {report.outcomes[-1].failure}")

    try:
        progress("Starting the broker")
        with signals_raise(), Stack(_FOLDER / "stack", memory, given.parallelism) as stack:
            run_all(
                [known[name] for name in names], workload, plan, limits, stack, report, finished, progress
            )
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
