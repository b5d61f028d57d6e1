"""Whether a running job takes what was foretold for it, and which figure is off."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from juncture.capacity import demand
from juncture.capacity.endless import AFTER, STATE_GROWTH
from juncture.capacity.verified import rows_term
from juncture.deploy.environment.connection import Connection
from juncture.deploy.measuring.watching import Watcher
from juncture.deploy.readiness.assess import model_of
from juncture.deploy.readiness.facts import Facts, gather
from juncture.deploy.store import ledger
from juncture.deploy.store.calibrations import best_for
from juncture.deploy.store.deployments import Store, helped_by, made_by
from juncture.diagnosis.lag import Lags
from juncture.errors import Refused
from juncture.flink.answers import JobDetail
from juncture.flink.rest import FlinkCluster
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.model.figures import Figure, Range, amount
from juncture.model.traffic import SideState, Traffic
from juncture.model.verification import Term, Verification
from juncture.model.wording import counted, size, span

_POLL = 1.0
_LEAST_CORES = 0.5
"""In use, below which it is not told what a record takes: an idle TaskManager takes a tenth, and checkpoints some."""
_LATELY = 3
"""Checkpoints whose bytes are averaged."""
_SMALL = 1024 * 1024
"""Bytes below which a checkpoint is what Flink writes of empty operators, too."""
_WHOLE = 60_000
"""Ms of traffic that are counted at least."""


def verify(
    job: str,
    connection: Connection,
    store: Store,
    seconds: float,
    say: Callable[[str], None] = lambda message: None,
) -> Verification:
    """Watch a running job for some seconds, and hold it against what is computed for it at the rate it has now.

    Changes nothing.

    Raises:
        Refused: it does not run.
        Unreachable: the cluster or the brokers do not answer.
    """
    record = ledger.load(store, job, connection.environment)
    with connection.cluster() as cluster:
        record = ledger.reconcile(record, cluster) if record is not None else None
        if record is None or record.phase != "running":
            raise _runs_not(job, connection.environment)
        files = store.get_bundle(record.bundle)
        facts = gather(files, connection, say)
        say(f"Watching {job} for {seconds:.0f} s")
        lags = Lags(connection.kafka, facts.topics)
        measured = _measure(cluster, record.flink_job_id, lags, seconds)
        ran = (measured.job.now - measured.job.start_time) / 1000
        notes = [*(each.text for each in facts.assumed), *_notes(cluster, measured, ran)]
    calibration = best_for(store, facts.manifest)
    watched, before = _watched(facts.traffic, measured), _while_kept(facts, connection)
    sides, left_out = facts.sides(before)
    model = facts.job(model_of(calibration, facts.manifest.job))
    written, earlier = (facts.written(each, model.model.yields) for each in (watched, before))
    found = demand.figures(model, watched, sides, written, coming=facts.sides(watched)[0])
    figures = {each.name: each for each in found}
    if calibration is None:
        notes.append("it was never calibrated: what is foretold is the packaged model's")
    terms = (
        *_terms(figures, measured, sum(each.peak.expected for each in before)),
        rows_term(
            written,
            earlier,
            measured.records,
            measured.rows,
            measured.seconds,
            calibration is not None and calibration.job == job and calibration.yields is not None,
        ),
    )
    growing = _growing(sides, ran)
    return Verification(
        job=job,
        environment=connection.environment,
        at=ledger.now(),
        seconds=round(measured.seconds, 1),
        rate=measured.rate,
        terms=tuple(_unless_growing(each, growing) for each in terms),
        notes=(*notes, *left_out),
    )


@dataclass(frozen=True)
class _Measured:
    """Of some seconds: records by table, rows that were written, and CPU, or why that is not told; of the job's last
    checkpoints: bytes of the joins' state, and written."""

    job: JobDetail
    seconds: float
    read: Mapping[str, int]
    rows: int
    cpu: float
    untold: str
    behind: int | None
    states: list[float]
    written: list[float]

    @property
    def records(self) -> int:
        return sum(self.read.values())

    @property
    def rate(self) -> float:
        return self.records / max(self.seconds, 1e-3)


def _measure(cluster: FlinkCluster, job_id: str, lags: Lags, seconds: float) -> _Measured:
    watcher = Watcher(cluster, job_id, lags)
    began = time.monotonic()
    watcher.look()
    while time.monotonic() - began < seconds:
        time.sleep(_POLL)
        watcher.look()
    first, last = watcher.seen[0], watcher.seen[-1]
    taken = watcher.course().taken
    return _Measured(
        job=watcher.job,
        seconds=(last.at - first.at) / 1000,
        read={table: count - first.read.get(table, 0) for table, count in last.read.items()},
        rows=last.written - first.written,
        cpu=last.cpu - first.cpu,
        untold=watcher.untold,
        behind=watcher.behind,
        states=[each.state for each in taken],
        written=[each.uploaded for each in taken],
    )


def _notes(cluster: FlinkCluster, measured: _Measured, ran: float) -> list[str]:
    notes = []
    others = [each.name for each in cluster.jobs() if not each.ended and each.id != measured.job.id]
    if others:
        notes.append(f"CPU is that of its TaskManagers, with {', '.join(others)} perhaps on them, too")
    notes.append(f"it has run for {span(ran * 1000)}: state that is kept for longer is not complete yet")
    return notes


