"""Connector options by role, startpoint and delivery guarantee."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.projects import SINK, small_project

from juncture.errors import InvalidProject
from juncture.model.startpoint import Startpoint
from juncture.render.connectors import startpoint_options
from juncture.render.renderer import render
from juncture.validation.cases.rendering import render_in_json
from juncture.validation.harness.isolation import isolate


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
            {"timestamp": "2026-01-02T03:04:05.000100Z"},
            {"scan.startup.mode": "timestamp", "scan.startup.timestamp-millis": "1767323045001"},
        ),
        (
            {"timestamp": "1969-12-31T23:59:59.998Z"},
            {"scan.startup.mode": "timestamp", "scan.startup.timestamp-millis": "0"},
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
        (
            {"start": "latest", "exclude": {3: "120000-120004", 1: [7, "9-9"]}},
            {
                "scan.startup.mode": "latest-offset",
                "properties.interceptor.classes": "juncture.kafka.ExcludedOffsets",
                "properties.juncture.excluded-offsets": "1:7-7;1:9-9;3:120000-120004",
            },
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


LEFT_OUT = {
    "jobs/matches.yaml": "join: matches\nsink: matches\nstartpoints:\n  client: {exclude: {0: 5}}\n",
    "sql/sources/client.sql": "CREATE TABLE client (id STRING, payload STRING, ts TIMESTAMP_LTZ(3))"
    " {{ kafka(topic='c') }}",
}


def test_records_that_are_left_out_are_so_by_the_table(tmp_path: Path) -> None:
    project = small_project(tmp_path, LEFT_OUT)
    rendered = render(project, "matches", project.environments["local"])
    assert "'properties.juncture.excluded-offsets' = '0:5-5'" in rendered.statements[0].text
    isolated = isolate(rendered, "case")
    assert "excluded" not in isolated.statements[0].text, "a case's topics have other offsets"
    assert "interceptor" not in isolated.statements[0].text


def test_an_interceptor_of_the_author_s_does_not_read_what_is_left_out(tmp_path: Path) -> None:
    text = LEFT_OUT["sql/sources/client.sql"].replace(
        "topic='c'", "topic='c', more={'properties.interceptor.classes': 'a.B'}"
    )
    project = small_project(tmp_path, LEFT_OUT | {"sql/sources/client.sql": text})
    with pytest.raises(InvalidProject) as caught:
        render(project, "matches", project.environments["local"])
    assert "leaves records out for the startpoint's `exclude`" in caught.value.problems[0].problem


def test_on_error_fail(tmp_path: Path) -> None:
    source = (
        "CREATE TABLE client (id STRING, payload STRING, ts TIMESTAMP_LTZ(3))"
        " {{ kafka(topic='c', on_error='fail') }}"
    )
    project = small_project(tmp_path, {"sql/sources/client.sql": source})
    text = render(project, "matches", project.environments["local"]).statements[0].text
    assert "'json.ignore-parse-errors' = 'false'" in text


AVRO = "CREATE TABLE client (id STRING, payload STRING, ts TIMESTAMP_LTZ(3)) {{ kafka(topic='c', format='avro'%s) }}"


def test_avro_has_instants_and_skips_no_record(tmp_path: Path) -> None:
    files = {"sql/sources/client.sql": AVRO % ", on_error='fail'", "sql/sinks/matches.sql": SINK.replace(
        "topic='matches'", "topic='matches', format='avro'"
    )}  # fmt: skip
    project = small_project(tmp_path, files)
    rendered = render(project, "matches", project.environments["local"])
    assert "'avro.timestamp_mapping.legacy' = 'false'" in rendered.statements[0].text
    assert {"avro", "json", "kafka"} <= set(rendered.factories)
    project = small_project(tmp_path, {"sql/sources/client.sql": AVRO % ""})
    with pytest.raises(InvalidProject) as caught:
        render(project, "matches", project.environments["local"])
    assert (caught.value.problems[0].remedy or "").startswith("write on_error='fail'")


def test_cases_run_over_json_what_runs_over_avro(tmp_path: Path) -> None:
    source = (AVRO % ", on_error='fail', key='id', key_format='avro'").replace("client", "server")
    project = small_project(tmp_path, {"sql/sources/server.sql": source})
    (table,) = [
        each
        for each in render_in_json(project, "matches", project.environments["local"]).statements
        if each.name == "server"
    ]
    assert "avro" not in table.text
    assert "'format' = 'json'" in table.text
    assert "'json.timestamp-format.standard' = 'ISO-8601'" in table.text
    assert "'topic' = 'c'" in table.text


PROTOBUF = (
    "CREATE TABLE client (id STRING, payload STRING, ts TIMESTAMP_LTZ(3)%s)"
    " {{ %skafka(topic='c', format='protobuf'%s) }}"
)
CLICK = ", message_class='com.google.protobuf.Field'"


@pytest.mark.parametrize(
    ("key", "kind", "more", "prefix", "skips"),
    [
        ("", "", CLICK, "protobuf", "true"),
        ("", "", f"{CLICK}, on_error='fail'", "protobuf", "false"),
        (", PRIMARY KEY (id) NOT ENFORCED", "upsert_", CLICK, "value.protobuf", "true"),
    ],
)
def test_protobuf_has_a_class_of_its_messages(
    tmp_path: Path, key: str, kind: str, more: str, prefix: str, skips: str
) -> None:
    project = small_project(tmp_path, {"sql/sources/client.sql": PROTOBUF % (key, kind, more)})
    rendered = render(project, "matches", project.environments["local"])
    assert f"'{prefix}.message-class-name' = 'com.google.protobuf.Field'" in rendered.statements[0].text
    assert f"'{prefix}.ignore-parse-errors' = '{skips}'" in rendered.statements[0].text
    assert "protobuf" in rendered.factories


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (PROTOBUF % ("", "", ""), "format='protobuf' needs a message_class"),
        (
            (PROTOBUF % ("", "", CLICK)).replace("'protobuf'", "'json'"),
            "format='json' takes no message_class",
        ),
    ],
)
def test_a_class_of_messages_goes_with_protobuf_alone(tmp_path: Path, source: str, problem: str) -> None:
    project = small_project(tmp_path, {"sql/sources/client.sql": source})
    with pytest.raises(InvalidProject) as caught:
        render(project, "matches", project.environments["local"])
    assert caught.value.problems[0].problem == problem
    assert "message_class='org.example.Click'" in (caught.value.problems[0].remedy or "")


def test_cases_run_over_json_what_runs_over_protobuf(tmp_path: Path) -> None:
    source = PROTOBUF % ("", "", f"{CLICK}, key='id', on_error='fail'")
    project = small_project(tmp_path, {"sql/sources/client.sql": source})
    table = render_in_json(project, "matches", project.environments["local"]).statements[0]
    assert "protobuf" not in table.text
    assert "'format' = 'json'" in table.text
    assert "'json.ignore-parse-errors' = 'false'" in table.text


def test_a_broken_record_of_a_changelog_topic_deletes_nothing(tmp_path: Path) -> None:
    source = (
        "CREATE TABLE client (id STRING, payload STRING, ts TIMESTAMP_LTZ(3), PRIMARY KEY (id) NOT ENFORCED)"
        " {{ upsert_kafka(topic='c') }}"
    )
    project = small_project(tmp_path, {"sql/sources/client.sql": source})
    text = render(project, "matches", project.environments["local"]).statements[0].text
    assert "'value.json.decode.json-parser.enabled' = 'false'" in text
    assert "'value.json.ignore-parse-errors' = 'true'" in text
