"""Rule invalid-option."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from juncture.checks.case import Case
from juncture.checks.rule import Rule
from juncture.model.compilation import JobOption
from juncture.model.project import JobFile
from juncture.model.report import Finding, Severity
from juncture.project.nearest import did_you_mean
from juncture.project.secrets import is_secret_key

_JOB_KEYS = {
    "parallelism.default": "parallelism",
    "pipeline.max-parallelism": "max_parallelism",
    "state.backend.type": "state.backend",
    "table.exec.state.ttl": "state.ttl",
    "execution.checkpointing.interval": "checkpointing.interval",
    "execution.checkpointing.timeout": "checkpointing.timeout",
    "execution.checkpointing.min-pause": "checkpointing.min_pause",
    "execution.checkpointing.mode": "checkpointing.mode",
}
_OF_THE_START = (
    "$internal.", "execution.runtime-mode", "execution.state-recovery.path", "execution.target", "pipeline.jars",
    "rest.address", "rest.path", "rest.port", "security.ssl.rest.enabled", "table.exec.uid.",
    "table.plan.compile.catalog-objects",
)  # fmt: skip
_OF_THE_CLUSTER = (
    "application-result-store.", "blob.", "classloader.", "cluster.", "containerized.", "env.", "events.",
    "execution.checkpointing.local-backup.", "execution.state-recovery.from-local", "external-resource",
    "flink.hadoop.", "flink.yarn.", "fs.", "heartbeat.", "high-availability", "historyserver.", "io.tmp.dirs",
    "jmx.", "job-result-store.", "jobmanager.", "kubernetes.", "metrics.reporter", "metrics.scope.", "pekko.",
    "plugin.", "process.", "queryable-state.", "resourcemanager.", "s3.", "security.", "slot.", "slotmanager.",
    "sql-gateway.", "table.catalog-store.", "table.secret-store.", "taskmanager.", "traces.", "web.", "yarn.",
    "zookeeper.",
)  # fmt: skip
"""What the processes of a session cluster read when they start, of their own configuration."""


class _Wrong(NamedTuple):
    severity: Severity
    message: str
    remedy: str


class InvalidOption(Rule):
    """A job's `options:` holds a key or a value that Flink doesn't take, or that can't work there.

    Flink ignores keys that it doesn't know, so that a misspelt one leaves the default in force without a word; of
    a wrong value it speaks when the job is started, often without the key. Keys and values are those of the
    installed Flink. Warned of are keys that only the cluster's own configuration can set, and those that the job's
    file has a key of its own for, which Juncture plans with.

    Anti-pattern:

    ```sql
    -- jobs/clicks.yaml
    join: clicks
    sink: matches
    options:
      table.exec.mini-batch.enable: true
      table.exec.mini-batch.size: 5 k
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```

    Best practice:

    ```sql
    -- jobs/clicks.yaml
    join: clicks
    sink: matches
    options:
      table.exec.mini-batch.enabled: true
      table.exec.mini-batch.size: 5000
      table.exec.mini-batch.allow-latency: 2 s
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```
    """

    id = "invalid-option"
    severity = "error"

    def check(self, case: Case) -> Iterator[Finding]:
        yield from self.examine(case.job_file, case.compilation.options)

    def examine(self, file: JobFile, options: Iterable[JobOption]) -> Iterator[Finding]:
        """The findings in a job's options, which need no plan."""
        for option in options:
            wrong = _wrong(option, file)
            if wrong is not None:
                yield Finding(
                    rule=self.id,
                    severity=wrong.severity,
                    job=file.job.name,
                    message=wrong.message,
                    location=file.locate("options", option.key),
                    remedy=wrong.remedy,
                )


def _wrong(option: JobOption, file: JobFile) -> _Wrong | None:
    key, known_as = option.key, option.known_as or option.key
    if known_as.startswith(_OF_THE_START):
        remedy = "name the job's own under `jars`" if known_as == "pipeline.jars" else "take it away"
        return _Wrong("error", f"{key} is set by Juncture when the job is started", remedy)
    if option.refusal is not None:
        return _refused(option)
    if known_as in _JOB_KEYS:
        return _of_the_job(option, _JOB_KEYS[known_as], known_as)
    if key != known_as and known_as in file.job.options:
        return _Wrong("error", f"{key} is ignored beside {known_as}, its newer name", "take it away")
    if known_as.startswith(_OF_THE_CLUSTER):
        return _Wrong(
            "warning",
            f"{key} is an option of the cluster: a job that sets it changes nothing",
            "set it in the cluster's own configuration, and take it away here",
        )
    if option.known_as is not None or option.is_open:
        return None
    if option.is_foreign and not option.nearest:
        return _Wrong("warning", f"Flink has no option '{key}'", "take it away, unless a library reads it")
    return _Wrong(
        "error",
        f"Flink has no option '{key}', and would ignore it",
        did_you_mean(
            key, option.nearest, none="look it up in Flink's configuration reference, or take it away"
        ),
    )


def _refused(option: JobOption) -> _Wrong:
    shown = "the value" if is_secret_key(option.key) else f"'{option.value}'"
    if option.values:
        return _Wrong(
            "error", f"{option.key}: {shown} is not a valid value", did_you_mean(option.value, option.values)
        )
    return _Wrong("error", f"{option.key}: {shown} is not {option.expected}", f"write {option.expected}")


def _of_the_job(option: JobOption, job_key: str, known_as: str) -> _Wrong:
    if option.key != known_as:
        problem = f"{option.key} is ignored beside {known_as}, which Juncture sets from the job's '{job_key}'"
        return _Wrong("error", problem, f"write '{job_key}' instead")
    return _Wrong(
        "warning",
        f"{option.key} wins over the job's '{job_key}', by which Juncture plans",
        f"write '{job_key}' instead",
    )