def _watched(traffic: Sequence[Traffic], measured: _Measured) -> tuple[Traffic, ...]:
    """The traffic with the rate of the seconds that were watched, in place of the peak: what records and rows go by."""
    seconds = max(measured.seconds, 1e-3)
    return tuple(
        each.model_copy(update={"peak": Range.exactly(measured.read.get(each.table, 0) / seconds)})
        for each in traffic
    )


def _while_kept(facts: Facts, connection: Connection) -> tuple[Traffic, ...]:
    """The traffic with its rate over the time that rows are kept, in place of the peak: what state goes by."""
    sides, _ = facts.sides(facts.traffic)
    longest: dict[str, float] = {}
    for side in sides:
        for table in side.tables:
            kept = side.kept.expected if side.kept is not None else 0.0
            longest[table] = max(longest.get(table, 0.0), kept)
    admin, found = Admin(connection.kafka), []
    for each in facts.traffic:
        over = max(longest.get(each.table, 0.0), _WHOLE)
        if each.until is not None:
            over = min(over, max(each.held, 1))
        found.append(each.model_copy(update={"peak": Range.exactly(_rate(admin, each, over))}))
    return tuple(found)


def _rate(admin: Admin, traffic: Traffic, over: float) -> float:
    """Records a second of the last `over` ms."""
    if traffic.until is None:
        return 0.0
    since = int(traffic.until.timestamp() * 1000 - over)
    begin = offsets.at_timestamp(admin, [traffic.topic], since)[traffic.topic]
    end = offsets.latest(admin, [traffic.topic], committed=False)[traffic.topic]
    return sum(max(end[p] - first, 0) for p, first in begin.items()) * 1000 / over


def _growing(sides: Sequence[SideState], ran: float) -> str:
    """Why little is no sign that too much was foretold, of a job that has run for so many seconds; else empty."""
    longest = max((side.kept.expected for side in sides if side.kept is not None), default=0.0)
    if ran * 1000 >= longest:
        return ""
    return f"it has run for {span(ran * 1000)}, and rows are kept for {span(longest)}: state may still grow"


def _runs_not(job: str, environment: str) -> Refused:
    own, made = helped_by(job), made_by(job)
    foretold = f"`juncture capacity {own}` tells what is foretold"
    return Refused(
        f"'{job}' does not run on {environment}" + (f": {made}" if made else ""),
        state="nothing was changed",
        remedy=f"name the job that it is run for: {foretold} of that, without --verify"
        if made
        else f"see `juncture status {job}`; before it runs, {foretold}",
    )


def _unless_growing(term: Term, growing: str) -> Term:
    """As it is, or without what was measured: that it is less than foretold says nothing while state is growing.

    All of them go with state. Checkpoints write it whole, or merge it with what has come; a record finds fewer rows, in
    smaller files; and rows whose partner came before the job, or that wait for one, are not written yet.
    """
    if not growing or term.measured is None or term.measured >= term.foretold.low:
        return term
    return term.model_copy(update={"measured": None, "why": growing})


def _terms(figures: Mapping[str, Figure], measured: _Measured, coming: float) -> list[Term]:
    """CPU, state, and what checkpoints write; `coming` are the records a second that topics get.

    What a job keeps and uploads is foretold of one that gets records, and keeps up. One that is behind by more than
    came while it was watched reads one topic ahead of the other, and as fast as it can.
    """
    none = "no checkpoint was complete"
    state = measured.states[-1] if measured.states else None
    written = statistics.mean(measured.written[-_LATELY:]) if measured.written else None
    if measured.behind is not None and measured.behind > coming * measured.seconds:
        state = written = None
        none = f"it is {counted(measured.behind, 'record')} behind: a job that keeps up is foretold"
    elif not measured.records:
        state = written = None
        none = f"no record came in {measured.seconds:.0f} s: a job that gets some is foretold"
    elif STATE_GROWTH in figures:
        state = None
        written = None if "heap" in figures else written
        none = f"it grows without end: what is foretold is that{AFTER}"
    cores = measured.cpu / max(measured.seconds, 1e-3)
    each = measured.cpu / measured.records * 1e6 if measured.records else 0.0
    of_each = (
        f", {each:,.1f} µs for each of {counted(measured.records, 'record')}" if measured.records else ""
    )
    told = f"{amount(cores, 'cores')} cores in all{of_each}: much of it is what TaskManagers do anyhow"
    return [
        _term(
            figures["CPU a record"],
            each if measured.records and cores >= _LEAST_CORES else None,
            measured.untold or told,
        ),
        _term(figures["state"], state, none),
        _term(figures["upload of a checkpoint"], written, none),
    ]


def _term(figure: Figure, measured: float | None, why: str | None = None) -> Term:
    if measured is not None and figure.unit == "bytes" and max(measured, figure.value.expected) < _SMALL:
        why, measured = f"{size(measured)} are too little: empty operators write some, too", None
    return Term(
        name=figure.name,
        unit=figure.unit,
        foretold=figure.value,
        basis=figure.basis,
        measured=measured,
        why=why if measured is None else None,
    )
