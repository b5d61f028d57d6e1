"""Flink's metrics as its reporter for Prometheus names them, and what is computed of them for rules and panels."""

from __future__ import annotations

from juncture.monitoring.subject import Source, Subject, Waiting

_OPERATOR = "flink_taskmanager_job_task_operator_"


class Metrics:
    """Selectors and expressions for one job. What is computed is one value, without labels, unless it says so."""

    def __init__(self, subject: Subject) -> None:
        self._job = f'job_name="{subject.label}"'

    def job(self, name: str) -> str:
        """A metric of the JobManager."""
        return f"flink_jobmanager_job_{name}{{{self._job}}}"

    def task(self, name: str) -> str:
        """A metric of each subtask."""
        return f"flink_taskmanager_job_task_{name}{{{self._job}}}"

    @property
    def any_task(self) -> str:
        """Something for each subtask that TaskManagers have."""
        return self.task("busyTimeMsPerSecond")

    def source(self, source: Source, name: str) -> str:
        return self._operator(source.operator, name)

    def operator(self, waiting: Waiting, name: str) -> str:
        return self._operator(waiting.operator, name)

    def sinks(self, name: str) -> str:
        """A metric that only writers of sinks have."""
        return f"{_OPERATOR}{name}{{{self._job}}}"

    @property
    def checkpoint_age(self) -> str:
        """Seconds since the last checkpoint was complete."""
        return f"time() - max({self.job('lastCheckpointCompletedTimestamp')}) / 1000"

    @property
    def up_for(self) -> str:
        """Seconds that the job runs since its start, or its last restart."""
        return f"max({self.job('uptime')}) / 1000"

    def restarted_since(self, seconds: float) -> str:
        """Something if the job was there so long ago, and has been restarted since its JobManager began."""
        then = f"{self.job('uptime')} offset {seconds:.0f}s"
        return f"max({self.job('numRestarts')} > 0 and on (job_id) {then})"

    def event_time_lag(self, source: Source) -> str:
        """Seconds from a source's newest watermark to the clock."""
        return f"time() - max({self._operator(source.marks or '', 'currentOutputWatermark')}) / 1000"

    def emitted_late(self, source: Source) -> str:
        """Seconds since the timestamp, in Kafka, of the last record that a source's subtask handed on, by subtask."""
        return f"{self.source(source, 'currentEmitEventTimeLag')} / 1000"

    def later_and_later(self, source: Source) -> str:
        """By how many seconds that grows in one, by subtask."""
        return f"deriv({self.source(source, 'currentEmitEventTimeLag')}[15m]) / 1000"

    def never_idle(self, minutes: int) -> str:
        """Completes an expression by subtask: of those that have had records in hand for nine tenths of their time."""
        idle = f"avg_over_time({self.task('idleTimeMsPerSecond')}[{minutes}m])"
        return f"and on (job_id, task_id, subtask_index) {idle} < 100"

    def held_back(self, waiting: Waiting) -> str:
        """Seconds from an operator's watermark to that of its furthest source."""
        marks = "|".join(sorted({each.marks for each in waiting.sources if each.marks}))
        furthest = f'{_OPERATOR}currentOutputWatermark{{{self._job},operator_name=~"{marks}"}}'
        own = self._operator(waiting.operator, "currentInputWatermark")
        return f"(max({furthest}) - min({own})) / 1000"

    def _operator(self, operator: str, name: str) -> str:
        return f'{_OPERATOR}{name}{{{self._job},operator_name="{operator}"}}'
