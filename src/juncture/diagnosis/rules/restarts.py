"""Rule restarts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from juncture.diagnosis.failing import is_over, lacks_slots, lately, of_brokers, of_slots, recent
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.errors import Location
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import FailureSeen
from juncture.model.wording import counted, span

_RESTART = 10_000
"""Milliseconds that a restart is taken to cost, beside what is done again."""
_OF_WORKERS = (
    r"[Hh]eartbeat|TaskManager.*(lost|closed|disconnected|no longer reachable)|RemoteTransportException"
    r"|TaskExecutor is shutting down|no more allocated slots|The assigned slot .* was removed"
)
_MORE_HEAP = "give the TaskManagers more heap (taskmanager.memory.task.heap.size)"
_OF_FORST = r"Init FlinkWritableFile"
"""What each write of ForSt's fails with in a TaskManager in which one has failed."""
_REMEDIES = (
    (
        _OF_FORST,
        "start the TaskManagers anew: after one write of ForSt's that failed, each later one in the same process fails;"
        " see the first failure in the TaskManager's log",
    ),
    (
        r"Exception when Flush file, path: s3",
        "use Hadoop's plugin for S3 with ForSt, of which Flink's native one takes no checkpoint",
    ),
    (
        r"deseriali[sz]e|JsonParseException|ParseException|Failed to parse",
        "write `on_error='skip'` in the source's macro, so that records that don't parse are skipped and counted; or"
        " take them out of the topic",
    ),
    (r"OutOfMemoryError: Metaspace", "raise taskmanager.memory.jvm-metaspace.size of the TaskManagers"),
    (
        r"OutOfMemoryError: .*[Dd]irect (buffer )?memory",
        "raise taskmanager.memory.task.off-heap.size of the TaskManagers",
    ),
    (
        r"OutOfMemoryError: unable to create native thread",
        "raise the limits of processes and threads that the TaskManagers' user or container has",
    ),
    (r"OutOfMemoryError|GC overhead", _MORE_HEAP),
    (
        _OF_WORKERS,
        "see why the TaskManager ended: its log",
    ),
    (
        r"checkpoint failure threshold|Checkpoint Coordinator",
        "mend what checkpoints fail of: `juncture status` tells the last failure",
    ),
    (
        r"transaction\.max\.timeout\.ms",
        "lower 'properties.transaction.timeout.ms' in the sink's macro to the brokers' transaction.max.timeout.ms, or"
        " raise that",
    ),
    (
        r"AuthorizationException|[Aa]uthorization failed",
        "give the job's Kafka user the rights that are named",
    ),
    (
        r"InvalidPidMapping|ProducerFenced|transaction",
        "see that no other job writes with the same transactional ids",
    ),
)
_CANCELLED = (
    "it has been cancelled, and waits for tasks that do not end: start their TaskManager anew, or wait for"
    " task.cancellation.timeout, 3 min by default, after which it ends; the job does not go on by itself then"
)


class Restarts(Rule):
    """The job fails and is started again.

    After each failure the job goes back to its last checkpoint and does again what it had done since. As long as the
    cause is there it comes to the same place and fails again: what is behind that place is never read, and an
    exactly-once sink shows nothing of what was redone.

    Seen by: the job's state, `numRestarts`, and the root causes of the job's exceptions in the last ten minutes, or
    since the first of those that Flink still tells, without waits for slots, which are no failures of its own
    (`missing-slots`). The cost is the share of this time, or of the job's age, that went into restarts and into doing
    things again: half an interval between checkpoints and ten seconds for each; all of it where no checkpoint was
    completed since, or the job does not run. It is a note where the job has run, and completed checkpoints, for all the
    time that it was watched, and for twice as long as there ever was from one failure to the next.

    Change: mend the cause, which is told at its root; for records that don't parse, `on_error='skip'` in the source.
    """

    id = "restarts"
    effect = "stops"
    steady = False

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        seen = patient.seen
        now = seen.at.timestamp() * 1000
        failures = [each for each in recent(seen) if not of_slots(each.cause)]
        if not failures and seen.state == "RUNNING":
            return
        if lacks_slots(seen) or any(each.rule == "silent-brokers" for each in found):
            return
        time = lately(seen)
        last = failures[0] if failures else None
        done = [each for each in seen.checkpoints if each.status == "COMPLETED"]
        since = [each for each in done if last is None or each.at > last.at]
        interval = _interval(patient)
        cost = min(len(failures) * (interval / 2 + _RESTART) / max(time, 1), 1.0)
        if seen.state != "RUNNING" or (not since and len(failures) > 1):
            cost = 1.0
        past = (
            bool(since)
            and patient.steady
            and last is not None
            and is_over([each.at for each in failures], now)
        )
        cause = last.cause if last is not None else ""
        remedy = _remedy(patient, cause) if last is not None else "see the log of the JobManager"
        times = f"{counted(len(failures), 'time')} in the last {span(time)}"
        yield self.diagnosis(
            cost,
            "the job",
            f"the job failed {times}, and was started again: {cause}"
            if last is not None
            else f"the job is {seen.state}, and no exception of it is known in the last {span(time)}",
            _place(patient, last),
            (
                ("state", seen.state, "REST /jobs/JOB"),
                (
                    "restarts",
                    "unknown" if seen.restarts is None else str(seen.restarts),
                    "metric numRestarts",
                ),
                ("last failure", span(now - last.at) + " ago" if last else "-", "REST /jobs/JOB/exceptions"),
                ("checkpoints completed since", str(len(since)), "REST /jobs/JOB/checkpoints"),
            ),
            _CANCELLED
            if seen.state == "CANCELLING"
            else f"{remedy}; the job goes on from its last checkpoint, and loses nothing by that but time",
            past=past,
        )


def _remedy(patient: Patient, cause: str) -> str:
    for words, remedy in _REMEDIES:
        if re.search(words, cause):
            off_heap = remedy == _MORE_HEAP and patient.backend == "hashmap"
            return f"{remedy}, or write `state: {{backend: rocksdb}}`" if off_heap else remedy
    if of_brokers(cause):
        exists = "; that the topic exists" if "not present in metadata" in cause else ""
        return f"Kafka did not answer the job then: see why its brokers were away, by their logs{exists}"
    return "mend the cause"


def _interval(patient: Patient) -> float:
    """Between checkpoints, in ms, as seen."""
    times = sorted(each.at for each in patient.seen.checkpoints)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return sum(gaps) / len(gaps) if gaps else _RESTART


def _place(patient: Patient, last: FailureSeen | None) -> Location | None:
    """Where the failed task is authored: a source's table, or the operator; the job's file where that is not known."""
    if last is not None and (of_brokers(last.cause) or re.search(f"{_OF_WORKERS}|{_OF_FORST}", last.cause)):
        return None  # no line of the author's would change it
    task = (last.task or "") if last is not None else ""
    vertex = next((each for each in patient.seen.vertices if task.startswith(each.name)), None)
    if vertex is None:
        return patient.in_job()
    table = next((each.table for each in patient.seen.sources if each.vertex == vertex.id), None)
    return patient.in_source(table) if table else patient.place(patient.main_node(vertex))
