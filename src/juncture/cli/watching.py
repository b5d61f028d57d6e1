"""Jobs as they run: a view that renews itself on a terminal, a line a job and round elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any

from juncture.cli.deployments import moment, not_completed, span, told_behind
from juncture.deploy.status import JobStatus
from juncture.errors import JunctureError, interruption
from juncture.model.wording import counted, size

_EVERY = 2.0
_PATIENCE = 15
"""Rounds that may fail one after the other."""
_COLUMNS = ("topic of", "records/s", "records behind", "watermark", "behind the clock")
_NUMBERS = ("records/s", "records behind", "behind the clock")


class Watched:
    """One round of a job beside the one before it."""

    def __init__(self, found: JobStatus, at: float, before: Watched | None) -> None:
        self.found, self.at = found, at
        self.counts = {each.table: each.read for each in found.sources}
        self.counts |= {each.table: each.written for each in found.sinks}
        passed = at - before.at if before is not None else 0.0
        then = before.counts if before is not None else {}
        self._rates = {
            table: (count - then[table]) / max(passed, 0.001)
            for table, count in self.counts.items()
            if count >= then.get(table, count + 1)
        }

    def rate(self, table: str) -> float | None:
        """Records a second since the round before; None where it is not known."""
        return self._rates.get(table)

    def rows(self) -> list[tuple[str, ...]]:
        """A row for each source and sink."""
        now = datetime.now(timezone.utc)
        rows: list[tuple[str, ...]] = []
        for source in self.found.sources:
            late = span(now - source.watermark) if source.watermark else "-"
            behind = told_behind(source.behind, source.behind_by_flink)
            rows.append(
                (source.table, _rate(self.rate(source.table)), behind, moment(source.watermark), late)
            )
        rows += [
            (f"{sink.table} (sink)", _rate(self.rate(sink.table)), "", "", "") for sink in self.found.sinks
        ]
        return rows

    def head(self) -> str:
        """The job in a line: state, restarts, state size, checkpoints."""
        found = self.found
        # What Flink tells of a job in full is up to 3 s old; that it has ended is not.
        ended = found.phase in ("stopped", "failed")
        parts = [found.phase if ended else found.flink_state or found.phase]
        if found.uptime is not None:
            parts.append(f"for {span(found.uptime)}")
        if found.flink_state == "RUNNING" and not found.sources and not found.sinks:
            parts.append("the cluster gives no metrics of it")
        if found.restarts:
            parts.append(counted(found.restarts, "restart"))
        points = found.checkpoints
        if points is not None and points.last_completed_at is not None:
            parts.append(f"state {size(points.last_state_size or 0)}")
            parts.append(
                f"{counted(points.completed, 'checkpoint')}, the last in {span(points.last_duration)}"
            )
        if found.silence is not None:
            parts.append(f"lag not known, as {found.silence.problem}")
        if lack := not_completed(found):
            parts.append(lack)
        return ", ".join(parts)

    def line(self) -> str:
        """All of it in one line."""
        topics = "; ".join(
            f"{row[0]} {row[1]}/s" + (f", behind {row[2]}, watermark {row[3]}" if row[3] else "")
            for row in self.rows()
        )
        return f"{self.found.job}: {self.head()}" + (f"; {topics}" if topics else "")


def watch(look: Callable[[], Sequence[JobStatus]], redact: Callable[[str], str]) -> bool:
    """Look again and again, until interrupted, or until no job runs any more; whether all ran at the end.

    Args:
        look: asks for the jobs' status.
        redact: takes secrets out of what is shown.

    Raises what looking raises, if that goes on for half a minute, or the first time.
    """
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.live import Live

        console = Console(highlight=False, markup=False, emoji=False)
        last: list[Watched] = []

        def draw(rounds: list[Watched]) -> None:
            last[:] = rounds
            live.update(_drawing(rounds, redact, "Ctrl-C ends this view"), refresh=True)

        def lost(error: JunctureError) -> None:
            live.update(_drawing(last, redact, f"{error.problem}; asking again"), refresh=True)

        try:
            # On a screen of its own: what a narrower window wraps would stay behind otherwise.
            with Live(console=console, auto_refresh=False, screen=True) as live:
                return _rounds(look, draw, lost)
        finally:
            if last:
                console.print(_drawing(last, redact))

    def line(text: str) -> None:
        sys.stdout.write(redact(f"{datetime.now(timezone.utc):%H:%M:%S} {text}") + "\n")
        sys.stdout.flush()

    def lines(rounds: list[Watched]) -> None:
        for each in rounds:
            line(each.line())

    return _rounds(look, lines, lambda error: line(f"{error.problem}; asking again"))


def _rounds(
    look: Callable[[], Sequence[JobStatus]],
    show: Callable[[list[Watched]], None],
    lost: Callable[[JunctureError], None],
) -> bool:
    before: dict[str, Watched] = {}
    failed = 0
    try:
        while True:
            began = time.monotonic()
            try:
                rounds = [Watched(found, time.monotonic(), before.get(found.job)) for found in look()]
            except JunctureError as error:
                # A cluster that is away for a while, or a job that ends while it is asked about.
                if not before or failed == _PATIENCE:
                    raise
                failed += 1
                lost(error)
                time.sleep(_EVERY)
                continue
            failed = 0
            show(rounds)
            running = [each.found.phase in ("running", "submitting", "stopping") for each in rounds]
            if not any(running):
                return False
            before = {each.found.job: each for each in rounds}
            time.sleep(max(_EVERY - (time.monotonic() - began), 0))
    except (KeyboardInterrupt, SystemError) as error:
        if not isinstance(interruption(error), KeyboardInterrupt):
            raise
        return all(each.found.runs for each in before.values())


def _drawing(rounds: list[Watched], redact: Callable[[str], str], hint: str = "") -> Any:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[Any] = []
    for each in rounds:
        parts.append(Text(redact(f"{each.found.job}: {each.head()}"), style="bold"))
        table = Table(box=None, pad_edge=False)
        for column in _COLUMNS:
            table.add_column(column, justify="right" if column in _NUMBERS else "left")
        for row in each.rows():
            table.add_row(*(redact(cell) for cell in row))
        parts.append(table)
        if each.found.failure:
            parts.append(Text(redact(f"failure: {each.found.failure}"), style="red"))
    if hint:
        parts.append(Text(hint, style="dim"))
    return Group(*parts)


def _rate(found: float | None) -> str:
    return "-" if found is None else f"{found:,.0f}"
