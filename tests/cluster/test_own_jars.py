"""A job with a jar of its own, over Protobuf: submitted, upgraded to another build of the jar, and taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from google.protobuf.type_pb2 import Field
from tests.cluster.conftest import Stack
from tests.cluster.example import until
from tests.cluster.own_functions import build

from juncture.cli.main import main
from juncture.flink.rest import FlinkCluster
from juncture.kafka.admin import Admin
from juncture.kafka.reader import read_topic
from juncture.kafka.writer import Writer
from juncture.local.jars import JarCache

SITE_OF = """\
package org.example;

public class SiteOf extends org.apache.flink.table.functions.ScalarFunction {
    public String eval(String url) {
        return url.split("/")[%s];
    }
}
"""
# A message that protobuf-java has itself: its name, its URL, and a number as the time.
VISITS = """\
CREATE TABLE visits (
    name STRING, type_url STRING, oneof_index INT, site AS site_of(type_url),
    visited_at AS TO_TIMESTAMP_LTZ(CAST(oneof_index AS BIGINT), 0),
    WATERMARK FOR visited_at AS visited_at - INTERVAL '1' MINUTE
) {{ kafka(topic='own-jars-visits', format='protobuf', message_class='com.google.protobuf.Field', idle_timeout='1 s') }}
"""
ORDERS = """\
CREATE TABLE orders (
    name STRING, ordered_at TIMESTAMP_LTZ(3), WATERMARK FOR ordered_at AS ordered_at - INTERVAL '1' MINUTE
) {{ kafka(topic='own-jars-orders', idle_timeout='1 s') }}
"""
JOIN = """\
SELECT v.name, v.site FROM {{ source('visits') }} AS v
JOIN {{ source('orders') }} AS o
    ON o.name = v.name AND o.ordered_at BETWEEN v.visited_at AND v.visited_at + INTERVAL '10' MINUTE
"""
JOB = """\
join: sites
sink: sites
join_strategy: event_join
delivery: at-least-once
checkpointing: {interval: 1 s}
jars: [lib/functions.jar]
functions: {site_of: org.example.SiteOf}
"""


class Project:
    """On the shared stack; commands answer in JSON."""

    def __init__(self, root: Path, stack: Stack) -> None:
        self.root, self.kafka = root, stack.kafka
        self.json: Any = None
        self.stderr = ""
        files = {
            "juncture.toml": '[project]\nname = "own-jars"\ndefault_environment = "shared"\n[environments.shared]\n'
            f'store = "{root / "store"}"\nflink.rest = "{stack.flink.rest}"\n'
            f'kafka.bootstrap_servers = "{stack.kafka.bootstrap_servers}"\n',
            "jobs/sites.yaml": JOB,
            "sql/joins/sites.sql": JOIN,
            "sql/sinks/sites.sql": "CREATE TABLE sites (name STRING, site STRING) {{ kafka(topic='own-jars-sites') }}",
            "sql/sources/orders.sql": ORDERS,
            "sql/sources/visits.sql": VISITS,
        }
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        Admin(stack.kafka).create({f"own-jars-{name}": 1 for name in ("visits", "orders", "sites")})

    def __call__(self, *args: str) -> int:
        result = CliRunner().invoke(main, ["--project", str(self.root), "--output", "json", *args])
        self.json = json.loads(result.stdout) if result.stdout else None
        self.stderr = result.stderr
        return result.exit_code

    def build(self, part: int) -> None:
        """Compile the function anew, to give this part of a URL."""
        build(self.root, "SiteOf", SITE_OF % part)

    def write(self, name: str) -> None:
        """A visit, and its order a minute later."""
        with Writer(self.kafka) as writer:
            visit = Field(name=name, type_url="https://a.example/x", oneof_index=1_700_000_000)
            writer.write("own-jars-visits", visit.SerializeToString(), None)
            order = {"name": name, "ordered_at": "2023-11-14T22:14:20.000Z"}
            writer.write("own-jars-orders", json.dumps(order).encode(), None)

    def sites(self) -> dict[str, str]:
        rows = (json.loads(record.value or b"{}") for record in read_topic(self.kafka, "own-jars-sites"))
        return {row["name"]: row["site"] for row in rows}


@pytest.fixture
def juncture(stack: Stack, cluster: FlinkCluster, tmp_path: Path, one_planner: None) -> Iterator[Project]:
    project = Project(tmp_path / "project", stack)
    yield project
    project("stop", "sites", "--no-savepoint")


def test_the_jar_goes_with_the_job_and_comes_back_with_it(
    juncture: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    juncture.build(2)
    with Writer(juncture.kafka) as writer:
        writer.write("own-jars-visits", b"\x0a\xff", None)  # a field that is longer than the record
    assert juncture("submit", "sites") == 0, juncture.stderr
    juncture.write("first")
    until(lambda: juncture.sites() == {"first": "a.example"})
    assert juncture("status", "sites") == 0
    (visits,) = (each for each in juncture.json["jobs"][0]["sources"] if each["table"] == "visits")
    assert (visits["read"], visits["skipped"]) == (2, 1)

    juncture.build(3)
    assert juncture("upgrade", "sites", "--plan") == 0, juncture.stderr
    assert juncture.json["unchanged"] is False
    assert any(fact.startswith("lib/functions.jar is another build") for fact in juncture.json["checked"])
    assert {each["verdict"] for each in juncture.json["state"]["operators"]} == {"KEEP"}
    assert juncture("upgrade", "sites") == 0, juncture.stderr
    juncture.write("second")
    until(lambda: juncture.sites() == {"first": "a.example", "second": "x"})

    # Another machine: it has the store, and neither the first build nor a copy of it.
    cache = tmp_path / "cache"
    cache.mkdir()
    for each in JarCache().root.iterdir():
        if each.name != "own":
            (cache / each.name).symlink_to(each)
    monkeypatch.setenv("JUNCTURE_CACHE", str(cache))
    assert juncture("rollback", "sites") == 0, juncture.stderr
    juncture.write("third")
    until(lambda: juncture.sites().get("third") == "a.example")
