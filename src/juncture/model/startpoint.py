"""Startpoint: where the reading of one topic starts, and may end. One-shot: state wins once there is any."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, model_validator

from juncture.model.base import Value
from juncture.model.duration import Duration
from juncture.model.offsets import Offset, OffsetRanges

NOW_MINUS = "JUNCTURE_NOW_MINUS_"
"""Placeholders that begin so stand for the milliseconds of the epoch, that many before the job's start."""

Partition = Annotated[int, Field(ge=0)]


def _no_number(value: object) -> object:
    """Pydantic takes one, in quotes, too, for seconds since 1970: '20260131' for a day in that year."""
    try:
        float(str(value))
    except ValueError:
        return value
    raise ValueError(f"'{value}' is not a time; write for instance '2026-01-31T12:00:00Z'")


def _also_in_utc(moment: datetime) -> datetime:
    try:
        moment.astimezone(timezone.utc)
    except OverflowError:
        problem = f"'{moment.isoformat()}' is not within the years 1 to 9999; write a time that is"
        raise ValueError(problem) from None
    return moment


Moment = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_also_in_utc)]


class Earliest(Value):
    """The first record that the topic still has."""

    kind: Literal["earliest"] = "earliest"

    def __str__(self) -> str:
        return "earliest"


class Latest(Value):
    """After the last committed record at the time of the first start."""

    kind: Literal["latest"] = "latest"

    def __str__(self) -> str:
        return "latest"


class AtTimestamp(Value):
    """The first record whose Kafka timestamp is `timestamp` or later."""

    kind: Literal["timestamp"] = "timestamp"
    timestamp: Moment

    def __str__(self) -> str:
        return f"timestamp {self.timestamp.isoformat()}"


class BeforeNow(Value):
    """As AtTimestamp, at `before_now` before the moment the startpoint is resolved."""

    kind: Literal["before_now"] = "before_now"
    before_now: Duration

    def __str__(self) -> str:
        return f"{self.model_dump()['before_now']} before now"


class AtOffset(Value):
    """One partition's offset."""

    kind: Literal["offset"] = "offset"
    offset: Offset

    def __str__(self) -> str:
        return f"offset {self.offset}"


class AtOffsets(Value):
    """Explicit offsets by partition. Partitions that are not named start at earliest, as in Flink."""

    kind: Literal["offsets"] = "offsets"
    offsets: dict[Partition, Offset] = Field(min_length=1)

    def __str__(self) -> str:
        return "offsets"


class GroupOffsets(Value):
    """The committed offsets of a consumer group; earliest for partitions where it has none."""

    kind: Literal["group"] = "group"
    group: str = Field(min_length=1)

    def __str__(self) -> str:
        return f"group {self.group}"


class DeploymentOffsets(Value):
    """As far as a deployed job had read the topic at its newest savepoint or checkpoint: the last's, or a version's."""

    kind: Literal["deployment"] = "deployment"
    deployment: str = Field(min_length=1)
    version: int | None = Field(default=None, ge=1, strict=True)

    def __str__(self) -> str:
        return f"deployment {self.deployment}" + (f" version {self.version}" if self.version else "")


class SavepointOffsets(Value):
    """As far as this topic had been read at a savepoint or checkpoint, of whatever job."""

    kind: Literal["savepoint"] = "savepoint"
    savepoint: str = Field(min_length=1)

    def __str__(self) -> str:
        return f"savepoint {self.savepoint}"


def _notation(what: str, words: tuple[str, ...], kinds: tuple[str, ...]) -> Callable[[object], object]:
    """Reads what stands in YAML for one of the classes above, which their `kind` tells apart."""
    quoted = ", ".join(f"'{word}'" for word in words)
    allowed = f"{what} is {quoted} or a mapping with one of {', '.join(kinds)}"

    def read(raw: object) -> object:
        if raw in words:
            return {"kind": raw}
        if isinstance(raw, dict) and "kind" not in raw:
            named = [kind for kind in kinds if kind in raw]
            if len(named) == 1:
                _zoned(raw[named[0]])
                return {"kind": named[0], **raw}
        if isinstance(raw, dict) and "kind" in raw:
            return raw
        if isinstance(raw, Value):
            return raw
        raise ValueError(allowed)

    return read


