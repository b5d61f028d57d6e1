"""A lookup join: events enriched with rows of a PostgreSQL table, as they are when the event is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster import postgres
from tests.cluster.conftest import Stack
from tests.cluster.example import until
from tests.cluster.postgres import Postgres

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.environment.toolchain import find_toolchain
from juncture.deploy.starting.stop import stop
from juncture.deploy.starting.submission import Submission
from juncture.deploy.starting.submit import submit
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import Bundle
from juncture.errors import Refused
from juncture.kafka.admin import Admin
from juncture.kafka.reader import read_topic
from juncture.kafka.writer import Writer
from juncture.planner.session import Planner
from juncture.project.loader import load_project
from juncture.render.bundle import bundle
from juncture.render.connectors import LOCAL_BOOTSTRAP
from juncture.render.renderer import render

PASSWORD = 'it\'s;"q"\\1 $x'  # noqa: S105  # what needs care in SQL, and in a regular expression's replacement
SERVER = """\
CREATE TABLE tiers (customer_id bigint PRIMARY KEY, tier text);
INSERT INTO tiers VALUES (1, 'gold'), (2, 'it''s <silver>');
"""
EVENTS = """\
CREATE TABLE events (
    event_id STRING,
    customer_id BIGINT,
    read_at AS PROCTIME()
) {{ kafka(topic='lookup-events', key='event_id') }}
"""
TIERS = """\
CREATE TABLE %s (
    customer_id BIGINT,
    tier STRING,
    PRIMARY KEY (customer_id) NOT ENFORCED
) {{ jdbc(url='%s', table='tiers', username='ads', password='${TIERS_PASSWORD}'%s) }}
"""
SINK = """\
CREATE TABLE enriched (
    event_id STRING,
    tier STRING,
    tier_then STRING
) {{ kafka(topic='lookup-enriched', key='event_id') }}
"""
JOIN = """\
SELECT e.event_id, t.tier, k.tier AS tier_then
FROM {{ source('events') }} AS e
LEFT JOIN {{ source('tiers') }} FOR SYSTEM_TIME AS OF e.read_at AS t ON t.customer_id = e.customer_id
LEFT JOIN {{ source('kept_tiers') }} FOR SYSTEM_TIME AS OF e.read_at AS k ON k.customer_id = e.customer_id
"""
CONFIG = """\
[project]
name = "lookup"
default_environment = "local"
[environments.local.local]
"""
JOB = "join: enriched\nsink: enriched\ndelivery: at-least-once\ncheckpointing: {interval: 1 s}\n"


@pytest.fixture
def server() -> Iterator[Postgres]:
    with postgres.running(PASSWORD) as running:
        running.execute(SERVER)
        yield running


def test_rows_are_looked_up_anew_or_kept(
    stack: Stack, server: Postgres, planner: Planner, tmp_path: Path
) -> None:
    files = {
        "juncture.toml": CONFIG,
        "jobs/enriched.yaml": JOB,
        "sql/joins/enriched.sql": JOIN,
        "sql/sinks/enriched.sql": SINK,
        "sql/sources/events.sql": EVENTS,
        "sql/sources/tiers.sql": TIERS % ("tiers", server.url, ""),
        "sql/sources/kept_tiers.sql": TIERS % ("kept_tiers", server.url, ", cache_ttl='1 h'"),
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    project = load_project(tmp_path)
    rendered = render(project, "enriched", project.environments["local"])
    toolchain = find_toolchain(rendered.factories)
    Admin(stack.kafka).create({"lookup-events": 1, "lookup-enriched": 1})

    def connection(password: str) -> Connection:
        here = {LOCAL_BOOTSTRAP.strip("${}"): stack.kafka.bootstrap_servers}
        return Connection("local", stack.kafka, stack.flink, here, {"TIERS_PASSWORD": password})

    def write(*events: tuple[str, int]) -> None:
        with Writer(stack.kafka) as writer:
            for name, customer in events:
                event = {"event_id": name, "customer_id": customer}
                writer.write("lookup-events", json.dumps(event).encode(), name.encode())

    def rows() -> dict[str, tuple[str | None, str | None]]:
        found = (json.loads(record.value or b"{}") for record in read_topic(stack.kafka, "lookup-enriched"))
        return {row["event_id"]: (row["tier"], row["tier_then"]) for row in found}

    store = Store(tmp_path / "store")
    plan = planner.compile(rendered).plan
    assert plan is not None
    files = bundle(rendered, plan, toolchain.pinned, project.template_dirs)
    bundled = Bundle(files, [jar.path for jar in toolchain.jars])
    site = Site(connection(PASSWORD), store, planner)
    write(("e1", 1), ("e2", 2), ("e3", 3))

    submit(Submission(bundled), site)
    until(lambda: len(rows()) == 3)
    silver = "it's <silver>"
    assert rows() == {"e1": ("gold", "gold"), "e2": (silver, silver), "e3": (None, None)}

    server.execute("UPDATE tiers SET tier = 'platinum' WHERE customer_id = 1")
    write(("e4", 1))
    until(lambda: len(rows()) == 4)
    assert rows()["e4"] == ("platinum", "gold")
    stop("enriched", site)

    with pytest.raises(Refused) as caught:
        submit(Submission(bundled, anew=True), Site(connection("wrong-password"), store, planner))
    assert "password authentication failed" in caught.value.problem

    logs = (stack.root / ".juncture" / "local" / "logs").iterdir()
    written = [*files.values(), str(caught.value), *(path.read_text(errors="replace") for path in logs)]
    written += [path.read_text() for path in store_files(tmp_path / "store")]
    for secret in (PASSWORD, PASSWORD.replace("'", "''"), json.dumps(PASSWORD)[1:-1], "wrong-password"):
        assert not [text for text in written if secret in text]


def store_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]
