"""Startpoint: where the reading of one topic starts. One-shot: state wins once there is any."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from juncture.model.base import Value
from juncture.model.duration import Duration


class Earliest(Value):
    """The first record that the topic still has."""

    kind: Literal["earliest"] = "earliest"


class Latest(Value):
    """After the last record at the time of the first start."""

    kind: Literal["latest"] = "latest"


class AtTimestamp(Value):
    """The first record whose Kafka timestamp is `timestamp` or later."""

    kind: Literal["timestamp"] = "timestamp"
    timestamp: AwareDatetime


class BeforeNow(Value):
    """As AtTimestamp, at `before_now` before the moment the job is submitted."""

    kind: Literal["before_now"] = "before_now"
    before_now: Duration


class AtOffsets(Value):
    """Explicit offsets by partition. Partitions that are not named start at earliest, as in Flink."""

    kind: Literal["offsets"] = "offsets"
    offsets: dict[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] = Field(min_length=1)


class GroupOffsets(Value):
    """The committed offsets of a consumer group; earliest where it has none."""

    kind: Literal["group"] = "group"
    group: str = Field(min_length=1)


_KINDS = ("timestamp", "before_now", "offsets", "group")


def _from_yaml(raw: object) -> object:
    if raw in ("earliest", "latest"):
        return {"kind": raw}
    if isinstance(raw, dict) and "kind" not in raw:
        named = [kind for kind in _KINDS if kind in raw]
        if len(named) == 1:
            value = raw[named[0]]
            if isinstance(value, datetime) and value.tzinfo is None:
                raise ValueError(f"'{value}' has no time zone; write for instance '{value.isoformat()}Z'")
            if named[0] == "timestamp" and isinstance(value, (int, float)):
                raise ValueError(f"'{value}' is not a time; write for instance '2026-01-31T12:00:00Z'")
            return {"kind": named[0], **raw}
    if isinstance(raw, (str, dict)):
        raise ValueError(
            "a startpoint is 'earliest', 'latest' or a mapping with one of "
            "timestamp, before_now, offsets, group"
        )
    return raw


Startpoint = Annotated[
    Annotated[
        Earliest | Latest | AtTimestamp | BeforeNow | AtOffsets | GroupOffsets,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_from_yaml),
]
