"""Connector options by role, startpoint and delivery guarantee."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.projects import SINK, small_project

from juncture.model.startpoint import Startpoint
from juncture.render.connectors import startpoint_options
from juncture.render.renderer import render


@pytest.mark.parametrize(
    ("authored", "options"),
    [
        ("earliest", {"scan.startup.mode": "earliest-offset"}),
        ("latest", {"scan.startup.mode": "latest-offset"}),
        (
            {"timestamp": "2026-01-02T03:04:05.678Z"},
            {"scan.startup.mode": "timestamp", "scan.startup.timestamp-millis": "1767323045678"},
        ),
        (
            {"before_now": "2 h"},
            {
                "scan.startup.mode": "timestamp",
                "scan.startup.timestamp-millis": "${JUNCTURE_NOW_MINUS_7200000}",
            },
        ),
        (
            {"offsets": {1: 20, 0: 10}},
            {
                "scan.startup.mode": "specific-offsets",
                "scan.startup.specific-offsets": "partition:0,offset:10;partition:1,offset:20",
            },
        ),
        (
            {"group": "old"},
            {
                "scan.startup.mode": "group-offsets",
                "properties.group.id": "old",
                "properties.auto.offset.reset": "earliest",
                "properties.commit.offsets.on.checkpoint": "false",
            },
        ),
        (
            {"start": "latest", "until": {"timestamp": "2026-01-02T03:04:05.678Z"}},
            {
                "scan.startup.mode": "latest-offset",
                "scan.bounded.mode": "timestamp",
                "scan.bounded.timestamp-millis": "1767323045678",
            },
        ),
        (
            {"until": {"offsets": {1: 20, 0: 10}}},
            {
                "scan.startup.mode": "earliest-offset",
                "scan.bounded.mode": "specific-offsets",
                "scan.bounded.specific-offsets": "partition:0,offset:10;partition:1,offset:20",
            },
        ),
        ({"savepoint": "s3://x"}, {"scan.startup.mode": "earliest-offset"}),
        (
            {"start": "latest", "partitions": {0: "earliest"}, "until": "latest"},
            {"scan.startup.mode": "earliest-offset", "scan.bounded.mode": "latest-offset"},
        ),
    ],
)
def test_startpoints(authored: object, options: dict[str, str]) -> None:
    assert startpoint_options(Startpoint.model_validate(authored)) == options


def sink_text(root: Path, job: str = "", sink: str = SINK) -> str:
    files = {"jobs/matches.yaml": f"join: matches\nsink: matches\n{job}", "sql/sinks/matches.sql": sink}
    project = small_project(root, files)
    return render(project, "matches", project.environments["local"]).statements[2].text


def test_exactly_once_has_a_prefix_of_its_own(tmp_path: Path) -> None:
    text = sink_text(tmp_path)
    assert "'sink.delivery-guarantee' = 'exactly-once'" in text
    assert "'sink.transactional-id-prefix' = 'shop.local.matches.matches'" in text
    assert "'properties.transaction.timeout.ms' = '900000'" in text


def test_at_least_once_has_no_transactions(tmp_path: Path) -> None:
    text = sink_text(tmp_path, "delivery: at-least-once\n")
    assert "'sink.delivery-guarantee' = 'at-least-once'" in text
    assert "transaction" not in text


def test_keys(tmp_path: Path) -> None:
    assert "'key.format' = 'raw',\n    'key.fields' = 'id'" in sink_text(tmp_path)
    several = SINK.replace("key='id'", "key=['id', 'ts']")
    assert "'key.format' = 'json',\n    'key.fields' = 'id;ts'" in sink_text(tmp_path, sink=several)


def test_on_error_fail(tmp_path: Path) -> None:
    source = (
        "CREATE TABLE client (id STRING, payload STRING, ts TIMESTAMP_LTZ(3))"
        " {{ kafka(topic='c', on_error='fail') }}"
    )
    project = small_project(tmp_path, {"sql/sources/client.sql": source})
    text = render(project, "matches", project.environments["local"]).statements[0].text
    assert "'json.ignore-parse-errors' = 'false'" in text


def test_a_broken_record_of_a_changelog_topic_deletes_nothing(tmp_path: Path) -> None:
    source = (
        "CREATE TABLE client (id STRING, payload STRING, ts TIMESTAMP_LTZ(3), PRIMARY KEY (id) NOT ENFORCED)"
        " {{ upsert_kafka(topic='c') }}"
    )
    project = small_project(tmp_path, {"sql/sources/client.sql": source})
    text = render(project, "matches", project.environments["local"]).statements[0].text
    assert "'value.json.decode.json-parser.enabled' = 'false'" in text
    assert "'value.json.ignore-parse-errors' = 'true'" in text
