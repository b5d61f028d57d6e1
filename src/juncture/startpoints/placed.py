"""Offsets that the log does not have, ends before starts, partitions that nobody has named, and nothing to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from juncture.model.report import Finding
from juncture.model.resolved import PartitionRange, ResolvedSource
from juncture.model.wording import counted
from juncture.startpoints.reporter import Reporter, listed, utc


def misplaced(report: Reporter, source: ResolvedSource) -> Iterator[Finding]:
    """What is wrong with where a source starts and ends, as its topic is now."""
    table = source.table

    def those(which: Callable[[PartitionRange], bool]) -> list[PartitionRange]:
        return [each for each in source.partitions if which(each)]

    if outside := those(lambda each: not each.is_in_log):
        one = outside[0]
        yield report.finding(
            "startpoint-outside-log",
            "error",
            table,
            f"{table} can't start at offset {one.start} of partition {one.partition}: the log goes from"
            f" {one.log_start} to {one.log_end}{_others(outside)}",
            "name offsets that the log has: Flink would go to its earliest record, without a word",
        )
    if beyond := those(lambda each: each.end > each.log_end):
        one = beyond[0]
        yield report.finding(
            "end-outside-log",
            "error",
            table,
            f"{table} can't end before offset {one.end} of partition {one.partition}: the log ends at"
            f" {one.log_end}{_others(beyond)}",
            "name offsets that the log has, or `until: latest`",
        )
    if backwards := those(lambda each: source.bounded and each.is_in_log and each.end < each.start):
        one = backwards[0]
        yield report.finding(
            "end-before-start",
            "error",
            table,
            f"{table} would end at offset {one.end} of partition {one.partition}, before it starts at"
            f" {one.start}{_others(backwards)}",
            "let `until` be later than the start",
        )
    if unheld := those(lambda each: each.start_reason == "not-held"):
        yield report.finding(
            "partition-not-named",
            "warning",
            table,
            f"{table} starts at earliest in {listed([each.partition for each in unheld])} of '{source.topic}', which"
            f" {source.startpoint.start} does not name: {counted(sum(each.records for each in unheld), 'record')}",
            "add `partitions: {"
            + ", ".join(f"{each.partition}: ..." for each in unheld[:3])
            + "}` to the startpoint, if that is not meant (partitions may have been added since)",
        )
    if unended := those(lambda each: source.bounded and each.end_reason == "not-held"):
        yield report.finding(
            "partition-not-named",
            "warning",
            table,
            f"{table} ends where {listed([each.partition for each in unended])} of '{source.topic}' ends now: `until`"
            " does not name it",
            "name each partition in `until`, if that is not meant",
        )
    if after := those(lambda each: each.start_reason == "no-record-after"):
        newest = max((each.asked_time for each in after if each.asked_time), default=None)
        yield report.finding(
            "startpoint-after-end",
            "warning",
            table,
            f"no record of {listed([each.partition for each in after])} of '{source.topic}' is as new as {utc(newest)}:"
            f" {table} starts at the end there, and reads what is written from now on, however old",
            "take an earlier timestamp, if records that are there were meant",
        )
    if all(each.log_start == each.log_end for each in source.partitions):
        yield report.finding(
            "topic-empty",
            "warning",
            table,
            f"the topic '{source.topic}' of {table} has no records",
            "see whether it is the right one, and whether its retention has removed them",
        )
    elif source.bounded and all(each.end == each.start for each in source.partitions):
        yield report.finding(
            "nothing-to-read",
            "warning",
            table,
            f"{table} would read nothing of '{source.topic}': it ends where it starts, in all of its partitions",
            "let `until` be later, if that is not meant",
        )


def _others(found: list[PartitionRange]) -> str:
    more = len(found) - 1
    return f" (and so {counted(more, 'other partition')})" if more else ""
