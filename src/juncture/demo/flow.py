"""`juncture demo`: from nothing running, to rows that are proved right, to nothing running."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from juncture.demo.preparation import Preparation, Prepared
from juncture.demo.summary import DemoSummary, summarise
from juncture.demo.verification import verify
from juncture.demo.watch import Watch
from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.starting.submission import Submission
from juncture.deploy.starting.submit import submit
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import Bundle
from juncture.errors import JunctureError, Refused
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.local.stack import LocalStack
from juncture.local.supervisor import signals_raise
from juncture.model.environment import PLACEHOLDER, Environment, Flink, Kafka
from juncture.model.project import Project
from juncture.model.wording import counted
from juncture.project.loader import load_project
from juncture.render.connectors import LOCAL_BOOTSTRAP
from juncture.sample.examples import generate
from juncture.sample.sample import Sample
from juncture.sample.writer import create_topics, write_wave
from juncture.validation.oracle.load import Excluded
from juncture.validation.oracle.oracle import Oracle

JOB = "impression_clicks"
_PARTITIONS = 4

Report = Callable[[str], None]


class _Clock:
    """Seconds since the start, and how long each step took."""

    def __init__(self) -> None:
        self.started = self._last = time.monotonic()
        self.seconds: dict[str, float] = {}

    def lap(self, step: str) -> None:
        now = time.monotonic()
        self.seconds[step] = round(now - self._last, 1)
        self._last = now


def run_demo(project_root: Path, events: int = 500_000, report: Report = lambda message: None) -> DemoSummary:
    """Run the example join end to end on a stack of its own, and tear the stack down again.

    Whatever ends it, an error or a signal, nothing is left running; what a demo that was killed outright
    left behind is cleared first.

    Args:
        project_root: the example project, or one that has its job.
        events: how many server events; client events come on top.
        report: is told each step and the progress, a line each.

    Raises:
        Refused: a demo runs in this project already, or the job failed.
        Unreachable: a part of the stack did not start or does not answer.
        InvalidProject: the example's files are wrong.
        JunctureError: the project has no such job.
    """
    clock = _Clock()
    project = load_project(project_root)
    environment = _local_environment(project)
    sample = generate(JOB, events, partitions=_PARTITIONS)
    home = project.root / ".juncture" / "demo"
    settings = environment.local
    assert settings is not None
    with signals_raise(), _alone(home):
        # Ports that are configured belong to the stack of `juncture local up`; nobody shall wait for class archives.
        settings = settings.model_copy(update={"kafka_port": None, "flink_port": None})
        stack = LocalStack(home, settings, records=False)
        stack.down(purge=True)
        shutil.rmtree(home, ignore_errors=True)
        preparation = None
        try:
            report("Starting Kafka and Flink, and the planner beside them")
            preparation = Preparation(project, JOB, environment, report)
            state = stack.up(report)
            prepared = preparation.result()
            clock.lap("start")
            kafka = Kafka(bootstrap_servers=state.kafka_address)
            name = PLACEHOLDER.sub(r"\1", LOCAL_BOOTSTRAP)
            connection = Connection(
                environment.name, kafka, Flink(rest=state.web_url), {name: state.kafka_address}
            )
            return _on(connection, home, prepared, preparation, sample, clock, report)
        finally:
            with _undisturbed():
                if preparation is not None:
                    preparation.close()
                stack.down(purge=True, progress=report)
                shutil.rmtree(home, ignore_errors=True)


def _on(
    connection: Connection,
    home: Path,
    prepared: Prepared,
    preparation: Preparation,
    sample: Sample,
    clock: _Clock,
    report: Report,
) -> DemoSummary:
    kafka = connection.kafka
    oracle = Oracle(prepared.rendered)
    create_topics(kafka, sample)
    made = Bundle(prepared.files, prepared.toolchain.paths)
    deployment = submit(
        Submission(made), Site(connection, Store(home / "store")).using(prepared.planner, report)
    )
    preparation.close()
    clock.lap("submit")
    report(f"The job runs; Flink's web page, while it does: {connection.flink.rest}")
    job_id = deployment.flink_job_id
    with Watch(connection.flink, job_id, report) as watch:
        excluded, throughput = _feed(kafka, watch, sample, clock, report)
    with connection.cluster() as cluster:
        report("Stopping the job with a savepoint, which commits its last rows")
        cluster.stop(job_id)
        cluster.wait_ended(job_id, timeout=60)
    clock.lap("stop")
    verified = verify(kafka, oracle, excluded, report)
    clock.lap("compare")
    return summarise(
        JOB,
        sample.ledger,
        verified.comparison,
        malformed=verified.malformed,
        late=sample.late.size,
        unmatched=verified.unmatched,
        throughput=throughput,
        seconds={**clock.seconds, "total": round(time.monotonic() - clock.started, 1)},
        rendered=str(prepared.folder),
    )


def _feed(
    kafka: Kafka, watch: Watch, sample: Sample, clock: _Clock, report: Report
) -> tuple[Excluded, float]:
    """Write the waves while the job reads; what the oracle must leave out, and records a second."""
    admin = Admin(kafka)
    report(f"Writing {counted(sample.main.size, 'record')} while the job reads")
    started = time.monotonic()
    write_wave(kafka, sample, sample.main, watch.set_written)
    settled = offsets.latest(admin, sample.topics)
    write_wave(kafka, sample, sample.closing)
    clock.lap("write")
    on_time = sample.main.size + sample.closing.size
    watch.set_written(on_time)
    watch.wait(sample.watermark)
    throughput = on_time / (time.monotonic() - started)
    clock.lap("join")
    report(f"Writing {sample.late.size} records that the watermark has left behind")
    write_wave(kafka, sample, sample.late)
    watch.set_written(on_time + sample.late.size)
    watch.wait()
    clock.lap("late")
    return _since(settled, offsets.latest(admin, sample.topics)), throughput


def _since(
    settled: Mapping[str, Mapping[int, int]], ends: Mapping[str, Mapping[int, int]]
) -> dict[str, dict[int, list[range]]]:
    """The records after the main wave: those that close the event time, and the late ones."""
    return {
        topic: {partition: [range(settled[topic][partition], end)] for partition, end in found.items()}
        for topic, found in ends.items()
    }


def _local_environment(project: Project) -> Environment:
    if JOB not in project.jobs:
        raise JunctureError(
            f"the demo runs the example's job '{JOB}', and this project has none of that name",
            remedy="make the example project with `juncture init DIR`, and run `juncture demo --project DIR`",
        )
    candidates = [project.environments[project.default_environment], *project.environments.values()]
    for environment in candidates:
        if environment.is_local:
            return environment
    raise JunctureError("the project has no local environment", remedy="add [environments.local.local]")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the demo's lock, which a process that is killed lets go. Raises Refused if another holds it."""
    home.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home.with_suffix(".lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise Refused(
            "a demo runs in this project already", remedy="wait for it, or interrupt it with Ctrl-C"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Within, an impatient second Ctrl-C does not leave half of the stack running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
