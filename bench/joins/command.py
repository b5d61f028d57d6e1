"""What the command lines of the benchmarks of joins and of Nexmark have in common."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from bench.joins.engine import Plan
from bench.joins.machine import machine
from bench.joins.stack import Stack

from juncture.model.local import mebibytes

FOLDER = Path(".juncture/bench")


def arguments(program: str, description: str, *, parallel: str, limited: str) -> argparse.ArgumentParser:
    """A parser of the options that both have.

    Args:
        program: how it is called.
        description: what it does.
        parallel: what a parallelism of two is two of.
        limited: whose memory --state-limit limits.
    """
    parser = argparse.ArgumentParser(
        prog=program,
        description=f"{description} See docs/benchmarks.md.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--runs", type=int, default=1, help="of each engine, one after the other")
    add("--parallelism", type=int, default=1, help=parallel)
    add("--memory", default="4g", help="of the process that joins")
    add("--state-limit", default="512m", help=f"of that: {limited}")
    add("--checkpoint", type=int, default=10, help="seconds between checkpoints")
    add("--timeout", type=int, default=1800, help="seconds after which a run is taken as it is")
    return parser


@dataclass(frozen=True)
class Begun:
    """A benchmark that was begun: `stamp` is for names of files, `about` for its report."""

    plan: Plan
    stamp: str
    about: Mapping[str, str]
    since: float

    def progress(self, message: str) -> None:
        """Tell a step, with the seconds since it was begun."""
        print(f"{time.monotonic() - self.since:7.1f} s  {message}", file=sys.stderr, flush=True)

    def stack(self) -> Stack:
        """The broker, and what else the engines run on."""
        return Stack(FOLDER / "stack", self.plan.memory_mb, self.plan.parallelism)


def begin(parser: argparse.ArgumentParser, given: argparse.Namespace, asked: list[str] | None) -> Begun:
    """Begin what was asked for; ends the program where a size of memory can't be read.

    Args:
        parser: that of `arguments`.
        given: what it has read.
        asked: the arguments that it has read, if not those of the program.
    """
    try:
        memory, state = mebibytes(given.memory), mebibytes(given.state_limit)
    except ValueError as error:
        parser.error(str(error))
    started = datetime.now(timezone.utc)
    about = {
        "command": " ".join([parser.prog, *(sys.argv[1:] if asked is None else asked)]),
        "begun": f"{started:%Y-%m-%d %H:%M} UTC",
        "machine": machine(),
        "limits": f"parallelism {given.parallelism}, memory {given.memory}, state {given.state_limit},"
        f" checkpoint every {given.checkpoint} s",
    }
    plan = Plan(given.parallelism, memory, state, given.checkpoint)
    return Begun(plan, f"{started:%Y-%m-%dT%H%M%S}", about, time.monotonic())
