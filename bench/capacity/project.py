"""A Juncture project for one configuration."""

from __future__ import annotations

from pathlib import Path

from bench.capacity.configurations import Configuration
from bench.joins.topics import Topics
from bench.joins.workload import CLIENT_DELAY_S, SERVER_DELAY_S
from ruamel.yaml import YAML

_SOURCE = """\
CREATE TABLE {name} (
    {columns},
    {name}_ts BIGINT,
    ts AS TO_TIMESTAMP_LTZ({name}_ts, 3),
    WATERMARK FOR ts AS ts - INTERVAL '{delay}' SECOND(3)
) {{{{ kafka(topic='{topic}') }}}}
"""
_SINK = """\
CREATE TABLE result (
    request_id STRING, member_id BIGINT, page STRING, items STRING, event STRING, ua STRING, client_ts BIGINT
) {{{{ kafka(topic='{topic}') }}}}
"""
_JOIN = """\
SELECT server.request_id, member_id, page, items, event, ua, client_ts
FROM {{{{ source('server') }}}} AS server
{kind} JOIN {{{{ source('client') }}}} AS client
    ON client.request_id = server.request_id
    AND client.ts BETWEEN server.ts AND server.ts + INTERVAL '{minutes}' MINUTE
"""


def write_project(
    root: Path, found: Configuration, topics: Topics, kafka: str, flink: str, parallelism: int
) -> str:
    """Write juncture.toml, sql/ and the job's file; the job's name."""
    name = found.name.replace("-", "_")
    files = {
        "juncture.toml": f'[project]\nname = "bench"\ndefault_environment = "bench"\n[environments.bench]\n'
        f'store = "store"\nkafka.bootstrap_servers = "{kafka}"\nflink.rest = "{flink}"\n',
        "sql/sources/server.sql": _SOURCE.format(
            name="server",
            columns="request_id STRING, member_id BIGINT, page STRING, items STRING",
            delay=SERVER_DELAY_S,
            topic=topics.inputs["server"],
        ),
        "sql/sources/client.sql": _SOURCE.format(
            name="client",
            columns="request_id STRING, event STRING, ua STRING",
            delay=CLIENT_DELAY_S,
            topic=topics.inputs["client"],
        ),
        "sql/sinks/result.sql": _SINK.format(topic=topics.result),
        f"sql/joins/{name}.sql": _JOIN.format(kind=found.kind.upper(), minutes=found.minutes),
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    job = {
        "join": name,
        "sink": "result",
        "join_strategy": found.strategy,
        "parallelism": parallelism,
        "state": {"backend": found.backend},
        "checkpointing": {"interval": "5 s"},
        "delivery": "at-least-once",
    }
    (root / "jobs").mkdir(exist_ok=True)
    with (root / "jobs" / f"{name}.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(job, file)
    return name
