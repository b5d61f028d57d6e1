"""The Juncture project that all Flink engines render: the same tables, and a join in each of its forms."""

# ruff: noqa: S608  the SQL is ours
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from bench.joins.engine import Plan
from bench.joins.topics import Topics
from bench.joins.workload import CLIENT_DELAY_S, SERVER_DELAY_S, WINDOW_MS, Workload
from ruamel.yaml import YAML

JOB = "bench"
Query = Literal["interval", "regular", "forward"]

_CONFIG = '[project]\nname = "bench"\ndefault_environment = "local"\n\n[environments.local.local]\n'
_COLUMNS = {
    "server": "request_id STRING, member_id BIGINT, page STRING, items STRING, server_ts BIGINT",
    "client": "request_id STRING, event STRING, ua STRING, client_ts BIGINT",
    "purchase": "request_id STRING, price BIGINT, receipt STRING, purchase_ts BIGINT",
}
_DELAYS = {"server": SERVER_DELAY_S, "client": CLIENT_DELAY_S, "purchase": CLIENT_DELAY_S}


def write_project(
    root: Path,
    query: Query,
    strategy: str,
    chains: str,
    backend: str,
    options: Mapping[str, str],
    plan: Plan,
    topics: Topics,
) -> None:
    """Write juncture.toml, sql/ and jobs/bench.yaml.

    Args:
        root: an empty folder.
        query: which SQL: an interval join, a regular join over times as numbers, or no join.
        strategy: the job's `join_strategy`.
        chains: the job's `join_chains`.
        backend: the job's state backend.
        options: further Flink options of the job.
        plan: parallelism and checkpoint interval.
        topics: what is read and written.
    """
    files = {"juncture.toml": _CONFIG, f"sql/joins/{JOB}.sql": _query(query, plan.workload) + "\n"}
    for name, topic in topics.inputs.items():
        time = f"ts AS TO_TIMESTAMP_LTZ({name}_ts, 3)"
        watermark = f"WATERMARK FOR ts AS ts - INTERVAL '{_DELAYS[name]}' SECOND(3)"
        timed = f", {time}, {watermark}" if query == "interval" else ""
        files[f"sql/sources/{name}.sql"] = _table(name, _COLUMNS[name] + timed, topic)
    columns = ", ".join(_result_columns(tuple(topics.inputs)))
    files["sql/sinks/result.sql"] = _table("result", columns, topics.result)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    job = {
        "join": JOB,
        "sink": "result",
        "join_strategy": strategy,
        "join_chains": chains,
        "parallelism": plan.parallelism,
        "state": {"backend": backend},
        "checkpointing": {"interval": f"{plan.checkpoint_s} s"},
        "delivery": "at-least-once",
        "options": {"restart-strategy.type": "none", **options},
    }
    (root / "jobs").mkdir()
    with (root / "jobs" / f"{JOB}.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(job, file)


def _table(name: str, columns: str, topic: str) -> str:
    return f"CREATE TABLE {name} ({columns}) {{{{ kafka(topic='{topic}') }}}}\n"


def _result_columns(names: tuple[str, ...]) -> list[str]:
    """'name TYPE' of each column; the key once."""
    return list(dict.fromkeys(column for name in names for column in _COLUMNS[name].split(", ")))


def _query(query: Query, workload: Workload) -> str:
    names = workload.names
    columns = [column.split()[0] for column in _result_columns(names)]
    of_server = [column.split()[0] for column in _COLUMNS["server"].split(", ")]
    if query == "forward":
        empty = {
            column.split()[0]: "''" if column.endswith("STRING") else "CAST(0 AS BIGINT)"
            for column in _result_columns(names)
        }
        served = ", ".join(column if column in of_server else empty[column] for column in columns)
        share = f"MOD(member_id, 100) < {workload.match}"
        branches = [f"SELECT {served} FROM {{{{ source('server') }}}} WHERE {share}"]
        for name in names[1:]:
            own = [column.split()[0] for column in _COLUMNS[name].split(", ")]
            read = ", ".join(column if column in own else empty[column] for column in columns)
            # Decoded like the others, and then left out.
            branches.append(f"SELECT {read} FROM {{{{ source('{name}') }}}} WHERE {name}_ts < 0")
        return "\nUNION ALL ".join(branches)
    selected = ", ".join(f"server.{column}" if column == "request_id" else column for column in columns)
    joins = "".join(
        f"\nJOIN {{{{ source('{name}') }}}} AS {name} ON {name}.request_id = server.request_id"
        f" AND {_window(query, name)}"
        for name in names[1:]
    )
    return f"SELECT {selected}\nFROM {{{{ source('server') }}}} AS server{joins}"


def _window(query: Query, name: str) -> str:
    if query == "interval":
        return f"{name}.ts BETWEEN server.ts AND server.ts + INTERVAL '{WINDOW_MS // 60_000}' MINUTE"
    return f"{name}.{name}_ts BETWEEN server.server_ts AND server.server_ts + {WINDOW_MS}"
