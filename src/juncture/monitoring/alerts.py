"""Alert rules for Prometheus: what to be woken for, with limits from the job's own windows, delays and checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from juncture import __version__
from juncture.errors import Location
from juncture.model.wording import span
from juncture.monitoring.metrics import Metrics
from juncture.monitoring.subject import Source, Subject, Waiting

RULES = "prometheus-rules.yaml"
_LATE = 0.01
"""The share of a join's records that may be late, and lost, without anybody being called."""
_LOST = 3
"""Late records, of which it takes so many, too: at night one may be a large share."""
_NEVER = 1e9
"""Seconds: the time since a checkpoint that has not been completed yet is longer."""
_NO_MARK = 1e15
"""The same of a watermark that has not come yet. One of event times in a wrong unit is not so far away."""
_NOTICE = 4 * 3600
"""Seconds before records are removed unread, in which somebody can still do something."""


@dataclass(frozen=True)
class Alert:
    """One rule.

    `lasting` is for how many minutes it must hold; `location` is where the author can change it.

    `about` is the table or the operator, of those that have a rule each.
    """

    name: str
    expression: str
    lasting: int
    severity: Literal["critical", "warning"]
    summary: str
    description: str
    location: Location
    about: str | None = None


def alerts(subject: Subject) -> tuple[Alert, ...]:
    """All rules of a job: those that stop it first."""
    metrics = Metrics(subject)
    found = [
        *_runs(subject, metrics),
        *_checkpoints(subject, metrics),
        *(alert for source in subject.sources for alert in _source(subject, metrics, source)),
        *(alert for waiting in subject.waiting for alert in _waits(subject, metrics, waiting)),
        *_works(subject, metrics),
    ]
    return tuple(found)


def rules_text(subject: Subject) -> str:
    """The rules as Prometheus reads them: the same bytes for the same job."""
    labels = {"project": subject.project, "environment": subject.environment, "juncture_job": subject.job}
    group = {
        "name": f"juncture:{subject.project}.{subject.job}",
        "rules": [_rule(subject, alert, labels) for alert in alerts(subject)],
    }
    text: str = yaml.safe_dump({"groups": [group]}, sort_keys=False, allow_unicode=True, width=110)
    return (
        f"# {subject.job}: alert rules, rendered by Juncture {__version__} from the job's plan for the environment\n"
        f"# '{subject.environment}'. A change made here is lost: change the job, and render again.\n{text}"
    )


def _rule(subject: Subject, alert: Alert, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": f"{alert.lasting}m",
        "labels": {
            "severity": alert.severity,
            **labels,
            **({"about": alert.about} if alert.about else {}),
        },
        "annotations": {
            "summary": f"{subject.job}: {alert.summary}",
            "description": f"{alert.description} Written at {alert.location}.",
            "remedy": f"juncture diagnose {subject.job} --env {subject.environment}",
        },
    }


def _unless_never(told: str, never: str, beyond: float) -> str:
    """Prometheus' template of a text with a duration in it, and of what is told where that is as good as endless."""
    value = "{{ $value | humanizeDuration }}"
    return f"{{{{ if gt $value {beyond:.0f}.0 }}}}{never}{{{{ else }}}}{told.format(value)}{{{{ end }}}}"


def _runs(subject: Subject, metrics: Metrics) -> Iterator[Alert]:
    yield Alert(
        "JunctureJobDown",
        f"absent({metrics.job('uptime')} > 0 and on () {metrics.any_task})",
        2,
        "critical",
        "it does not run",
        "No JobManager that is scraped says that the job runs, or no TaskManager has a task of it, as where it waits"
        " for slots.",
        subject.path,
    )
    yield Alert(
        "JunctureJobRestarts",
        f"sum(increase({metrics.job('numRestarts')}[15m])) > 0 unless on () absent({metrics.any_task})",
        0,
        "warning",
        "it has failed, or waited for slots, and was started again",
        '{{ $value | printf "%.0f" }} restarts in 15 min. Each reads again what came since the last checkpoint, but for'
        " the ends of waits for slots, which Flink counts, too.",
        subject.path,
    )


def _checkpoints(subject: Subject, metrics: Metrics) -> Iterator[Alert]:
    if not subject.interval:
        return  # none are taken
    interval = span(subject.interval * 1000)
    overdue, age = max(3 * subject.interval, 120), metrics.checkpoint_age
    yield Alert(
        "JunctureCheckpointOverdue",
        # A job that fails again and again is never up for long; a JobManager knows of no checkpoint before its start.
        f"{age} > {overdue:g} and ({age} < {_NEVER:.0f} or {metrics.up_for} > {overdue:g} or"
        f" {metrics.restarted_since(overdue)})",
        0,
        "critical",
        "no checkpoint completes",
        _unless_never("The last one completed {} ago", "None has completed yet", _NEVER)
        + f", and one is due every {interval}. A restart goes back that far"
        + ("; rows since then are not visible yet." if subject.transaction is not None else "."),
        subject.path,
    )
    within = int(max(10, 5 * subject.interval / 60))
    yield Alert(
        "JunctureCheckpointsFail",
        f"max(increase({metrics.job('numberOfFailedCheckpoints')}[{within}m])) > 0"
        f" and {metrics.up_for} > {within * 60}",
        0,
        "warning",
        "checkpoints fail",
        f'{{{{ $value | printf "%.0f" }}}} of them failed in {within} min. One is given up after'
        f" {span(subject.timeout * 1000)}.",
        subject.path,
    )
    yield Alert(
        "JunctureCheckpointsSlow",
        f"max({metrics.job('lastCheckpointDuration')}) / 1000 > {subject.interval:g}",
        10,
        "warning",
        "checkpoints take longer than the time between them",
        f"The last one took {{{{ $value | humanizeDuration }}}}, and one is due every {interval}.",
        subject.path,
    )
    if subject.transaction is not None:
        half = subject.transaction / 2
        yield Alert(
            "JunctureTransactionsExpire",
            f"{metrics.checkpoint_age} > {half:g} and {metrics.up_for} > {half:g}",
            0,
            "critical",
            "rows will be lost unless a checkpoint completes",
            _unless_never("The last checkpoint is {} old", "There is no checkpoint yet", _NEVER)
            + ". Kafka gives up the sink's transactions"
            f" after {span(subject.transaction * 1000)}, and with them the rows of the time since.",
            subject.sink,
        )


