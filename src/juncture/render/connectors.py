"""Connector options of tables on Kafka, for an environment, a job and the table's role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from juncture.errors import JunctureError
from juncture.kafka.connection import java_properties
from juncture.model.duration import to_millis
from juncture.model.environment import Environment
from juncture.model.job import Job
from juncture.model.rendered import PAYLOAD_FORMAT, PROTOBUF_FORMAT
from juncture.model.startpoint import (
    NOW_MINUS,
    AtOffsets,
    AtTimestamp,
    BeforeNow,
    Earliest,
    EndPoint,
    GroupOffsets,
    Latest,
    Position,
    Startpoint,
    epoch_millis,
    knows_flink,
)

LOCAL_BOOTSTRAP = "${JUNCTURE_KAFKA_BOOTSTRAP_SERVERS}"

_SKIPPING = (
    "json",
    PAYLOAD_FORMAT,
    PROTOBUF_FORMAT,
    "csv",
    "debezium-json",
    "canal-json",
    "maxwell-json",
    "ogg-json",
)
_AVRO = "avro"
_TRANSACTION_TIMEOUT = "900000"  # 15 min, the broker's default limit: as long an outage as it allows

Options = dict[str, str]

INTERCEPTORS = "properties.interceptor.classes"
EXCLUDED = "properties.juncture.excluded-offsets"
"""Of operators/src/juncture/kafka/ExcludedOffsets.java."""


@dataclass(frozen=True)
class TableContext:
    """Who asks for options: one table of one job, rendered for one environment."""

    project: str
    environment: Environment
    job: Job
    table: str
    role: Literal["source", "sink"]

    @property
    def owner(self) -> str:
        """Unique for the job on its clusters: prefix of consumer groups and transactions."""
        return f"{self.project}.{self.environment.name}.{self.job.name}"


def kafka_options(
    context: TableContext,
    *,
    topic: str,
    format: str,
    keys: list[str],
    key_format: str,
    on_error: str,
    idle_timeout: str | None,
    more: Mapping[str, Any],
    message_class: str | None = None,
) -> Options:
    """Options of an append-only table. Raises JunctureError for what formats don't take."""
    options = {"connector": "kafka", "topic": topic, **_connection(context)}
    if context.role == "source":
        options["properties.group.id"] = f"{context.owner}.{context.table}"
        options["properties.isolation.level"] = "read_committed"
        options |= startpoint_options(context.job.startpoints.get(context.table, Startpoint()))
        options |= _idle(idle_timeout)
    else:
        options |= _delivery(context)
        if keys:
            options |= {
                "key.format": key_format,
                "key.fields": ";".join(keys),
                "value.fields-include": "ALL",
            }
    prefix = "value.format" if "key.format" in options else "format"
    options |= _format(context, prefix, format, on_error) | _message(prefix, format, message_class)
    return _with_more(options, more)


def upsert_kafka_options(
    context: TableContext,
    *,
    topic: str,
    format: str,
    key_format: str,
    on_error: str,
    idle_timeout: str | None,
    more: Mapping[str, Any],
    message_class: str | None = None,
) -> Options:
    """Options of a changelog table, keyed by its primary key."""
    options = {"connector": "upsert-kafka", "topic": topic, **_connection(context)}
    if context.role == "source":
        options["properties.group.id"] = f"{context.owner}.{context.table}"
        options["properties.isolation.level"] = "read_committed"
        # It is read from its earliest record always, but may end.
        startpoint = startpoint_options(context.job.startpoints.get(context.table, Startpoint()))
        kept = ("scan.bounded.", INTERCEPTORS, EXCLUDED)
        options |= {key: value for key, value in startpoint.items() if key.startswith(kept)}
        options |= _idle(idle_timeout)
    else:
        options |= _delivery(context)
    options |= _format(context, "key.format", key_format, on_error)
    options |= _format(context, "value.format", format, on_error)
    options |= _message("value.format", format, message_class)
    if context.role == "source" and on_error == "skip" and format == "json":
        # Flink's faster parser hands on an empty row for a record that breaks off, and an empty row deletes.
        options["value.json.decode.json-parser.enabled"] = "false"
    return _with_more(options, more)


def startpoint_options(startpoint: Startpoint) -> Options:
    """Flink's `scan.startup` and `scan.bounded` options of a startpoint. State wins over them once there is any.

    Of one that Flink has no options for (`knows_flink`) they only say whether the reading ends: the offsets it is
    resolved to are put in when the job is started (`offset_options`).
    """
    start, until = startpoint.start, startpoint.until
    if not knows_flink(startpoint):
        start, until = Earliest(), None if until is None else Latest()
    return _startup(start) | _bounded(until) | _excluded(startpoint)


def _excluded(startpoint: Startpoint) -> Options:
    """By which the consumer leaves records out. They are no part of the plan, and so of no state."""
    if not startpoint.exclude:
        return {}
    ranges = (
        f"{partition}:{each.first}-{each.last}"
        for partition, found in sorted(startpoint.exclude.items())
        for each in found
    )
    return {INTERCEPTORS: "juncture.kafka.ExcludedOffsets", EXCLUDED: ";".join(ranges)}


