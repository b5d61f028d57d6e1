"""What joins are said to need, from topics of a known shape, held against what a running one takes."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cluster.ailing import JOB, Ailing
from tests.cluster.conftest import Stack
from tests.cluster.example import until

from juncture.capacity.supposed import WhatIf
from juncture.cli.main import main
from juncture.deploy.readiness.assess import assess
from juncture.deploy.readiness.gate import Gate
from juncture.deploy.readiness.topics import create_missing
from juncture.flink.rest import FlinkCluster
from juncture.kafka.admin import Admin
from juncture.kafka.writer import Writer
from juncture.model.calibration import Calibration
from juncture.model.capacity import CapacityReport
from juncture.planner.session import Planner

Make = Callable[..., Ailing]

pytestmark = pytest.mark.usefixtures("one_planner")

CALIBRATED = "out-{}.juncture-calibration"
WINDOW = "r.t BETWEEN l.t AND l.t + INTERVAL '20' MINUTE"


@pytest.fixture
def make_job(
    stack: Stack, cluster: FlinkCluster, planner: Planner, tmp_path: Path, request: pytest.FixtureRequest
) -> Make:
    def make(**more) -> Ailing:
        name = f"c{abs(hash(request.node.nodeid)) % 10**8}"
        return Ailing(tmp_path / "project", name, stack, planner, **more)

    return make


def three_hours() -> Iterator[tuple[str, int, float]]:
    """A record a second, three in the second hour; each key once."""
    number = 0
    for second in range(3 * 3600):
        for part in range(3 if 3600 <= second < 7200 else 1):
            yield f"key-{number:08}", number, second + part / 3
            number += 1


def outcomes(report: CapacityReport) -> dict[str, str]:
    return {check.id: check.outcome for check in report.checks}


def test_the_state_that_was_foretold(make_job: Make, cluster: FlinkCluster) -> None:
    # On the heap: RocksDB's files still hold what was removed since it caught up.
    job = make_job(on=WINDOW)
    job.write(three_hours(), pad=lambda number: f"{number:040}", as_it_was=True)

    report = assess(job.files, job.connection, None, matched=True)

    left = report.traffic[0]
    assert left.peak.expected == pytest.approx(3, rel=0.02)
    assert left.now == pytest.approx(1, rel=0.05)
    assert left.largest == pytest.approx(0.25, abs=0.1)
    assert [round(rate) for rate in left.hours[:2]] == [1, 3]
    assert report.matching[0].matched > 0.9
    assert sum(report.matching[0].repeated) == 0
    assert report.ready, report.checks

    # The job reads to the end, where a record a second came: a third of the peak.
    job.start()
    job.caught_up(cluster, 36_000)
    done = cluster.checkpoints(job.flink_job).counts.completed
    until(lambda: cluster.checkpoints(job.flink_job).counts.completed > done + 1)
    last = cluster.checkpoints(job.flink_job).latest.completed
    figure = report.figure("state")
    assert last is not None
    assert figure is not None
    third = figure.value * (1 / 3)
    assert third.low < last.state_size < third.high, (third, last.state_size, figure.formula)


def test_what_is_not_ready(make_job: Make, cluster: FlinkCluster) -> None:
    job = make_job(on="l.n = r.n", job="parallelism: 8\n", partitions=2)
    job.write(((f"k{i}", i, i / 10) for i in range(1_000)), as_it_was=True)

    report = assess(job.files, job.connection, None, WhatIf(rate=100_000))

    assert not report.ready
    assert report.recommended_backend == "rocksdb"
    found = outcomes(report)
    assert found["slots"] == "failed"
    assert found["cores"] == "failed"
    assert found["parallelism"] == "failed"
    assert found["unbounded-state"] == "failed"
    assert found["partitions"] == "warned"
    assert all(check.remedy for check in report.checks if check.outcome != "passed")
    assert any("may be how fast it was filled" in note for note in report.assumed)


@pytest.mark.parametrize(
    ("more", "outcome"), [("", "warned"), (" AND l.k <> 'hot'", "passed")], ids=["hot", "left-out"]
)
def test_a_key_that_is_hot_on_both_sides(make_job: Make, more: str, outcome: str) -> None:
    def rows(every: int) -> Iterator[tuple[str, int, float]]:
        """Ten seconds of up to a thousand a second; of the first seven nine of ten have one key: in one partition."""
        for number in range(0, 10_000, every):
            is_hot = number < 7_000 and number // every % 10
            yield "hot" if is_hot else f"key-{number}", number, number / 1_000

    job = make_job(on=f"r.t BETWEEN l.t AND l.t + INTERVAL '10' MINUTE{more}")
    job.write(rows(1), sides="l", as_it_was=True)
    job.write(rows(2), sides="r", as_it_was=True)

    report = assess(job.files, job.connection, None)

    assert outcomes(report)["hot-keys"] == outcome
    first, *told = Gate().passed(job.files, job.connection, job.site.store)
    short = any(outcomes(report)[each] == "warned" for each in ("cores", "parallelism", "state", "catch-up"))
    assert (
        first
        == f"There {'may not be' if outcome == 'warned' or short else 'is'} enough for it, by `juncture capacity`"
    )
    assert any(each.startswith("warning: hot-keys: ") for each in told) == (outcome == "warned")
    assert [(each.key, each.columns) for each in report.hot] == (
        [("hot", "k")] if outcome == "warned" else []
    )
    for each in report.hot:
        assert each.shares == pytest.approx((0.9, 0.9), abs=0.03)
        assert 0 < each.rate.low < each.rate.expected == pytest.approx(0.81 * 1_000 * 500 * 600, rel=0.1)


def test_a_job_that_is_not_ready_is_not_submitted(make_job: Make, cluster: FlinkCluster) -> None:
    days = "r.t BETWEEN l.t AND l.t + INTERVAL '99' DAY"
    job = make_job(on=days)
    job.write(((f"key-{i}", i, i / 100) for i in range(60_000)), as_it_was=True)
    submit = ["--project", str(job.root), "--output", "json", "submit", JOB]

    refused = CliRunner().invoke(main, submit)
    assert refused.exit_code == 1
    assert "is not ready" in refused.stderr
    assert "- state: " in json.loads(refused.stderr.splitlines()[-1])["error"]["problem"]

    taken = CliRunner().invoke(main, [*submit, "--accept-risk", "a trial of an hour"])
    assert taken.exit_code == 0, taken.stderr
    assert "Not ready, and accepted: state" in taken.stderr
    assert json.loads(taken.stdout)["accepted_risk"] == "a trial of an hour"

    # Nor is a new version put in its place.
    path = job.root / f"jobs/{JOB}.yaml"
    path.write_text(path.read_text().replace("interval: 1 s", "interval: 2 s"))
    upgrade = [*submit[:-2], "upgrade", JOB]
    refused = CliRunner().invoke(main, upgrade)
    assert refused.exit_code == 1
    error = json.loads(refused.stderr.splitlines()[-1])["error"]
    assert "- state: " in error["problem"]
    assert error["state"] == "nothing was changed"
    assert [each.id for each in cluster.jobs() if not each.ended] == [
        json.loads(taken.stdout)["flink_job_id"]
    ]

    taken = CliRunner().invoke(main, [*upgrade, "--accept-risk", "one more hour"])
    assert taken.exit_code == 0, taken.stderr
    assert json.loads(taken.stdout)["version"] == 2
    assert json.loads(taken.stdout)["accepted_risk"] == "one more hour"


def test_what_is_measured_beside_a_job_that_runs(make_job: Make, cluster: FlinkCluster) -> None:
    job = make_job(on=WINDOW, job="state: {backend: rocksdb}\n")
    job.write(((f"key-{i:08}", i, i / 20) for i in range(50_000)), pad=lambda n: f"{n:040}", as_it_was=True)
    job.start()
    job.caught_up(cluster, 100_000)
    # What a killed calibration may leave.
    leftover = Admin(job.kafka)
    leftover.create({CALIBRATED.format(job.name): 1}, config={"retention.ms": "3599000"})
    project = ["--project", str(job.root), "--output", "json"]

    ran = CliRunner().invoke(main, [*project, "calibrate", JOB, "--records", "100000", "--seconds", "120"])

    assert ran.exit_code == 0, ran.stderr
    found = Calibration.model_validate_json(ran.stdout)
    assert found.engine == "flink-rocksdb"
    assert found.stages[-1].records == 100_000
    assert found.stages[-1].micros.low > 0
    assert found.state is not None
    # In a job that keeps up, for long, it is 0.3.
    assert found.state.low < 0.3 < found.state.high
    # Each row is written, read and removed, and goes into a file.
    counted = found.counted
    assert counted is not None
    assert 0.5 * counted.added < counted.written < 10 * counted.added
    assert 0.1 * counted.added < counted.flushed <= counted.written
    assert counted.looked > counted.missed.expected >= 0
    assert counted.uploaded > 0
    # It has left nothing but the record, and the job alone.
    assert Admin(job.kafka).missing([CALIBRATED.format(job.name)])
    assert [each.id for each in cluster.jobs() if not each.ended] == [job.flink_job]
    assert cluster.restarts(job.flink_job) == 0

    told = CliRunner().invoke(main, [*project, "capacity", JOB])
    report = json.loads(told.stdout)
    figures = {each["name"]: each for each in report["figures"]}
    repeated = [each for each in report["assumed"] if each.startswith("of the calibration")]
    assert [each.partition(": ")[2] for each in repeated] == list(found.notes)
    of_files = ("state reads", "state writes", "local disk writes", "local disk operations")
    assert {figures[name]["basis"] for name in ("CPU a record", "cores", "state", *of_files)} == {
        "calibrated"
    }

    def later() -> Iterator[tuple[str, int, float]]:
        """What goes on to come while the job is held against what was foretold: as many records a second."""
        for i in range(50_000, 50_240):
            time.sleep(0.05)
            yield f"key-{i:08}", i, i / 20

    coming = threading.Thread(
        target=lambda: job.write(later(), pad=lambda n: f"{n:040}", as_it_was=True), daemon=True
    )
    coming.start()
    seen = CliRunner().invoke(main, [*project, "capacity", JOB, "--verify", "--during", "4 s"])
    coming.join()
    terms = {each["name"]: each for each in json.loads(seen.stdout)["terms"]}
    state = terms["state"]
    assert state["foretold"]["low"] < state["measured"] < state["foretold"]["high"], seen.stdout
    assert "cores in all" in terms["CPU a record"]["why"]


def test_the_command_and_topics_without_records(make_job: Make, cluster: FlinkCluster) -> None:
    job = make_job()
    arguments = ["--project", str(job.root), "capacity", JOB, "--explain"]

    ran = CliRunner().invoke(main, arguments)

    assert ran.exit_code == 0, ran.output
    assert f"assumed: 'l-{job.name}' has no records" in ran.stdout
    assert "passed  checkpoints: one begins every" in ran.stdout
    assert "passed  checkpoint-storage: file:" in ran.stdout
    assert "warned  high-availability: the cluster has none" in ran.stdout
    assert "passed  catch-up: there is nothing to catch up with" in ran.stdout
    assert "/ 0.7 of the time, rounded up" in ran.stdout
    # What is not known moves the answer, and nothing is recommended by it.
    assert "each 1,000 records/s of it add" in ran.stdout
    assert "cores: 0 (0 to 0), assumed" in ran.stdout
    assert "state backend: hashmap: nothing is known of what comes through 'l-" in ran.stdout
    assert "warned  traffic: 'r-" in ran.stdout
    assert "cost" not in ran.stdout


def test_topics_that_are_missing_and_those_of_one_minute_with_prices(
    make_job: Make, cluster: FlinkCluster, tmp_path: Path
) -> None:
    job = make_job(job="parallelism: 2\n")
    admin, topics = Admin(job.kafka), [f"{side}-{job.name}" for side in ("l", "r", "out")]
    admin.delete(topics)
    (job.root / "juncture.toml").open("a").write(
        '[environments.shared.prices]\ncurrency = "EUR"\ncore_hour = 0.04\nmemory_gib_hour = 0.005\n'
    )
    command = ["--project", str(job.root), "capacity", JOB]

    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 1
    assert all(f"'{topic}' (table " in refused.stderr for topic in topics), refused.stderr

    assert create_missing(admin, topics, 2) == tuple(
        f"Created {topic} with 2 partitions" for topic in sorted(topics)
    )
    assert {admin.partitions()[topic] for topic in topics} == {2}
    assert create_missing(admin, topics, 2) == ()

    job.write((f"k{i}", i, i / 100) for i in range(1_000))
    with Writer(job.kafka) as writer:
        for _ in range(100):
            writer.write(topics[1], b"no JSON")
        writer.write(topics[0], b'{"k": "ahead"}', timestamp=int(time.time() * 1000) + 1_800_000)
    admin.delete(topics[2:])
    admin.create({topics[2]: 2}, config={"retention.ms": "86400000"})
    ran = CliRunner().invoke(main, [*command, "--html", str(tmp_path / "page.html")])
    assert ran.exit_code == 0, ran.stderr
    # Rows of one letter, of which producers make batches with LZ4.
    (kept,) = re.findall(r"^r +2 .* (\d+) %  +\d+ %", ran.stdout, re.MULTILINE)
    assert 5 < int(kept) < 60, ran.stdout
    assert "more expected for what is written" in ran.stdout
    assert "passed  quotas: brokers limit neither what is read nor written" in ran.stdout
    assert "passed  checkpoint-writes: 8.0 MiB were written to file:" in ran.stdout
    assert f"all 1,001 records of 'l-{job.name}' are of" in ran.stdout
    assert re.search(
        rf"1 of \d+ records of 'l-{job.name}' that were looked at have timestamps in the future", ran.stdout
    )
    assert "records/s the job needs" in ran.stdout
    assert re.search(r"^100 % ± [\d.]+ % of r meet one of l, 0\.0 s later", ran.stdout, re.MULTILINE), (
        ran.stdout
    )
    assert re.search(rf"\d+ % of 1,\d+ sampled records of '{topics[1]}' are no JSON objects", ran.stdout), (
        ran.stdout
    )
    assert "cost in EUR" in ran.stdout
    assert "Cost in EUR a month, by rate and window" in (tmp_path / "page.html").read_text()
