"""Jobs that start, and end, at resolved offsets: their rows are those between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from tests.cluster.conftest import Make
from tests.cluster.example import JOB, START, Example, stamp, until

from juncture.deploy.environment.launcher import launch_options
from juncture.deploy.environment.reading import Reading
from juncture.deploy.environment.toolchain import find_toolchain
from juncture.deploy.starting.starts import Starting
from juncture.deploy.starting.stop import stop
from juncture.deploy.starting.submission import Submission
from juncture.deploy.starting.submit import plan_submit, submit
from juncture.deploy.state.changes import verdict_between
from juncture.deploy.status import status
from juncture.errors import Location, Refused
from juncture.flink.rest import FlinkCluster
from juncture.kafka.writer import Writer
from juncture.model.deployment import Deployment
from juncture.planner.session import LaunchFailed, Planner
from juncture.project.loader import load_project
from juncture.render.bundle import bundle
from juncture.render.renderer import render

PARTITIONS = 4


def write(made: Example, first: int, last: int) -> None:
    """Impressions i<first> to before i<last>, one a second, and a click on each 5 s later.

    Their Kafka timestamps are their event times; number n goes into partition n % 4, so that it has offset n // 4.
    """
    with Writer(made.connection.kafka) as writer:
        for number in range(first, last):
            served, clicked = (START + timedelta(seconds=number + late) for late in (0, 5))
            impression = {
                "impression_id": f"i{number}", "member_id": number, "page": "p", "items": "x",
                "served_at": stamp(served),
            }  # fmt: skip
            click = {
                "click_id": f"c{number:04}", "impression_id": f"i{number}", "target": "t",
                "clicked_at": stamp(clicked),
            }  # fmt: skip
            for topic, value, moment in (
                ("page-impressions", impression, served), ("page-clicks", click, clicked),
            ):  # fmt: skip
                writer.write(
                    made.topic(topic),
                    json.dumps(value).encode(),
                    timestamp=round(moment.timestamp() * 1000),
                    partition=number % PARTITIONS,
                )


def starting(made: Example, root: Path, planner: Planner, impressions: str, clicks: str) -> Example:
    """The job with other startpoints, rendered again."""
    path = root / "jobs" / f"{JOB}.yaml"
    head, _, tail = path.read_text().partition("startpoints:\n")
    rest = tail[tail.index("parallelism:") :]
    path.write_text(f"{head}startpoints:\n  page_impressions: {impressions}\n  page_clicks: {clicks}\n{rest}")
    project = load_project(root)
    rendered = render(project, JOB, project.environments["local"])
    plan = planner.compile(rendered).plan
    assert plan is not None
    return replace(made, files=bundle(rendered, plan, [], project.template_dirs))


def start(made: Example, planner: Planner, anew: bool = False, said: list[str] | None = None) -> Deployment:
    site = made.site.using(planner, (said if said is not None else []).append)
    return submit(Submission(made.bundle, anew=anew, starting=Starting(Reading.by(planner))), site)


def ids(numbers: range | list[int]) -> list[str]:
    return [f"c{number:04}" for number in numbers]


def test_starts_and_ends(make: Make, cluster: FlinkCluster, planner: Planner, tmp_path: Path) -> None:
    root = tmp_path / "project"
    # Compressed, and none of it in the metadata: the guide's commands read state that is neither.
    options = "options:\n  execution.checkpointing.data-inline-threshold: 0 b"
    options += "\n  execution.checkpointing.snapshot-compression: true"
    made = make(edit=lambda job: job.replace("options:", options))
    write(made, 0, 400)

    # From a timestamp, in one partition from an offset, to an end point; in the other topic to its end.
    at = (START + timedelta(seconds=100)).isoformat()
    end = (START + timedelta(seconds=300)).isoformat()
    made = starting(
        made, root, planner,
        f"{{start: {{timestamp: {at}}}, partitions: {{1: {{offset: 50}}}}, until: {{timestamp: {end}}}}}",
        "{until: latest}",
    )  # fmt: skip
    said: list[str] = []
    first = start(made, planner, said=said)
    assert first.startpoints is not None
    impressions = first.startpoints["page_impressions"]
    assert impressions.start == {0: 25, 1: 50, 2: 25, 3: 25}
    assert impressions.end == dict.fromkeys(range(4), 75)
    assert first.startpoints["page_clicks"].end == dict.fromkeys(range(4), 100)
    # Clicks come up to 10 min after their impression: those of START + 5 s would need impressions from 595 s before.
    [warning] = [line for line in said if "warning" in line]
    assert (
        "the first 14 min of page_clicks, from 2026-03-01 00:00:05 UTC on, may miss rows of page_imp"
        in warning
    )
    until(lambda: status(JOB, made.connection, made.store).phase == "stopped")
    expected = [number for number in range(100, 300) if number % 4 != 1 or number // 4 >= 50]
    assert made.joined() == ids(expected)
    with pytest.raises(Refused, match="has read its sources to where they end"):
        start(made, planner)
    assert made.store.history(JOB)[0].startpoints == first.startpoints

    # From a group's offsets, and from where version 1 ended; what is written after that is read, too.
    commit(made, "elsewhere", {0: 80, 1: 80, 2: 100, 3: 100})
    made = starting(made, root, planner, f"{{deployment: {JOB}, version: 1}}", "{group: elsewhere}")
    second = start(made, planner, anew=True)
    assert second.startpoints is not None
    assert second.startpoints["page_impressions"].start == dict.fromkeys(range(4), 75)
    assert second.startpoints["page_clicks"].start == {0: 80, 1: 80, 2: 100, 3: 100}
    again = [number for number in range(320, 400) if number % 4 in (0, 1)]
    until(lambda: made.joined() == sorted(ids(expected) + ids(again)))
    write(made, 400, 440)
    so_far = sorted(ids(expected) + ids(again) + ids(range(400, 440)))
    until(lambda: made.joined() == so_far)
    stopped = stop(JOB, made.site)
    assert stopped.savepoint is not None

    # As far as a savepoint, by its path and by its version: nothing is read twice.
    write(made, 440, 480)
    made = starting(made, root, planner, f"{{deployment: {JOB}}}", f"{{savepoint: '{stopped.savepoint}'}}")
    third = start(made, planner, anew=True)
    assert third.startpoints is not None
    assert [each.start for each in third.startpoints.values()] == [dict.fromkeys(range(4), 110)] * 2
    so_far = sorted(so_far + ids(range(440, 480)))
    until(lambda: made.joined() == so_far)
    stop(JOB, made.site)

    # State wins: the startpoints don't apply any more, whatever they are.
    write(made, 480, 490)
    said.clear()
    fourth = start(made, planner, said=said)
    assert fourth.startpoints is None
    assert any("Startpoints don't apply" in line for line in said)
    until(lambda: made.joined() == sorted(so_far + ids(range(480, 490))))


def test_a_start_that_is_wrong_is_refused_before_anything_starts(
    make: Make, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    made = make()
    write(made, 0, 40)
    made = starting(made, tmp_path / "project", planner, "{offsets: {0: 11}}", "{savepoint: /nowhere}")
    located = Starting(Reading.by(planner), lambda *keys: Location("jobs/x.yaml", 7))
    with pytest.raises(Refused) as caught:
        plan_submit(Submission(made.bundle, starting=located), made.site)
    assert "jobs/x.yaml:7: page_impressions can't start at offset 11 of partition 0" in caught.value.problem
    assert "the offsets of /nowhere can't be read" in caught.value.problem
    assert made.store.history(JOB) == ()


def test_by_hand_only_what_flink_knows_starts(
    make: Make, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    made = make()
    write(made, 0, 40)
    made = starting(
        made, tmp_path / "project", planner, "{before_now: 9000 d}", "{start: latest, partitions: {0: earliest}}"
    )  # fmt: skip
    script = tmp_path / "job.py"
    script.write_text(made.files["job.py"])
    options = launch_options(made.connection.flink, "0" * 31 + "1", made.jars)
    with pytest.raises(LaunchFailed, match="where page_clicks starts is resolved by `juncture submit`"):
        planner.run(script, options, made.connection.variables)
    mode = {"juncture.table.page_clicks.scan.startup.mode": "earliest-offset"}
    planner.run(script, {**options, **mode}, made.connection.variables)
    until(lambda: made.joined() == ids(range(40)))


def test_records_that_are_left_out_are_not_even_decoded(
    make: Make, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    made = make()
    root = tmp_path / "project"
    sql = root / "sql/sources/page_clicks.sql"
    sql.write_text(sql.read_text().replace("topic=", "on_error='fail', topic="))
    write(made, 0, 40)
    with Writer(made.connection.kafka) as writer:
        writer.write(made.topic("page-clicks"), b'{"click_id": ', partition=2)
    write(made, 40, 80)
    jars = [jar.path for jar in find_toolchain(["kafka"], operators=True).jars]
    made = replace(made, jars=jars)
    assert any(jar.name.startswith("juncture-operators") for jar in jars)

    # Offset 10 of partition 2 breaks off; 3 and 4 of partition 0 are those of numbers 12 and 16.
    made = starting(made, root, planner, "earliest", "{exclude: {2: 10, 0: 3-4}}")
    source = plan_submit(Submission(made.bundle), made.site).startpoints.sources[0]  # type: ignore[union-attr]
    assert (source.table, source.left_out, source.records) == ("page_clicks", 3, 81 - 3)
    said: list[str] = []
    first = start(made, planner, said=said)
    told = "page_clicks is read without 10 of partition 2 and without 3-4 of partition 0"
    assert told in said
    assert {table: set(ranges) for table, ranges in (first.left_out or {}).items()} == {"page_clicks": {0, 2}}
    until(lambda: made.joined() == ids([number for number in range(80) if number not in (12, 16)]))
    stop(JOB, made.site)

    # It holds wherever the job goes on from; another range changes no state: number 101 is offset 25 of partition 1.
    other = starting(made, root, planner, "earliest", "{exclude: {2: 10, 0: 3-4, 1: [25]}}")
    assert verdict_between(made.files, other.files).worst == "KEEP"
    said.clear()
    assert start(other, planner, said=said).startpoints is None
    assert f"{told} and without 25 of partition 1" in said
    write(made, 80, 120)
    read = [number for number in range(120) if number not in (12, 16, 101)]
    until(lambda: other.joined() == ids(read))
    stop(JOB, other.site)

    # Not left out any more, what the state has passed stays away; without it all, the record ends the job.
    plain = starting(made, root, planner, "earliest", "earliest")
    with pytest.raises(Refused, match=r"it keeps failing: JsonEOFException"):
        start(plain, planner, anew=True)


def commit(made: Example, group: str, offsets: Mapping[int, int]) -> None:
    servers = made.connection.kafka.bootstrap_servers
    consumer = Consumer({"bootstrap.servers": servers, "group.id": group})
    topic = made.topic("page-clicks")
    consumer.commit(offsets=[TopicPartition(topic, *each) for each in offsets.items()], asynchronous=False)
    consumer.close()