def _with_more(options: Options, more: Mapping[str, Any]) -> Options:
    """With the options that the author gives by name. Raises JunctureError if they would read what is left out."""
    if EXCLUDED in options and INTERCEPTORS in more:
        raise JunctureError(
            f"'{INTERCEPTORS}' takes the place of what leaves records out for the startpoint's `exclude`",
            remedy="take one of both away",
        )
    return options | {name: str(value) for name, value in more.items()}


def offset_options(start: Mapping[int, int], end: Mapping[int, int] | None) -> Options:
    """Flink's options for reading partitions from offsets, to before others where `end` names them."""
    options = {"scan.startup.mode": "specific-offsets", "scan.startup.specific-offsets": _offsets(start)}
    if end is not None:
        options |= end_options(end)
    return options


def end_options(end: Mapping[int, int]) -> Options:
    """Flink's options for reading partitions to before offsets."""
    return {"scan.bounded.mode": "specific-offsets", "scan.bounded.specific-offsets": _offsets(end)}


def _startup(start: Position) -> Options:
    match start:
        case Latest():
            return {"scan.startup.mode": "latest-offset"}
        case AtTimestamp() | BeforeNow():
            return {"scan.startup.mode": "timestamp", "scan.startup.timestamp-millis": _millis(start)}
        case AtOffsets(offsets=offsets):
            return offset_options(offsets, None)
        case GroupOffsets(group=group):
            # Flink starts at the offsets of the group it reads as; what that group has committed stays as is.
            return {
                "scan.startup.mode": "group-offsets",
                "properties.group.id": group,
                "properties.auto.offset.reset": "earliest",
                "properties.commit.offsets.on.checkpoint": "false",
            }
    return {"scan.startup.mode": "earliest-offset"}


def _bounded(until: EndPoint | None) -> Options:
    match until:
        case Latest():
            return {"scan.bounded.mode": "latest-offset"}
        case AtTimestamp() | BeforeNow():
            return {"scan.bounded.mode": "timestamp", "scan.bounded.timestamp-millis": _millis(until)}
        case AtOffsets(offsets=offsets):
            return end_options(offsets)
    return {}


def _millis(moment: AtTimestamp | BeforeNow) -> str:
    if isinstance(moment, AtTimestamp):
        return str(epoch_millis(moment.timestamp))
    return f"${{{NOW_MINUS}{to_millis(moment.before_now)}}}"


def _offsets(offsets: Mapping[int, int]) -> str:
    return ";".join(f"partition:{partition},offset:{offset}" for partition, offset in sorted(offsets.items()))


def _connection(context: TableContext) -> Options:
    kafka = context.environment.kafka
    if kafka is None:
        return {"properties.bootstrap.servers": LOCAL_BOOTSTRAP}
    properties = {"bootstrap.servers": kafka.bootstrap_servers, **java_properties(kafka), **kafka.properties}
    return {f"properties.{name}": value for name, value in properties.items()}


def _delivery(context: TableContext) -> Options:
    if context.job.delivery == "at-least-once":
        return {"sink.delivery-guarantee": "at-least-once"}
    return {
        "sink.delivery-guarantee": "exactly-once",
        "sink.transactional-id-prefix": f"{context.owner}.{context.table}",
        "properties.transaction.timeout.ms": _TRANSACTION_TIMEOUT,
    }


def _idle(idle_timeout: str | None) -> Options:
    return {"scan.watermark.idle-timeout": idle_timeout} if idle_timeout else {}


def _format(context: TableContext, option: str, name: str, on_error: str) -> Options:
    """`option` is 'format', 'key.format' or 'value.format'."""
    if on_error not in ("skip", "fail"):
        raise JunctureError(f"on_error='{on_error}' is unknown", remedy="use 'skip' or 'fail'")
    if name == _AVRO and context.role == "source" and on_error == "skip":
        raise JunctureError(
            "Flink can't skip records that are no Avro",
            remedy="write on_error='fail', by which they fail the job",
        )
    prefix = option.removesuffix("format") + name
    options = {option: name}
    if name in _SKIPPING and context.role == "source":
        options[f"{prefix}.ignore-parse-errors"] = "true" if on_error == "skip" else "false"
    if name == _AVRO:
        # By which TIMESTAMP_LTZ has no Avro type, and TIMESTAMP has that of an instant.
        options[f"{prefix}.timestamp_mapping.legacy"] = "false"
    if name.endswith("json") or name == PAYLOAD_FORMAT:
        options[f"{prefix}.timestamp-format.standard"] = "ISO-8601"
    return options


def _message(option: str, name: str, message_class: str | None) -> Options:
    """The class by which Flink decodes and encodes Protobuf. `option` is 'format' or 'value.format'."""
    if (name == PROTOBUF_FORMAT) != (message_class is not None):
        raise JunctureError(
            f"format='{name}' takes no message_class"
            if message_class
            else "format='protobuf' needs a message_class",
            remedy="write format='protobuf', message_class='org.example.Click': the class that protoc has made of the"
            " message, in one of the job's `jars`",
        )
    return (
        {}
        if message_class is None
        else {f"{option.removesuffix('format')}{name}.message-class-name": message_class}
    )
