"""The events' bytes in other formats than the JSON in which they are made, as Flink reads and writes them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

import fastavro
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Format = Literal["json", "avro", "protobuf"]
Convert = Callable[[bytes], bytes]

_AVRO = {"VARCHAR": "string", "BIGINT": "long"}
_PROTOBUF = {"VARCHAR": "string", "BIGINT": "int64"}


def from_json(format: Format, columns: Mapping[str, str]) -> Convert:
    """From a JSON object to a record of these columns, DuckDB's types by name."""
    if format == "json":
        return lambda value: value
    if format == "protobuf":
        message = _message(columns)
        return lambda value: bytes(message(**json.loads(value)).SerializeToString())
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
    if format == "protobuf":
        message = _message(columns)
        return lambda value: json.dumps(
            {field.name: found for field, found in message.FromString(value).ListFields()}
        ).encode()
    schema = _schema(columns)
    return lambda value: json.dumps(fastavro.schemaless_reader(io.BytesIO(value), schema)).encode()


def message_fields(columns: Mapping[str, str]) -> list[str]:
    """The fields of a Protobuf message of these columns, as protoc reads them; each may be absent."""
    return [
        f"optional {_PROTOBUF[kind]} {name} = {number};"
        for number, (name, kind) in enumerate(columns.items(), start=1)
    ]


def _schema(columns: Mapping[str, str]) -> Any:
    """That which Flink derives from a table whose columns may all be null."""
    fields = [{"name": name, "type": ["null", _AVRO[kind]]} for name, kind in columns.items()]
    return fastavro.parse_schema({"type": "record", "name": "record", "fields": fields})


def _message(columns: Mapping[str, str]) -> Any:
    """The class of a message that has the fields of `message_fields`."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="record.proto", syntax="proto2")
    record = file.message_type.add(name="Record")
    for number, (name, kind) in enumerate(columns.items(), start=1):
        of_kind = field.TYPE_STRING if kind == "VARCHAR" else field.TYPE_INT64
        record.field.add(name=name, number=number, type=of_kind, label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Record"))
