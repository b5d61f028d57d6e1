"""Joins made ill on purpose on the real cluster: the cause is ranked first, and a healthy one has no finding."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cluster.ailing import COLUMNS, JOB, PLACE, WITHIN, Ailing
from tests.cluster.conftest import Stack
from tests.cluster.example import until

from juncture.deploy.starting.stop import stop
from juncture.deploy.store.ledger import advance
from juncture.errors import Refused
from juncture.flink.rest import FlinkCluster
from juncture.planner.session import Planner

Make = Callable[..., Ailing]
NEVER = f"{WITHIN} AND l.n < r.n - 1000000"
"""A join that compares, and gives out nothing."""


@pytest.fixture
def make_ailing(
    stack: Stack, cluster: FlinkCluster, planner: Planner, tmp_path: Path, request: pytest.FixtureRequest
) -> Make:
    def make(**more) -> Ailing:
        name = f"d{abs(hash(request.node.nodeid)) % 10**8}"
        return Ailing(tmp_path / "project", name, stack, planner, **more)

    return make


def test_a_healthy_job_has_no_finding_until_its_broker_or_its_taskmanager_ends(
    make_ailing: Make, cluster: FlinkCluster, stack: Stack
) -> None:
    job = make_ailing(job="parallelism: 2\n")
    job.write((f"k{number}", number, number / 100) for number in range(2_000))
    job.start()
    job.caught_up(cluster, 4_000)

    with job.records(lambda tenth: ((f"m{tenth}.{i}", i, 20 + tenth / 10) for i in range(10))):
        code, report = job.diagnose(4)

    assert report["findings"] == []
    assert code == 0
    seen = report["observation"]
    assert {source["table"]: len(source["partitions"]) for source in seen["sources"]} == {"l": 4, "r": 4}
    assert all(each["position"] for source in seen["sources"] for each in source["partitions"])
    assert all(each["watermark"] for source in seen["sources"] for each in source["partitions"])
    assert all(each["busy"] is not None for vertex in seen["vertices"] for each in vertex["subtasks"])
    newest = next(each for each in seen["checkpoints"] if each["status"] == "COMPLETED")
    assert all(newest[part] is not None for part in ("written", "delay", "alignment", "writing"))

    stack.local.kill("kafka")
    try:
        code, report = job.diagnose()
        told = job.status()
    finally:
        stack.local.up()

    assert [each["rule"] for each in report["findings"]] == ["silent-brokers"]
    silence = report["observation"]["silence"]
    assert silence["problem"].endswith("do not answer: nothing listens there")
    assert "`juncture local up`" in report["findings"][0]["remedy"]
    assert told["silence"] == silence
    assert [each["behind"] for each in told["sources"]] == [None, None]

    stack.local.kill("taskmanager-1")
    try:
        until(lambda: not cluster.overview().taskmanagers)
        code, report = job.diagnose()
    finally:
        stack.local.up()

    first = report["findings"][0]
    assert first["rule"] == "missing-slots", first
    assert first["message"] == "the job does not work: no TaskManager has registered with the cluster"
    assert first["remedy"].startswith("start TaskManagers")
    assert "restarts" not in [each["rule"] for each in report["findings"]]
    assert code == 1


def test_one_key_has_most_records(make_ailing: Make, cluster: FlinkCluster) -> None:
    job = make_ailing(job="parallelism: 2\n", on=NEVER)
    job.write(("unknown" if i % 20 else f"k{i}", i, i / 10_000) for i in range(40_000))
    job.start()
    until(lambda: job.read(cluster) > 2_000)

    first = job.first()

    assert first["rule"] == "key-skew", first
    assert "l.k = 'unknown'" in first["message"] or "r.k = 'unknown'" in first["message"]
    assert place(first) == PLACE
    assert first["cost"] > 0.2


def test_a_silent_partition_holds_the_watermark_back(make_ailing: Make, cluster: FlinkCluster) -> None:
    job = make_ailing(source="", partitions=2)
    job.write(((f"k{i}", i, i) for i in range(1_000)), partition=0)
    job.write(((f"k{i}", i, i) for i in range(1_000)), sides="r", partition=1)
    job.write([("k0", 0, 0)], sides="l", partition=1)
    job.start()
    job.caught_up(cluster, 3_001)

    drawn = job.root / "page.html"
    _, report = job.diagnose(3, "--html", str(drawn))
    first = report["findings"][0]

    assert first["rule"] == "held-watermark", first
    page = drawn.read_text()
    assert "sql/sources/l.sql:6:5" in page
    assert "event time gained</text>" in page
    assert (
        page.index(f"topic l-{job.name}") < page.index("IntervalJoin[") < page.index('<polyline class="size"')
    )
    assert f"partition 1 of the topic 'l-{job.name}'" in first["message"]
    assert place(first) == "sql/sources/l.sql:6:5"
    assert "idle_timeout" in first["remedy"]


def test_a_source_has_more_subtasks_than_partitions(make_ailing: Make, cluster: FlinkCluster) -> None:
    job = make_ailing(source="", partitions=2, job="parallelism: 3\n")
    job.write((f"k{i}", i, i) for i in range(1_000))
    job.start()
    job.caught_up(cluster, 2_000)

    code, report = job.diagnose()

    assert code == 1
    assert [each["rule"] for each in report["findings"]] == ["silent-subtasks"]
    first = report["findings"][0]
    assert "1 of the 3 subtasks of the source l" in first["message"]
    assert "1 of the 3 subtasks of the source r" in first["message"]
    assert first["effect"] == "stops"
    assert place(first) == f"jobs/{JOB}.yaml:5:1"


def test_rocksdb_has_too_little_memory(make_ailing: Make, cluster: FlinkCluster) -> None:
    options = (
        "state: {backend: rocksdb}\noptions:\n  state.backend.rocksdb.memory.fixed-per-slot: 8 mb\n"
        "  state.backend.rocksdb.metrics.block-cache-hit: true\n"
        "  state.backend.rocksdb.metrics.block-cache-miss: true\n"
    )
    job = make_ailing(job=options)
    rows = ((f"k{i}", i, i / 100_000) for i in range(12_000))
    job.write(rows, pad=lambda i: hashlib.shake_256(str(i).encode()).hexdigest(4_096))
    job.start()
    until(lambda: (state_of(cluster, job) or 0) > 9 * 2**20)

    _, report = job.diagnose()

    first = report["findings"][0]
    assert first["rule"] == "state-memory", first
    assert place(first) == PLACE
    assert "8.0 MiB" in first["message"]
    assert [each["native"] is not None for each in report["observation"]["vertices"]] == [False, False, True]


def test_each_record_is_compared_with_thousands(make_ailing: Make, cluster: FlinkCluster) -> None:
    options = "state: {backend: rocksdb}\noptions:\n  state.backend.rocksdb.metrics.iter-bytes-read: true\n"
    job = make_ailing(on=NEVER, job=options, partitions=1)
    job.write((f"country{i % 4}", i, i / 10_000) for i in range(40_000))
    job.start()
    until(lambda: job.read(cluster) > 2_000)

    first = job.first()

    assert first["rule"] == "scanned-entries", first
    assert place(first) == PLACE
    evidence = {each["what"]: each["value"] for each in first["evidence"]}
    assert 5_000 < int(evidence["rows of its key that a record finds"].replace(",", "")) <= 10_000
    assert evidence["read by RocksDB's iterators"].endswith("iB a record")


def test_the_event_join_has_too_little_memory(make_ailing: Make, cluster: FlinkCluster) -> None:
    weights = "taskmanager.memory.managed.consumer-weights"
    options = f"join_strategy: event_join\noptions:\n  {weights}: 'OPERATOR:20,STATE_BACKEND:980'\n"
    job = make_ailing(on=NEVER, job=options, partitions=1)
    rows = ((f"k{i % 9_000}", i, i / 100_000) for i in range(36_000))
    job.write(rows, pad=lambda i: hashlib.shake_256(str(i).encode()).hexdigest(2_048))
    job.start()
    until(lambda: job.read(cluster) > 20_000)

    first = job.first()

    assert first["rule"] == "state-memory", first
    assert "chunks of rows back" in first["message"]
    assert place(first) == PLACE


def test_rocksdb_makes_writes_wait(make_ailing: Make, cluster: FlinkCluster) -> None:
    rocksdb = "state.backend.rocksdb"
    options = (
        f"state: {{backend: rocksdb}}\noptions:\n  {rocksdb}.memory.managed: false\n  {rocksdb}.thread.num: 1\n"
        f"  {rocksdb}.writebuffer.size: 64 kb\n  {rocksdb}.writebuffer.count: 2\n"
        f"  {rocksdb}.metrics.stall-micros: true\n  {rocksdb}.metrics.bytes-written: true\n"
    )
    job = make_ailing(job=options)
    rows = ((f"k{i}", i, i / 100_000) for i in range(12_000))
    job.write(rows, pad=lambda i: hashlib.shake_256(str(i).encode()).hexdigest(4_096))
    job.start()
    until(lambda: job.read(cluster) > 1_000)

    first = job.first()

    assert first["rule"] == "compaction-stalls", first
    assert "written meanwhile" in {each["what"] for each in first["evidence"]}
    assert place(first) == PLACE


def test_the_sink_takes_records_slowly(make_ailing: Make, cluster: FlinkCluster) -> None:
    slow = (
        ", more={'properties.batch.size': '0', 'properties.buffer.memory': '40000',"
        " 'properties.max.in.flight.requests.per.connection': '1'}"
    )
    job = make_ailing(sink=slow, partitions=1)
    job.write((f"k{i}", i, i / 100) for i in range(60_000))
    job.start()
    until(lambda: job.read(cluster) > 1_000)

    first = job.first()

    assert first["rule"] == "slow-sink", first
    assert first["cost"] > 0.5
    assert place(first) == "sql/sinks/matches.sql:1:14"


def test_a_regular_join_grows_without_end(make_ailing: Make, cluster: FlinkCluster) -> None:
    job = make_ailing(on="l.n = r.n", select=f"/*+ STATE_TTL('l' = '1 s') */ {COLUMNS}")
    job.write((f"k{i}", i, i) for i in range(2_000))
    job.start()
    until(lambda: (state_of(cluster, job) or 0) > 100_000)
    small = state_of(cluster, job) or 0
    job.write((f"k{i}", i, i) for i in range(2_000, 6_000))
    until(lambda: (state_of(cluster, job) or 0) > 2 * small)

    first = job.first()

    assert first["rule"] == "growing-state", first
    assert "grows, and nothing removes rows of r:" in first["message"]
    assert place(first) == PLACE
    assert "state: {ttl: ...}" in first["remedy"]


def test_a_flood_of_late_records(make_ailing: Make, cluster: FlinkCluster) -> None:
    job = make_ailing()
    job.write((f"k{i}", i, i) for i in range(2_000))
    job.start()
    job.caught_up(cluster, 4_000)

    with job.records(lambda tenth: ((f"late{tenth}.{i}", i, i) for i in range(30)), sides="r"):
        first = job.first()

    assert first["rule"] == "late-records", first
    assert "come to r are too late" in first["message"]
    assert place(first) == "sql/sources/r.sql:6:5"
    assert first["cost"] > 0.9


def test_a_record_that_does_not_parse_restarts_the_job(make_ailing: Make, cluster: FlinkCluster) -> None:
    again = "restart-strategy.fixed-delay"
    job = make_ailing(
        source=", on_error='fail'",
        job=f"options:\n  restart-strategy.type: fixed-delay\n  {again}.attempts: 1000\n  {again}.delay: 1 s\n",
    )
    job.write((f"k{i}", i, i) for i in range(100))
    job.start()
    job.write_raw("r", b'{"k": 7, "n": "no number"}')
    until(lambda: (cluster.restarts(job.flink_job) or 0) >= 2)

    first = job.first()

    assert first["rule"] == "restarts", first
    assert "on_error='skip'" in first["remedy"]
    assert place(first) == "sql/sources/r.sql:1:14"


def test_an_operator_has_no_time_left(make_ailing: Make, cluster: FlinkCluster) -> None:
    job = make_ailing(select=COLUMNS.replace("r.pad", "SHA512(REPEAT(r.pad, 1000000))"), partitions=1)
    job.write((f"k{i}", i, i / 100) for i in range(30_000))
    job.start()
    with job.records(lambda tenth: ((f"m{tenth}.{i}", i, 300 + tenth / 10) for i in range(200))):
        until(lambda: (job.behind(cluster) or 0) > 1_000)
        _, report = job.diagnose()

    first, seen = report["findings"][0], report["observation"]
    assert first["rule"] == "overloaded", first
    assert "of that goes into computing expressions" in first["message"]
    assert place(first) == PLACE
    for source in seen["sources"]:
        lag = sum(each["end"] - each["position"] for each in source["partitions"])
        drawn = [each["behind"] for each in seen["course"] if each["table"] == source["table"]]
        assert not source["behind_by_flink"]
        assert (source["behind_before"], source["behind"]) == (drawn[0], drawn[-1])
        assert source["behind"] == lag > 1_000

    # A stop was begun and its command killed: its barrier waits behind what the join has to do.
    running = job.site.store.last(JOB)
    assert running is not None
    job.site.store.append(advance(running, "stopping"))
    cluster.http.send("POST", f"/jobs/{job.flink_job}/stop", {"drain": False})
    until(lambda: any(each.is_savepoint for each in cluster.checkpoints(job.flink_job).history))
    with pytest.raises(Refused, match="the savepoint of an earlier stop is being written"):
        stop(JOB, job.site)
    assert stop(JOB, job.site, savepoint=False).note == "cancelled without a savepoint"


def test_checkpoints_expire(make_ailing: Make, cluster: FlinkCluster) -> None:
    tolerant = "execution.checkpointing.tolerable-failed-checkpoints: 1000"
    job = make_ailing(job=f"options:\n  {tolerant}\n  execution.checkpointing.timeout: 10 ms\n")
    # 16 MB a checkpoint: with less a fast machine is done within 10 ms, and Flink takes no shorter timeout.
    rows = ((f"k{i}", i, i) for i in range(2_000))
    job.write(rows, pad=lambda i: hashlib.shake_256(str(i).encode()).hexdigest(2_048))
    job.start()
    until(lambda: cluster.checkpoints(job.flink_job).counts.failed >= 2)

    first = job.first()

    assert first["rule"] == "failing-checkpoints", first
    assert "expired" in first["message"]
    assert place(first) == f"jobs/{JOB}.yaml:4:1"
    assert "checkpointing: {timeout: ...}" in first["remedy"]


def place(finding) -> str:
    at = finding["location"]
    return f"{at['path']}:{at['line']}:{at['column']}"


def state_of(cluster: FlinkCluster, job: Ailing) -> int | None:
    """Bytes of the last completed checkpoint."""
    last = cluster.checkpoints(job.flink_job).latest.completed
    return last.state_size if last is not None else None
