"""Small projects on disk for tests: two sources, one sink, and whatever join the test is about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from juncture.model.project import Project
from juncture.project.loader import load_project

CONFIG = """\
[project]
name = "shop"
default_environment = "local"

[vars]
minutes = 10

[environments.local]
local = {}

[environments.production]
kafka.bootstrap_servers = "kafka.internal:9093"
kafka.security = { protocol = "SASL_SSL", mechanism = "PLAIN", username = "shop", password = "${KAFKA_PASSWORD}" }
flink.rest = "http://flink.internal:8081"
"""

SOURCE = """\
CREATE TABLE {name} (
    id STRING,
    member_id BIGINT,
    payload STRING,
    ts TIMESTAMP_LTZ(3),
    WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
) {{{{ kafka(topic='{name}-topic', key='id', idle_timeout='30 s') }}}}
"""

SINK = """\
CREATE TABLE matches (
    id STRING,
    server_payload STRING,
    client_payload STRING,
    ts TIMESTAMP_LTZ(3)
) {{ kafka(topic='matches-topic', key='id') }}
"""

JOIN = """\
SELECT s.id, s.payload, c.payload, s.ts
FROM {{ source('server') }} AS s
JOIN {{ source('client') }} AS c
    ON c.id = s.id
    AND c.ts BETWEEN s.ts AND s.ts + INTERVAL '{{ var('minutes') }}' MINUTE
"""

JOB = """\
join: matches
sink: matches
"""


def write_project(root: Path, files: Mapping[str, str | None] | None = None) -> Path:
    """Write the small project into `root`; `files` adds, replaces, or (None) leaves out, by path."""
    content: dict[str, str | None] = {
        "juncture.toml": CONFIG,
        "sql/sources/server.sql": SOURCE.format(name="server"),
        "sql/sources/client.sql": SOURCE.format(name="client"),
        "sql/sinks/matches.sql": SINK,
        "sql/joins/matches.sql": JOIN,
        "jobs/matches.yaml": JOB,
        **(files or {}),
    }
    for path, text in content.items():
        if text is not None:
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return root


def small_project(root: Path, files: Mapping[str, str | None] | None = None) -> Project:
    """The small project, written and loaded."""
    return load_project(write_project(root, files))
