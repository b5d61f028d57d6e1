"""What a job can't go on from, or not write to, is refused before anything is stopped or started."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import fsspec
import pytest
from confluent_kafka import Producer, TopicPartition
from tests.cluster.conftest import Make
from tests.cluster.example import JOB, until

from juncture.deploy.environment.reading import Reading
from juncture.deploy.starting.stop import stop
from juncture.deploy.starting.submission import Submission
from juncture.deploy.starting.submit import plan_submit
from juncture.deploy.state.positions import missing
from juncture.deploy.state.soundness import offsets_in, refuse_unsound
from juncture.deploy.store.manifest import Bundle
from juncture.deploy.upgrading.replacement import version_before
from juncture.deploy.upgrading.upgrade import plan_upgrade, upgrade
from juncture.errors import Refused
from juncture.flink.rest import FlinkCluster
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.planner.session import Planner

FILES = "options:\n  execution.checkpointing.data-inline-threshold: 0 b"
JOIN = "interval-join:page_impressions+page_clicks"


def test_savepoints_that_are_not_whole_or_not_the_job_s(
    make: Make, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    made = make(edit=lambda job: job.replace("options:", FILES))
    site = made.site.using(planner, lambda message: None)
    made.submit(planner)
    made.write(200)
    until(lambda: len(made.joined()) == 200)
    taken = stop(JOB, site).savepoint
    assert taken is not None
    whole = Path(taken.removeprefix("file:"))

    def refused(path: object, bundle: Bundle = made.bundle) -> str:
        with pytest.raises(Refused) as caught:
            plan_submit(Submission(bundle, start_from=str(path)), site)
        assert caught.value.state == "nothing was changed"
        assert "--anew" in (caught.value.remedy or "")
        return caught.value.problem

    def copy(name: str) -> Path:
        return Path(shutil.copytree(whole, tmp_path / name))

    moved = copy("moved")
    assert plan_submit(Submission(made.bundle, start_from=str(moved)), site).restored_from == str(moved)
    assert f"is not there: {tmp_path}/gone" in refused(tmp_path / "gone")

    half = copy("half")
    (half / "_metadata").unlink()
    assert "is half written" in refused(half)
    damaged = copy("damaged")
    metadata = (damaged / "_metadata").read_bytes()
    (damaged / "_metadata").write_bytes(metadata[: len(metadata) // 2])
    assert "can't be read to its end (EOFException)" in refused(damaged)
    (damaged / "_metadata").write_bytes(b"no metadata of Flink's")
    assert "_metadata is none of Flink's" in refused(damaged)
    (damaged / "_metadata").write_bytes(metadata[:4] + struct.pack(">I", 5) + metadata[8:])
    assert "is of another version of Flink: its metadata has format 5" in refused(damaged)

    incomplete = copy("incomplete")
    first, second, *_ = sorted(path for path in incomplete.iterdir() if path.name != "_metadata")
    first.unlink()
    assert f"files, or parts of them: {first.name} of" in refused(incomplete)
    shutil.copy(whole / first.name, first)
    second.write_bytes(second.read_bytes()[:-1])
    assert f"lacks 1 of its {len(list(whole.iterdir())) - 1} files" in refused(incomplete)

    foreign = {**made.files, "plan.json": made.files["plan.json"].replace(JOIN, "interval-join:a+b")}
    problem = refused(moved, Bundle(foreign, made.jars))
    assert "of another job, or another version of it" in problem
    assert f"has no {JOIN}, whose state it holds" in problem

    # As at s3://, where only copies can be read.
    store = fsspec.filesystem("memory")
    store.put(str(whole), f"/{made.name}/savepoint", recursive=True)
    remote = f"memory://{made.name}/savepoint"
    held = refuse_unsound(remote, "it", site.reading, "")
    assert held is not None
    here = offsets_in(str(whole), held, site.reading)
    assert offsets_in(remote, held, site.reading) == here == planner.read_offsets(str(whole))
    store.rm(f"/{made.name}/savepoint/{first.name}")
    with pytest.raises(Refused, match="lacks 1 of its"):
        refuse_unsound(remote, "it", Reading.by(planner), "")


def test_topics_that_have_not_what_comes_next_and_transactions_that_are_somebody_else_s(
    make: Make, cluster: FlinkCluster, planner: Planner
) -> None:
    made = make()
    said: list[str] = []
    site = made.site.using(planner, said.append)
    topic, sink = made.topic("page-clicks"), made.topic("joined-clicks")
    first = made.submit(planner)
    made.write(100)
    until(lambda: len(made.joined()) == 100)

    # While it runs: somebody else has the new version's transactions, or the brokers don't take them.
    statements = made.files["statements.sql"]
    prefix = f"'sink.transactional-id-prefix' = '{made.name}.local.{JOB}.joined_clicks"
    assert prefix in statements
    other = {**made.files, "statements.sql": statements.replace(prefix, f"{prefix}.b")}
    theirs = Producer(
        {
            "bootstrap.servers": made.connection.kafka.bootstrap_servers,
            "transactional.id": f"{made.name}.local.{JOB}.joined_clicks.b-0-7",
        }
    )
    theirs.init_transactions(10)
    theirs.begin_transaction()
    theirs.produce(sink, b"{}", partition=0)
    theirs.flush(10)
    with pytest.raises(Refused) as caught:
        upgrade(version_before(JOB, site), Bundle(other, made.jars), made.bundle, site)
    assert "somebody else writes with the transactional ids of joined_clicks" in caught.value.problem
    assert "joined_clicks.b-0-7' has a transaction that began at" in caught.value.problem
    theirs.abort_transaction(10)
    del theirs
    assert "Nobody else writes as" in str(plan_upgrade(Bundle(other, made.jars), site).checked)
    long = statements.replace(
        "'properties.transaction.timeout.ms' = '900000'", "'properties.transaction.timeout.ms' = '900001'"
    )
    with pytest.raises(Refused) as caught:
        upgrade(
            version_before(JOB, site),
            Bundle({**made.files, "statements.sql": long}, made.jars),
            made.bundle,
            site,
        )
    assert "the brokers take transactions of 15 min at most" in caught.value.problem
    mode = '"execution.checkpointing.mode": "EXACTLY_ONCE"'
    assert mode in made.files["manifest.json"]
    weak = made.files["manifest.json"].replace(mode, mode.replace("EXACTLY", "AT_LEAST"))
    with pytest.raises(
        Refused, match="can't keep what it promises:\n- checkpoints: they are taken at-least-once"
    ):
        plan_upgrade(Bundle({**made.files, "manifest.json": weak}, made.jars), site)
    assert cluster.job(first.flink_job_id).state == "RUNNING"  # type: ignore[union-attr]

    # Stopped, it can't go on from where the log begins later.
    stop(JOB, site)
    made.write(100, first=100)
    admin = Admin(made.connection.kafka)
    ends = offsets.latest(admin, [topic])[topic]
    place = TopicPartition(topic, 0, ends[0])
    admin.client.delete_records([place])[place].result(10)
    for attempt in (
        lambda: plan_submit(Submission(made.bundle), site),
        lambda: plan_upgrade(made.bundle, site),
    ):
        with pytest.raises(Refused) as caught:
            attempt()
        assert (
            f"partition 0 of '{topic}' begins at offset {ends[0]}: its log has removed"
            in caught.value.problem
        )
        assert "--rewind SOURCE" in (caught.value.remedy or "")
    assert made.store.history(JOB)[0].phase == "stopped"
    again = {topic: {0: ends[0] + 1, 9: 0}, "unread": {0: 5}}
    assert [each.split(":")[0] for each in missing(again, [topic], site)] == [
        f"partition 0 of '{topic}' ends at offset {ends[0]}, before offset {ends[0] + 1}",
        f"partition 9 of '{topic}' does not exist any more",
    ]
    assert not missing({topic: {0: ends[0]}}, [topic], site)
    assert not missing({topic: {0: 0}}, [topic], site, {topic: {0: ends[0]}})
