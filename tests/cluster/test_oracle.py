"""The oracle against Flink: every example's rows, and what Flink does with versions and deletions."""

from __future__ import annotations

import json
import time

import pytest

from juncture.demo.watch import Watch
from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.environment.toolchain import toolchain_for
from juncture.deploy.starting.submission import Submission
from juncture.deploy.starting.submit import submit
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import Bundle
from juncture.errors import Refused
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.reader import read_topic
from juncture.kafka.writer import Writer
from juncture.project.loader import load_project
from juncture.project.scaffold import create
from juncture.render.bundle import bundle
from juncture.render.renderer import render
from juncture.sample.examples import generate
from juncture.sample.writer import create_topics, write_wave
from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.records import RecordStore

PARTITIONS = 4
EVENTS = 5000


class Bench:
    """The stack and the planner, to run jobs of the example project on."""

    def __init__(self, root, stack, planner, project) -> None:
        self.root = root
        self.planner = planner
        self.project = project
        self.kafka = stack.kafka
        self.admin = Admin(self.kafka)
        variables = {"JUNCTURE_KAFKA_BOOTSTRAP_SERVERS": stack.kafka.bootstrap_servers}
        self.connection = Connection("local", self.kafka, stack.flink, variables)

    def start(self, job, topics, strategy="flink"):
        """Submit a job after its topics were made anew; its rendered form and its id."""
        rendered = render(self.project, job, self.project.environments["local"])
        authored = rendered.job.model_copy(update={"join_strategy": strategy})
        rendered = rendered.model_copy(update={"job": authored})
        compilation = self.planner.compile(rendered)
        assert compilation.plan is not None, compilation.error
        names = {**dict.fromkeys(topics, PARTITIONS), rendered.topics[rendered.job.sink]: PARTITIONS}
        self.admin.delete(names)
        while set(names) & set(self.admin.partitions()):
            time.sleep(0.1)
        self.admin.create(names, config={"retention.ms": "-1"})
        toolchain = toolchain_for(rendered, compilation.plan)
        files = bundle(rendered, compilation.plan, toolchain.pinned, self.project.template_dirs)
        jars = [jar.path for jar in toolchain.jars]
        # Without the state of an earlier test's job of the same name.
        site = Site(self.connection, Store(self.root / "store"), self.planner)
        deployment = submit(Submission(Bundle(files, jars), anew=True), site)
        return rendered, deployment.flink_job_id

    def watch(self, job_id):
        return Watch(self.connection.flink, job_id, lambda message: None)

    def stop(self, job_id):
        with self.connection.cluster() as cluster:
            cluster.stop(job_id)
            cluster.wait_ended(job_id, timeout=60)


@pytest.fixture(scope="module")
def bench(tmp_path_factory, stack, planner):
    root = tmp_path_factory.mktemp("oracle") / "example"
    create(root)
    return Bench(root, stack, planner, load_project(root))


@pytest.mark.parametrize(
    ("job", "strategy"), [("ad_funnel", "flink"), ("ad_funnel", "event_join"), ("paid_orders", "flink")]
)
def test_an_examples_rows_are_the_oracles(bench, job, strategy):
    sample = generate(job, EVENTS, partitions=PARTITIONS)
    rendered, job_id = bench.start(job, sample.topics, strategy)
    assert create_topics(bench.kafka, sample) == ()
    with pytest.raises(Refused, match="4 partitions, the sample is for 3"):
        create_topics(bench.kafka, generate(job, 100, partitions=3))
    with bench.watch(job_id) as watch:
        write_wave(bench.kafka, sample, sample.main)
        settled = offsets.latest(bench.admin, sample.topics)
        write_wave(bench.kafka, sample, sample.closing)
        watch.wait(sample.watermark)
        write_wave(bench.kafka, sample, sample.late)
        ends = offsets.latest(bench.admin, sample.topics)
        watch.set_written(sample.main.size + sample.closing.size + sample.late.size)
        watch.wait()
    bench.stop(job_id)

    oracle = Oracle(rendered)
    excluded = {
        topic: {partition: [range(settled[topic][partition], end)] for partition, end in found.items()}
        for topic, found in ends.items()
    }
    with RecordStore() as store:
        for topic in oracle.topics:
            store.add(topic, read_topic(bench.kafka, topic))
        verdict = oracle.verify(store, excluded)
        unaware = oracle.verify(store)
    assert verdict.comparison.equal, verdict.comparison.examples
    assert verdict.comparison.expected > EVENTS * 0.8
    assert sum(each.malformed for each in verdict.sources) == sample.ledger.malformed
    assert unaware.comparison.missing > 0, "the late events would have joined, had they come in time"


MINUTE = 60_000
START = 1_767_607_200_000


def at(minutes):
    return f"2026-01-05T10:{minutes:02d}:00.000Z"


def test_versions_are_those_of_the_orders_time_and_deletions_do_not_count(bench):
    topics = ("orders", "payments", "customers")
    rendered, job_id = bench.start("paid_orders", topics)
    versions = [
        (1, "a", 0), (1, None, 4),
        (2, "a", 0), (2, "b", 5), (2, None, 8),
        (3, "a", 0), (3, "b", 5), (3, "c", 5),
        (4, "a", 0), (4, None, 3), (4, "b", 5),
        (5, "a", 2),
    ]  # fmt: skip
    with bench.watch(job_id) as watch:
        with Writer(bench.kafka) as writer:
            for customer, segment, minute in versions:
                row = {"customer_id": customer, "country": "DE", "segment": segment, "updated_at": at(minute)}
                value = None if segment is None else json.dumps(row).encode()
                key = json.dumps({"customer_id": customer}).encode()
                writer.write("customers", value, key, START + minute * MINUTE)
        watch.set_written(len(versions))
        watch.wait()
        with Writer(bench.kafka) as writer:
            for customer in range(1, 6):
                for minute in (1, 5, 9):
                    name = f"{customer}-{minute}"
                    order = {
                        "order_id": name,
                        "customer_id": customer,
                        "amount": 1.5,
                        "ordered_at": at(minute),
                    }
                    payment = {"payment_id": name, "order_id": name, "paid_at": at(minute + 1)}
                    time_ = START + minute * MINUTE
                    writer.write("orders", json.dumps(order).encode(), name.encode(), time_)
                    writer.write("payments", json.dumps(payment).encode(), name.encode(), time_)
        sample = generate("paid_orders", 100)
        write_wave(bench.kafka, sample, sample.closing)
        watch.wait(START + 60 * MINUTE)
    bench.stop(job_id)

    oracle = Oracle(rendered)
    with RecordStore() as store:
        for topic in oracle.topics:
            store.add(topic, read_topic(bench.kafka, topic))
        verdict = oracle.verify(store)
        found = dict(
            store.connection.execute("SELECT order_id, segment FROM paid_orders_enriched").fetchall()
        )
    assert verdict.comparison.equal, verdict.comparison.examples
    assert found == {
        "1-1": "a", "1-5": "a", "1-9": "a",
        "2-1": "a", "2-5": "b", "2-9": "b",
        "3-1": "a", "3-5": "c", "3-9": "c",
        "4-1": "a", "4-5": "b", "4-9": "b",
        "5-1": None, "5-5": "a", "5-9": "a",
    }  # fmt: skip
