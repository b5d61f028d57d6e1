"""One case on the warm session: its events written, its job run to their end, its rows compared."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterable

from juncture.deploy.environment.launcher import launch_options
from juncture.errors import JunctureError, Refused, Unreachable
from juncture.kafka.reader import Record
from juncture.model.rendered import RenderedJob
from juncture.project.scratch import Scratch
from juncture.render.bundle import bundle
from juncture.validation.cases.case import Arrival, Case
from juncture.validation.cases.lateness import refuse_late
from juncture.validation.cases.schema import JobTables, read_tables
from juncture.validation.harness.comparison import compare_rows, oracle_of
from juncture.validation.harness.compiling import Compiled
from juncture.validation.harness.medium import Session
from juncture.validation.harness.outcome import Outcome
from juncture.validation.harness.pace import POLL
from juncture.validation.report.difference import Difference

_PATIENCE = 120.0
"""Seconds within which the job of a plain case must have come to its end."""


def run_plain(session: Session, case: Case, version: Compiled | None = None) -> Outcome:
    """Run one case without steps. What is wrong with the case, its job or its rows is in the outcome.

    Args:
        session: what it runs on.
        case: what arrives, and what must come out.
        version: what runs in place of the case's job; the expected rows stay those of the job itself.

    Raises Unreachable if the broker, the cluster or the planner is gone: other cases would fail as well.
    """
    against = "oracle" if case.expectation is None else "expect"
    clock = _Clock()
    try:
        against, found = _Run(session, case, clock, version).rows()
        return Outcome(case, against, clock.seconds, difference=found)
    except Unreachable:
        raise
    except JunctureError as error:
        return Outcome(case, against, clock.seconds, error=error)


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, step: str) -> None:
        now = time.monotonic()
        self.seconds[step] = round(now - self._last, 3)
        self._last = now


class _Run:
    def __init__(self, session: Session, case: Case, clock: _Clock, version: Compiled | None) -> None:
        self._session, self._case, self._clock, self._version = session, case, clock, version

    def rows(self) -> tuple[str, Difference]:
        medium = self._session.medium(self._case)
        authored = self._session.job(self._case.job)
        compiled = self._version or authored
        tables = read_tables(compiled.rendered)
        refuse_late(self._case, compiled.rendered)
        oracle = oracle_of(self._case, authored.rendered)
        self._clock.lap("compile")
        own = medium.own(compiled.rendered)
        written = records(self._case.arrivals, tables)
        try:
            medium.write(own, written)
            self._clock.lap("write")
            self._execute(own, compiled)
            sink = medium.read(own, tables.sink)
            self._clock.lap("read")
        finally:
            medium.clear(own)
            self._clock.lap("delete")
        found = compare_rows(self._case, tables, oracle, written, sink)
        self._clock.lap("compare")
        return found

    def _execute(self, own: RenderedJob, compiled: Compiled) -> None:
        """Start the job and wait until it has read all there is and ended by itself."""
        session, job_id = self._session, uuid.uuid4().hex
        files = bundle(own, compiled.plan, session.toolchain.pinned, session.project.template_dirs)
        options = launch_options(session.connection.flink, job_id, session.jars_of(own)) | {
            "restart-strategy.type": "none",
            "pipeline.name": f"test: {self._case.name}",
        }
        with Scratch("case") as folder:
            script = folder / "job.py"
            script.write_text(files["job.py"], encoding="utf-8")
            session.planner.run(script, options, session.connection.values(own.placeholders))
        self._clock.lap("submit")
        self._await_end(job_id)
        self._clock.lap("run")

    def _await_end(self, job_id: str) -> None:
        cluster = self._session.cluster
        deadline = time.monotonic() + _PATIENCE
        ended = False
        try:
            while time.monotonic() < deadline:
                job = cluster.summary(job_id)
                if job is not None and job.ended:
                    ended = True
                    if job.state == "FINISHED":
                        return
                    failures = cluster.failures(job_id)
                    cause = str(failures[0]) if failures else f"it is {job.state}"
                    raise Refused(f"the job failed: {cause}", location=self._case.location)
                time.sleep(POLL)
            state = f"{job.state}, {job.tasks}" if job is not None else "not on the cluster"
            raise Refused(
                f"the job has not read its topics to their ends after {_PATIENCE:.0f} s: it is {state}",
                location=self._case.location,
                remedy="see whether the cluster has slots for its parallelism",
            )
        finally:
            if not ended:
                cluster.cancel(job_id)
                cluster.wait_ended(job_id, timeout=30)


def records(arrivals: Iterable[Arrival], tables: JobTables) -> dict[str, list[Record]]:
    """What is written, by source: every source has an entry. Offsets count for each partition.

    What arrives for another version of the job, which has further sources, is left out.
    """
    found: dict[str, list[Record]] = {source: [] for source in tables.sources}
    offsets: Counter[tuple[str, int]] = Counter()
    for number, arrival in enumerate(arrivals):
        if arrival.source not in tables.sources:
            continue
        table = tables.sources[arrival.source]
        key = None
        if table.is_changelog:
            # The key decides which record replaces which.
            key = json.dumps({name: arrival.row[name] for name in table.primary_key}).encode()
        place = (arrival.source, arrival.partition)
        value = None if arrival.deletes else json.dumps(arrival.row, ensure_ascii=False).encode()
        # Kafka's timestamps tell the order of arrival, across topics too.
        found[arrival.source].append(Record(arrival.partition, offsets[place], 1 + number, key, value))
        offsets[place] += 1
    return found