def _source(subject: Subject, metrics: Metrics, source: Source) -> Iterator[Alert]:
    if source.marks is not None:
        parts = [f"{span(source.delay * 1000)} that its watermark waits"]
        if source.idle:
            parts.append(f"{span(source.idle * 1000)} of its idle timeout")
        parts.append(f"{span(subject.slack * 1000)} that a restart may take")
        yield Alert(
            "JunctureEventTimeLags",
            f"{metrics.event_time_lag(source)} > {subject.may_lag(source):g}",
            5,
            "critical",
            f"the event time of {source.table} stands still, or is far behind",
            _unless_never(
                f"The newest watermark of {source.table} is {{}} behind the clock",
                f"No watermark of {source.table} has come yet",
                _NO_MARK,
            )
            + f"; allowed are {', '.join(parts)}. Either the topic gets no new records, or the job"
            " reads old ones still.",
            source.location,
            source.table,
        )
    yield Alert(
        "JunctureFallsBehind",
        f"max({metrics.emitted_late(source)} > {subject.slack:g} and {metrics.later_and_later(source)} > 0"
        f" {metrics.never_idle(15)})",
        15,
        "warning",
        f"{source.table} comes faster than it is read",
        f"The records of {source.table} that are read now were written {{{{ $value | humanizeDuration }}}} ago, and it"
        " becomes longer.",
        source.location,
        source.table,
    )
    lead = metrics.source(source, "KafkaSourceReader_KafkaConsumer_records_lead_min")
    yield Alert(
        "JunctureRetentionOvertakes",
        f"min(predict_linear({lead}[30m], {_NOTICE}) < 0 {metrics.never_idle(30)})",
        10,
        "critical",
        f"records of {source.table} will be removed unread",
        f"The topic's retention comes nearer to what was not read yet, and reaches it within"
        f" {span(_NOTICE * 1000)}. Records that are removed are lost to the join.",
        source.location,
        source.table,
    )


def _waits(subject: Subject, metrics: Metrics, waiting: Waiting) -> Iterator[Alert]:
    if waiting.sources:
        window = f", more than its window of {span(waiting.window * 1000)}" if waiting.window else ""
        yield Alert(
            "JunctureWatermarkHeldBack",
            f"{metrics.held_back(waiting)} > {subject.may_be_held(waiting):g}",
            5,
            "critical",
            f"{waiting.named} waits for one of its inputs",
            _unless_never(
                f"Its watermark is {{}} behind its furthest input's{window}",
                "It has no watermark yet",
                _NO_MARK,
            )
            + ": a topic or a"
            " partition has no new records, or is read more slowly. Meanwhile state grows, and rows that wait for"
            " event time don't come.",
            waiting.location,
            waiting.operator,
        )
    if waiting.counts_late:
        dropped = metrics.operator(waiting, "numLateRecordsDropped")
        read = metrics.operator(waiting, "numRecordsIn")
        yield Alert(
            "JunctureLateRecords",
            f"sum(increase({dropped}[15m])) / sum(increase({read}[15m])) > {_LATE:g}"
            f" and sum(increase({dropped}[15m])) >= {_LOST}",
            0,
            "critical",
            f"{waiting.named} loses late records",
            "{{ $value | humanizePercentage }} of its records in 15 min came too late to be joined. A larger INTERVAL"
            " in the WATERMARK lets it wait longer.",
            waiting.location,
            waiting.operator,
        )


def _works(subject: Subject, metrics: Metrics) -> Iterator[Alert]:
    yield Alert(
        "JunctureBackpressured",
        f"max by (task_name) ({metrics.task('backPressuredTimeMsPerSecond')}) / 1000 > 0.5",
        15,
        "warning",
        "what follows {{ $labels.task_name }} is too slow for it",
        "It is held back for {{ $value | humanizePercentage }} of its time.",
        subject.path,
    )
    yield Alert(
        "JunctureBusy",
        f"max by (task_name) ({metrics.task('busyTimeMsPerSecond')}) / 1000 > 0.9",
        15,
        "warning",
        "{{ $labels.task_name }} has no time left",
        "Its busiest subtask works for {{ $value | humanizePercentage }} of its time: give it more subtasks, or a"
        " more even key.",
        subject.path,
    )
