"""Rule slow-checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median

from juncture.diagnosis.flowing import are_held_back
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import CheckpointSeen
from juncture.model.wording import size, span

_LONG = 10_000
"""Milliseconds: shorter ones are not told of, however short the interval is."""
_RATE = 10 * 2**20
"""Bytes a second: storage that takes fewer is slow, and not what is written much."""
_DETAILS = "REST /jobs/JOB/checkpoints/details"
_NAMED = "the job's checkpoints"


class SlowCheckpoints(Rule):
    """Checkpoints take as long as the time between them.

    The next one begins at once, so that the job never works without one; rows of an exactly-once sink are seen late,
    and after a failure much is done again.

    Seen by: how long the recent checkpoints took, and how far apart they began; or the last one and the one under way,
    where both are long. Of the last one: how long barriers waited behind records (start delay) and for each other
    (alignment), how long it was written, and how many bytes. The cost is the share of time in which a checkpoint was
    under way, as far as it is above a half. Where records are held back, and another finding slows the job down, this
    one refers to it, and costs no more.

    Change: where barriers wait for most of it, or another finding is referred to, mend what backs records up. Where
    writing is most of it: if storage takes less than 10 MiB a second, see to the storage; else write less, with
    `state: {backend: rocksdb}`, which writes what is new. Or a longer `checkpointing: {interval: ...}`.
    """

    id = "slow-checkpoints"
    effect = "slows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        ordered = sorted(patient.seen.checkpoints, key=lambda each: each.at)
        done = [each for each in ordered if each.status == "COMPLETED"]
        pace = _of_completed(done) or _of_the_last(done, ordered[-1:], patient.seen.at.timestamp() * 1000)
        if pace is None:
            return
        newest = done[-1]
        parts = _Parts(newest)
        cause = (
            _cause(found)
            if parts.waited > newest.duration / 4 or are_held_back(patient.seen.vertices)
            else None
        )
        cost = min(pace.took / pace.apart, 1.0) - 0.5
        since = f"; one has been under way for {span(pace.under_way)}" if pace.under_way is not None else ""
        held = f"; {cause.rule} in {cause.operator} holds them back" if cause is not None else ""
        yield self.diagnosis(
            cost if cause is None else min(cost, cause.cost),
            _NAMED,
            f"checkpoints take {span(pace.took)}, and begin every {span(pace.apart)}{since}"
            + parts.told
            + held,
            patient.in_job("checkpointing"),
            (
                ("the last one took", span(newest.duration), "REST /jobs/JOB/checkpoints"),
                *_told(pace),
                ("between their beginnings", span(pace.apart), "REST /jobs/JOB/checkpoints"),
                ("barriers of the last one waited", span(parts.waited), _DETAILS),
                *parts.of_writing,
                ("state", size(newest.state), "REST /jobs/JOB/checkpoints"),
            ),
            f"mend {cause.rule} first: barriers wait behind the records that it backs up"
            if cause is not None
            else _remedy(patient, parts, pace),
        )


@dataclass(frozen=True)
class _Parts:
    """What the time of a completed checkpoint went into."""

    of: CheckpointSeen

    @property
    def waited(self) -> int:
        """Milliseconds in which barriers waited behind records, and for each other."""
        return min((self.of.delay or 0) + (self.of.alignment or 0), self.of.duration)

    @property
    def is_written_slowly(self) -> bool:
        rate = self.written / self.writing * 1000 if self.writing else inf
        return self.writing > self.of.duration / 2 and rate < _RATE

    @property
    def writing(self) -> int:
        return self.of.writing or 0

    @property
    def written(self) -> int:
        return self.of.written or 0

    @property
    def told(self) -> str:
        least = self.of.duration / 4
        return (f"; barriers wait for {span(self.waited)} of that" if self.waited > least else "") + (
            f"; {size(self.written)} are written for {span(self.writing)} of that"
            if self.writing > least
            else ""
        )

    @property
    def of_writing(self) -> tuple[tuple[str, str, str], ...]:
        if self.of.writing is None:
            return ()
        return (
            ("the last one was written for", span(self.writing), _DETAILS),
            ("written for it", size(self.written), "REST /jobs/JOB/checkpoints"),
        )


def _remedy(patient: Patient, parts: _Parts, pace: _Pace) -> str:
    seldom = f"raise `checkpointing: {{interval: ...}}` in {patient.path} to {span(pace.took * 4)} or more"
    if parts.waited > parts.of.duration / 2:
        return "mend what backs records up: see the busiest operator"
    if parts.is_written_slowly:
        folder = patient.seen.options.get("execution.checkpointing.dir")
        where = f", {folder}" if folder else ""
        return (
            f"see to the storage of checkpoints{where}: it took {size(parts.written)} in {span(parts.writing)};"
            f" else {seldom}"
        )
    if parts.writing > parts.of.duration / 2 and patient.backend == "hashmap":
        return f"write `state: {{backend: rocksdb}}` in {patient.path}, which writes only what is new; or {seldom}"
    return seldom


def _cause(found: Sequence[Diagnosis]) -> Diagnosis | None:
    """What slows the job down most."""
    slowing = [each for each in found if each.effect == "slows" and each.operator != _NAMED]
    return max(slowing, key=lambda each: each.cost, default=None)


def _told(pace: _Pace) -> tuple[tuple[str, str, str], ...]:
    if pace.under_way is not None:
        return (("the one under way, so far", span(pace.under_way), "REST /jobs/JOB/checkpoints"),)
    return (("median of the recent ones", span(pace.took), "REST /jobs/JOB/checkpoints"),)


@dataclass(frozen=True)
class _Pace:
    """How long checkpoints take, and how far apart they begin, in ms; `under_way`: how long the newest has been."""

    took: float
    apart: float
    under_way: float | None = None

    @property
    def is_slow(self) -> bool:
        return self.took >= _LONG and self.took >= self.apart / 2


def _of_completed(done: Sequence[CheckpointSeen]) -> _Pace | None:
    if len(done) < 3:
        return None
    pace = _Pace(median(each.duration for each in done), (done[-1].at - done[0].at) / (len(done) - 1))
    return pace if pace.is_slow else None


def _of_the_last(done: Sequence[CheckpointSeen], last: Sequence[CheckpointSeen], now: float) -> _Pace | None:
    """Of the last completed one and the one after it, if that has been under way for long, too."""
    if not done or not last or last[0].status != "IN_PROGRESS":
        return None
    under_way = now - last[0].at
    pace = _Pace(min(done[-1].duration, under_way), last[0].at - done[-1].at, under_way)
    return pace if pace.is_slow else None
