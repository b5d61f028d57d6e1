"""The events' bytes in other formats than the JSON in which they are made, as Flink reads and writes them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

import fastavro

Format = Literal["json", "avro"]
Convert = Callable[[bytes], bytes]

_AVRO = {"VARCHAR": "string", "BIGINT": "long"}


def from_json(format: Format, columns: Mapping[str, str]) -> Convert:
    """From a JSON object to a record of these columns, DuckDB's types by name."""
    if format == "json":
        return lambda value: value
    schema = _schema(columns)

    def encode(value: bytes) -> bytes:
        into = io.BytesIO()
        fastavro.schemaless_writer(into, schema, json.loads(value))
        return into.getvalue()

    return encode


def to_json(format: Format, columns: Mapping[str, str]) -> Convert:
    """The other way round."""
    if format == "json":
        return lambda value: value
    schema = _schema(columns)
    return lambda value: json.dumps(fastavro.schemaless_reader(io.BytesIO(value), schema)).encode()


def _schema(columns: Mapping[str, str]) -> Any:
    """That which Flink derives from a table whose columns may all be null."""
    fields = [{"name": name, "type": ["null", _AVRO[kind]]} for name, kind in columns.items()]
    return fastavro.parse_schema({"type": "record", "name": "record", "fields": fields})
