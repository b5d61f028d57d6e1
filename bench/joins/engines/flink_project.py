"""The Juncture project that all Flink engines render: the same tables, and a join in each of its forms."""

# ruff: noqa: S608  the SQL is ours
from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bench.joins.environment import PEERS
from bench.joins.formats import Format
from bench.joins.messages import message_class, messages_jar
from bench.joins.oracle import Form
from bench.joins.topics import Topics
from bench.joins.workload import CLIENT_DELAY_S, COLUMNS, SERVER_DELAY_S, WINDOW, Join
from ruamel.yaml import YAML

_JOB, _JAR = "bench", "lib/events.jar"
Query = Literal["interval", "payload", "regular", "forward"]

_CONFIG = '[project]\nname = "bench"\ndefault_environment = "local"\n\n[environments.local.local]\n'
_COLUMNS = {
    "server": "request_id STRING, member_id BIGINT, page STRING, items STRING, server_ts BIGINT",
    "client": "request_id STRING, event STRING, ua STRING, client_ts BIGINT",
    "purchase": "request_id STRING, price BIGINT, receipt STRING, purchase_ts BIGINT",
}
_DELAYS = {"server": SERVER_DELAY_S, "client": CLIENT_DELAY_S, "purchase": CLIENT_DELAY_S}


@dataclass(frozen=True)
class JoinProject:
    """A `Project`: an interval join, one that keeps whole records and decodes after it, a regular join over times as
    numbers, or no join.

    Without a join, `match` per cent of the server events are written in the shape of joined rows. `sink` has further
    options of the sink's table, `join` is the kind of the joins, `format` that of the records, `window` in minutes.
    """

    query: Query
    match: int = 84
    join: Join = "inner"
    sink: Mapping[str, str] = field(default_factory=dict)
    format: Format = "json"
    window: int = WINDOW

    @property
    def form(self) -> Form:
        return "forward" if self.query == "forward" else "join"

    def write(self, root: Path, job: Mapping[str, object], topics: Topics) -> str:
        names = tuple(topics.inputs)
        select = (
            _forward(names, self.match)
            if self.query == "forward"
            else _join(self.query, self.join, names, self.window)
        )
        files = {"juncture.toml": _CONFIG, f"sql/joins/{_JOB}.sql": select + "\n"}
        for name, topic in topics.inputs.items():
            time = f"ts AS TO_TIMESTAMP_LTZ({name}_ts, 3)"
            watermark = f"WATERMARK FOR ts AS ts - INTERVAL '{_DELAYS[name]}' SECOND(3)"
            columns, format = _COLUMNS[name], str(self.format)
            if self.query == "payload":
                columns = f"request_id STRING, {name}_ts BIGINT, payload STRING METADATA FROM 'value.payload' VIRTUAL"
                format = "json-payload"
            if self.query in ("interval", "payload"):
                columns = f"{columns}, {time}, {watermark}"
            files[f"sql/sources/{name}.sql"] = _table(name, columns, topic, format)
        files["sql/sinks/result.sql"] = _table(
            "result", ", ".join(_result_columns(names)), topics.result, self.format, self.sink
        )
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        if self.format == "protobuf":
            job = {**job, "jars": [_JAR]}
            (root / _JAR).parent.mkdir()
            shutil.copyfile(messages_jar(_messages(), PEERS), root / _JAR)
        (root / "jobs").mkdir()
        with (root / "jobs" / f"{_JOB}.yaml").open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump({"join": _JOB, "sink": "result", **job}, file)
        return _JOB


def _table(name: str, columns: str, topic: str, format: str, more: Mapping[str, str] | None = None) -> str:
    # By Avro a record that does not parse can't be skipped.
    options = f"topic='{topic}', format='{format}', on_error='fail', more={dict(more or {})}"
    if format == "protobuf":
        options += f", message_class='{message_class(name)}'"
    return f"CREATE TABLE {name} ({columns}) {{{{ kafka({options}) }}}}\n"


def _messages() -> dict[str, dict[str, str]]:
    """The columns of each topic; the result's of two topics are the first ones of those of three."""
    result = {name: kind for columns in COLUMNS.values() for name, kind in columns.items()}
    return {**COLUMNS, "result": result}


def _result_columns(names: tuple[str, ...]) -> list[str]:
    """'name TYPE' of each column; the key once."""
    return list(dict.fromkeys(column for name in names for column in _COLUMNS[name].split(", ")))


def _forward(names: tuple[str, ...], match: int) -> str:
    columns = _result_columns(names)
    of_server = [column.split()[0] for column in _COLUMNS["server"].split(", ")]
    empty = {
        column.split()[0]: "''" if column.endswith("STRING") else "CAST(0 AS BIGINT)" for column in columns
    }
    served = ", ".join(column if column in of_server else empty[column] for column in empty)
    branches = [f"SELECT {served} FROM {{{{ source('server') }}}} WHERE MOD(member_id, 100) < {match}"]
    for name in names[1:]:
        own = [column.split()[0] for column in _COLUMNS[name].split(", ")]
        read = ", ".join(column if column in own else empty[column] for column in empty)
        # Decoded like the others, and then left out.
        branches.append(f"SELECT {read} FROM {{{{ source('{name}') }}}} WHERE {name}_ts < 0")
    return "\nUNION ALL ".join(branches)


def _join(query: Query, join: Join, names: tuple[str, ...], window: int) -> str:
    columns = [column.split()[0] for column in _result_columns(names)]
    sides = ", ".join(f"{name}.request_id" for name in names)
    key = "server.request_id" if join in ("inner", "left") else f"COALESCE({sides}) AS request_id"
    selected = ", ".join(key if column == "request_id" else column for column in columns)
    if query == "payload":
        fields = [
            f"{{{{ json_fields('{name}.payload', {dict(column.split() for column in _decoded(name))}) }}}}"
            for name in names
        ]
        selected = ", ".join([key, *fields])
    joins = "".join(
        f"\n{join.upper()} JOIN {{{{ source('{name}') }}}} AS {name} ON {name}.request_id = server.request_id"
        f" AND {_within(query, name, window)}"
        for name in names[1:]
    )
    return f"SELECT {selected}\nFROM {{{{ source('server') }}}} AS server{joins}"


def _decoded(name: str) -> list[str]:
    """'name TYPE' of what is decoded of a record after the join, in the result's order."""
    return [column for column in _COLUMNS[name].split(", ") if not column.startswith("request_id")]


def _within(query: Query, name: str, minutes: int) -> str:
    if query in ("interval", "payload"):
        return f"{name}.ts BETWEEN server.ts AND server.ts + INTERVAL '{minutes}' MINUTE"
    return f"{name}.{name}_ts BETWEEN server.server_ts AND server.server_ts + {minutes * 60_000}"
