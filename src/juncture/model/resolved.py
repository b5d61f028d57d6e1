"""Startpoints resolved against the topics: offsets by partition, and what lies between them."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from juncture.model.base import Value
from juncture.model.report import Finding
from juncture.model.startpoint import Startpoint

Reason = Literal["asked", "not-held", "no-record-after"]
"""Why an offset: what was asked for; earliest (of an end: latest) for a partition that what was asked for does not
name; the partition's end, as no record has the timestamp that was asked for, or a later one."""


class PartitionRange(Value):
    """What of one partition will be read: from `start` to before `end`, of a log from `log_start` to before `log_end`.

    An unbounded reading goes on after `end`, which is then the end of what was committed when it was looked at.
    `records` counts offsets: transaction markers and records that compaction has taken out are in it, the `left_out`
    offsets that the startpoint excludes are not. `first_at` and `last_at` are the Kafka timestamps of the first and the
    last record, `before_at` that of the last record before `start`, None where there is none. `bytes` is estimated from
    a sample of the records' keys, values and headers, uncompressed; None where they may not be read. `asked_time` is
    the timestamp that `start` was found by.
    """

    partition: int
    start: int
    end: int
    log_start: int
    log_end: int
    records: int
    left_out: int = 0
    bytes: int | None = None
    start_reason: Reason = "asked"
    end_reason: Reason = "asked"
    asked_time: AwareDatetime | None = None
    before_at: AwareDatetime | None = None
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None

    @property
    def is_in_log(self) -> bool:
        """Whether the log has what is asked for: Flink would go to its earliest record otherwise, without a word."""
        return self.log_start <= self.start <= self.log_end

    @property
    def follows_the_log(self) -> bool:
        """Whether nothing that the log ever held comes before it."""
        return self.start == self.log_start == 0


class ResolvedSource(Value):
    """Where one source starts, and ends if `bounded`.

    `told` says whose offsets they are where another's were asked for: 'savepoint of version 3 of orders: s3://...'.
    `bytes_error` is what all `bytes` may be off by as a share of them, with 95 % confidence, as far as the sample
    stands for the rest; None without one.
    """

    table: str
    topic: str
    startpoint: Startpoint
    partitions: tuple[PartitionRange, ...]
    bounded: bool
    told: str | None = None
    bytes_error: float | None = None

    @property
    def start(self) -> dict[int, int]:
        """First offset by partition."""
        return {each.partition: each.start for each in self.partitions}

    @property
    def end(self) -> dict[int, int] | None:
        """Offset to end before by partition; None if the reading does not end."""
        return {each.partition: each.end for each in self.partitions} if self.bounded else None

    @property
    def records(self) -> int:
        return sum(each.records for each in self.partitions)

    @property
    def left_out(self) -> int:
        return sum(each.left_out for each in self.partitions)

    @property
    def bytes(self) -> int | None:
        """None unless it is known of all partitions."""
        known = [each.bytes for each in self.partitions if each.bytes is not None]
        return sum(known) if len(known) == len(self.partitions) else None


class ResolvedStartpoints(Value):
    """Where each source of a job starts, as the topics were at `resolved_at`.

    `findings` say what is wrong with that; a source that can't be resolved is in none but them.
    """

    schema_version: Literal[1] = 1
    job: str
    environment: str
    resolved_at: AwareDatetime
    sources: tuple[ResolvedSource, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.severity == "error")


class JoinWindow(Value):
    """What an interval join over event times allows: left time minus right time is from `lower` to `upper`, in ms.

    `left` and `right` are the tables whose times are compared.
    """

    uid: str
    left: str
    right: str
    lower: int
    upper: int
