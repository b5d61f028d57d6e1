"""The command line: fit the cost model to a join of each engine, foretell others, run them, and compare."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from bench.capacity.configurations import FITTED, HELD_OUT, Configuration
from bench.capacity.outcome import Outcomes
from bench.capacity.runs import Bench
from bench.joins.machine import machine

from juncture.deploy.environment.toolchain import find_toolchain
from juncture.errors import JunctureError
from juncture.local.stack import LocalStack
from juncture.local.supervisor import signals_raise
from juncture.model.calibration import Calibration
from juncture.model.environment import Flink, Kafka
from juncture.model.local import LocalSettings

_STACK = Path(".juncture/bench/capacity")
Say = Callable[[str], None]
_RESULT = Path("bench/results/capacity.json")


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.capacity",
        description="Fit the cost model to one join of each engine, foretell others, run them, and compare.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--only", default="", help="names of configurations, with commas; else all that have no result yet")
    add(
        "--events",
        type=int,
        default=500_000,
        help="of both topics, and up to six times as many of fast joins",
    )
    add("--parallelism", type=int, default=1)
    add("--seconds", type=int, default=150, help="that a run may take")
    add("--memory", default="8g", help="of the TaskManager")
    add("--result", type=Path, default=_RESULT, help="the JSON file, which is gone on with")
    add("--table", action="store_true", help="print what is there, and run nothing")
    return parser


def _wanted(only: str, outcomes: Outcomes) -> list[Configuration]:
    """Those to run, one engine after the other."""
    names = [each for each in only.split(",") if each]
    unknown = set(names) - {each.name for each in (*FITTED, *HELD_OUT)}
    if unknown:
        raise SystemExit(
            f"no configuration {', '.join(sorted(unknown))}; there are {', '.join(e.name for e in HELD_OUT)}"
        )
    if names:
        return [each for each in HELD_OUT if each.name in names]
    return [each for each in HELD_OUT if each.name not in outcomes.held]


def main(arguments: list[str] | None = None) -> int:
    """Run what is wanted; 0 if all of it was measured, else 1."""
    given = _arguments().parse_args(arguments)
    outcomes = Outcomes.read(given.result)
    begin, failed = time.monotonic(), False

    def say(message: str) -> None:
        print(f"{time.monotonic() - begin:7.1f} s  {message}", file=sys.stderr, flush=True)

    if not given.table:
        outcomes.about = {
            "at": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
            "machine": machine(),
            "limits": f"{given.events:,} events, parallelism {given.parallelism}, {given.memory}",
        }
        failed = not _run(given, outcomes, say)
    print(outcomes.table())
    return 1 if failed else 0


def _run(given: argparse.Namespace, outcomes: Outcomes, say: Say) -> bool:
    wanted, whole = _wanted(given.only, outcomes), True
    toolchain = find_toolchain(["kafka"])
    settings = LocalSettings(
        slots=given.parallelism, taskmanager_memory=given.memory, jobmanager_memory="1g", broker_heap="512m"
    )
    stack = LocalStack(_STACK, settings, libraries=[jar.path for jar in toolchain.jars], records=False)
    stack.down(purge=True)
    with signals_raise(), toolchain.planner() as planner:
        try:
            state = stack.up()
            bench = Bench(
                Kafka(bootstrap_servers=state.kafka_address),
                Flink(rest=state.web_url),
                planner,
                given.events,
                given.parallelism,
                given.seconds,
                say,
            )
            for each in wanted:
                try:
                    _one(each, bench, outcomes, say)
                except JunctureError as error:
                    whole = False
                    say(f"{each.name} FAILED: {error.problem}")
                outcomes.store(given.result)
        finally:
            stack.down(purge=True)
    return whole


def _one(found: Configuration, bench: Bench, outcomes: Outcomes, say: Say) -> None:
    if found.engine not in outcomes.fits:
        base = next(each for each in FITTED if each.engine == found.engine)
        say(f"Fitting {base.name}")
        outcomes.fits[found.engine] = bench.fitted(base).model_dump(mode="json")
        outcomes.loads[found.engine] = os.getloadavg()[0]
    say(f"Foretelling and running {found.name}")
    fit = Calibration.model_validate(outcomes.fits[found.engine])
    outcomes.held[found.name], run = bench.foretold_and_measured(found, fit)
    outcomes.runs[found.name] = run.model_dump(mode="json")
    outcomes.loads[found.name] = os.getloadavg()[0]
    for figure, told in outcomes.held[found.name].items():
        say(f"  {figure}: {told.expected:,.1f} foretold, {told.measured:,.1f} measured, {told.error:+.0%}")


if __name__ == "__main__":
    sys.exit(main())
