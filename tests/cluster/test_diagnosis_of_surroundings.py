"""Joins that are well, in a TaskManager whose heap is full, and with storage that takes checkpoints slowly."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from tests.cluster.ailing import COLUMNS, JOB, Ailing
from tests.cluster.conftest import Stack
from tests.cluster.example import until
from tests.cluster.own_functions import JAR, build
from tests.cluster.test_diagnosis import place, state_of
from tests.s3 import BUCKET

from juncture.flink.answers import Checkpoint
from juncture.flink.rest import FlinkCluster
from juncture.flink.subtasks import workers
from juncture.planner.session import Planner

# It keeps four fifths of what was free, no more: the TaskManager, which is others', too, must have enough left.
# With less, Java collects for about half of the time, and the job has as good a cause in its own work.
REMEMBER = """\
package org.example;

public class Remember extends org.apache.flink.table.functions.ScalarFunction {
    private static final int BYTES = 36, EACH = 100_000;
    private transient long[][] kept;
    private transient int next;

    @Override
    public void open(org.apache.flink.table.functions.FunctionContext context) {
        System.gc();
        Runtime java = Runtime.getRuntime();
        long free = java.maxMemory() - java.totalMemory() + java.freeMemory();
        kept = new long[(int) (free / 5 * 4 / BYTES)][];
    }

    public Long eval(Long number) {
        for (int i = 0; i < EACH; i++) {
            kept[next] = new long[] {number, i};
            next = (next + 1) % kept.length;
        }
        return number;
    }
}
"""

# As a state does that takes its time to be read.
LINGER = """\
package org.example;

public class Linger extends org.apache.flink.table.functions.ScalarFunction {
    @Override
    public void open(org.apache.flink.table.functions.FunctionContext context) throws InterruptedException {
        while (new java.io.File("WHILE").exists()) {
            Thread.sleep(100);
        }
    }

    public Long eval(Long number) {
        return number;
    }
}
"""


def test_java_collects_what_a_function_of_the_job_keeps(
    stack: Stack, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    root = tmp_path / "project"
    build(root, "Remember", REMEMBER)
    own = f"jars: [{JAR}]\nfunctions: {{remember: org.example.Remember}}\n"
    select = COLUMNS.replace("r.n AS m", "remember(r.n) AS m")
    job = Ailing(root, "dgarbage", stack, planner, select=select, job=own, partitions=1)
    job.write((f"k{i}", i, i / 100) for i in range(100))
    job.start()
    # Barriers of later checkpoints wait behind all that it has to do.
    until(lambda: state_of(cluster, job) is not None)
    before = collected(cluster)
    job.write((f"k{i}", i, i / 100) for i in range(100, 20_000))
    until(lambda: collected(cluster) > before + 2_000)

    first = job.first(seconds=10)  # what it tells comes late, and is divided by the time between two looks

    assert first["rule"] == "garbage-collection", first
    assert first["cost"] > 0.3
    assert "state of the job, on the heap" in {each["what"] for each in first["evidence"]}
    assert first["remedy"].startswith("it is not the job's state: see what remember keeps on the heap")


def collected(cluster: FlinkCluster) -> int:
    """Milliseconds of garbage collection since the TaskManager began."""
    (worker,) = workers(cluster)
    return worker.metrics.collected


def test_subtasks_take_long_to_begin(
    stack: Stack, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    root, there = tmp_path / "project", tmp_path / "there"
    build(root, "Linger", LINGER.replace("WHILE", str(there)))
    own = f"jars: [{JAR}]\nfunctions: {{linger: org.example.Linger}}\n"
    select = COLUMNS.replace("r.n AS m", "linger(r.n) AS m")
    job = Ailing(root, "dbegin", stack, planner, select=select, job=own, partitions=1)
    job.write((f"k{i}", i, i / 100) for i in range(100))
    there.touch()
    submitted = Thread(target=job.start)
    submitted.start()
    try:
        until(lambda: any(each.tasks.get("initializing") for each in cluster.jobs()))
        first = job.first(5)
    finally:
        there.unlink()
        submitted.join()

    assert first["rule"] == "beginning-subtasks", first
    assert first["cost"] == 1.0
    assert "INITIALIZING for all of the" in first["message"]
    job.caught_up(cluster, 200)


def test_storage_takes_checkpoints_slowly(
    stack: Stack, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    folder = f"s3://{BUCKET}/slow"
    job = Ailing(
        tmp_path / "project",
        "dstorage",
        stack,
        planner,
        job=f"options: {{execution.checkpointing.dir: '{folder}'}}\n",
        partitions=1,
    )
    job.write((f"k{i}", i, i / 1_000) for i in range(4_000))
    with stack.s3, started(job, cluster):
        job.caught_up(cluster, 8_000)
        with kept_waiting(stack) as let_go:
            until(lambda: age(newest(cluster, job)) >= 10)
            slow = newest(cluster, job)
            let_go()
            until(lambda: newest(cluster, job).id > slow.id)
            first = job.first(10)

    assert first["rule"] == "slow-checkpoints", first
    assert place(first) == f"jobs/{JOB}.yaml:4:1"
    assert re.search(r"; \d.* [KM]iB are written for [\d.]+ s of that$", first["message"])
    assert first["remedy"].startswith(f"see to the storage of checkpoints, {folder}: it took ")
    assert first["cost"] > 0.4


@contextmanager
def kept_waiting(stack: Stack) -> Iterator[Callable[[], None]]:
    """Within it, whoever writes state into S3 waits until what it gives is called."""
    open_ = Event()

    def wait(path: str) -> None:
        if re.search(r"/chk-\d+/[0-9a-f]{8}-", path):
            open_.wait()

    def let_go() -> None:
        open_.set()
        open_.clear()

    stack.s3.before_put = wait
    try:
        yield let_go
    finally:
        stack.s3.before_put = lambda path: None
        open_.set()


@contextmanager
def started(job: Ailing, cluster: FlinkCluster) -> Iterator[None]:
    """Within it, the job runs; it has ended when its storage goes."""
    job.start()
    try:
        yield
    finally:
        cluster.cancel(job.flink_job)
        cluster.wait_ended(job.flink_job, 60)


def newest(cluster: FlinkCluster, job: Ailing) -> Checkpoint:
    return cluster.checkpoints(job.flink_job).history[0]


def age(checkpoint: Checkpoint) -> float:
    """Seconds for which it has been under way; 0 if it is not."""
    began = checkpoint.trigger_timestamp / 1000
    return time.time() - began if checkpoint.status == "IN_PROGRESS" else 0
