"""Partitions that get no records, and so hold the event time of a job back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from juncture.model.observation import Missing
from juncture.model.sources_seen import PartitionSeen, SourceSeen
from juncture.model.wording import span

NEAR = 60_000
"""Milliseconds that partitions may be apart without anybody minding."""
_OLD = 10_000
"""Milliseconds that a metric may be old, by Flink's default."""


def furthest(sources: Iterable[SourceSeen]) -> int | None:
    """The furthest watermark of any partition; None before the first."""
    return max((each.furthest for each in sources if each.furthest is not None), default=None)


def silent_in(source: SourceSeen, ahead: int | None) -> tuple[PartitionSeen, ...]:
    """The partitions that have got nothing, were read to the end, are not left out as idle, and are behind `ahead`.

    Of one that was still read from the watermark that Flink tells is older than what was read.
    """
    return () if ahead is None else tuple(each for each in source.partitions if _holds(each, ahead))


def may_go_idle(source: SourceSeen, seconds: float) -> bool:
    """Whether a partition that was silent for so long may still be left out of the watermark, or be already."""
    return source.idle_timeout is not None and seconds * 1000 <= source.idle_timeout + _OLD


def undecided(sources: Sequence[SourceSeen], seconds: float) -> tuple[Missing, ...]:
    """Of each source whose partitions were silent for too short a time to tell whether they hold the watermark back."""
    ahead = furthest(sources)
    return tuple(
        Missing(
            what=f"whether silent partitions of '{each.topic}' hold the watermark back: they were watched for"
            f" {span(seconds * 1000)}, and the idle timeout is {span(each.idle_timeout or 0)}",
            assumed="they are left out of it in time; watch for longer (--during)",
        )
        for each in sources
        if may_go_idle(each, seconds) and silent_in(each, ahead)
    )


def _holds(each: PartitionSeen, ahead: int) -> bool:
    if each.grew > 0 or each.read_on or each.idle or (each.lag or 0) > 0:
        return False
    if each.position is None and each.end > 0 and each.watermark is None:
        return False  # there are records that were not read yet
    return each.watermark is None or ahead - each.watermark > NEAR