def _zoned(value: object) -> None:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"'{value}' has no time zone; write for instance '{value.isoformat()}Z'")


_WORDS = ("earliest", "latest")
_TIMES = ("timestamp", "before_now")
_HELD = ("group", "deployment", "savepoint")
_KINDS = (*_TIMES, "offsets", *_HELD)

Position = Annotated[
    Annotated[
        Earliest
        | Latest
        | AtTimestamp
        | BeforeNow
        | AtOffsets
        | GroupOffsets
        | DeploymentOffsets
        | SavepointOffsets,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_notation("a start", _WORDS, _KINDS)),
]
PartitionPosition = Annotated[
    Annotated[
        Earliest
        | Latest
        | AtTimestamp
        | BeforeNow
        | AtOffset
        | GroupOffsets
        | DeploymentOffsets
        | SavepointOffsets,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_notation("a partition's start", _WORDS, (*_TIMES, "offset", *_HELD))),
]
EndPoint = Annotated[
    Annotated[
        Latest | AtTimestamp | BeforeNow | AtOffsets | GroupOffsets | DeploymentOffsets | SavepointOffsets,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_notation("an end point", ("latest",), _KINDS)),
]


_OWN = ("start", "partitions", "until", "expires", "exclude")


class Startpoint(Value):
    """Where the reading of one topic starts, and ends if it does.

    In YAML, a `start` alone may stand in place of the mapping.
    """

    shorthand: ClassVar[str] = "start"

    start: Position = Earliest()
    partitions: dict[Partition, PartitionPosition] = {}
    """Where single partitions start instead."""
    until: EndPoint | None = None
    """The reading ends before this offset; None: it goes on for ever."""
    expires: Moment | None = None
    """From this moment on it is not applied any more."""
    exclude: dict[Partition, OffsetRanges] = {}
    """Offsets that are left out, by partition: `{3: 120000-120004}`. Not once, but as long as it stands here."""

    @property
    def told(self) -> str:
        """In a few words: 'timestamp 2026-01-31T00:00:00+00:00, partition 3 at latest, until latest'."""
        single = (f"partition {partition} at {position}" for partition, position in self.partitions.items())
        end = (f"until {self.until}",) if self.until is not None else ()
        return ", ".join((str(self.start), *single, *end, *self.told_excluded))

    @property
    def told_excluded(self) -> tuple[str, ...]:
        """What is left out, a few words for each partition: 'without 120000-120004 of partition 3'."""
        return tuple(
            f"without {' and '.join(map(str, ranges))} of partition {partition}"
            for partition, ranges in self.exclude.items()
        )

    @model_validator(mode="before")
    @classmethod
    def _start_alone(cls, raw: object) -> object:
        if isinstance(raw, dict):
            own = [key for key in _OWN if key in raw]
            beside = next((kind for kind in _KINDS if kind in raw), None)
            if own and beside is not None:
                raise ValueError(
                    f"'{beside}' can't stand beside '{own[0]}'; write 'start: {{{beside}: ...}}', and"
                    f" '{own[0]}' beside that"
                )
            if own or not raw:
                return raw
            if "kind" in raw or beside is not None:
                return {"start": raw}
            if "offset" in raw:
                raise ValueError(
                    "'offset' is one partition's; write 'offsets: {PARTITION: OFFSET, ...}' here"
                )
        if isinstance(raw, Startpoint):
            return raw
        if raw in _WORDS or isinstance(raw, Value):
            return {"start": raw}
        raise ValueError(
            f"a startpoint is 'earliest', 'latest' or a mapping with one of {', '.join((*_KINDS, *_OWN))}"
        )


def epoch_millis(moment: datetime) -> int:
    """Milliseconds of the epoch, rounded up: a record before the moment is not of that moment.

    None below 0: no record is older, and brokers take some of those numbers for something else.
    """
    microseconds = round(moment.timestamp() * 1_000_000)
    return max(0, -(-microseconds // 1000))


def knows_flink(startpoint: Startpoint) -> bool:
    """Whether Flink's connector has options that say the same, so that job.py can be run by hand."""
    unknown: tuple[Any, ...] = (DeploymentOffsets, SavepointOffsets)
    return (
        not startpoint.partitions
        and not isinstance(startpoint.start, unknown)
        and not isinstance(startpoint.until, (*unknown, GroupOffsets))
    )
