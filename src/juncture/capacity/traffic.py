"""How much comes through a topic, from offsets at times and a few of its records."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from math import sqrt

from juncture.capacity.assumed import Assumed
from juncture.errors import Refused
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.offsets import Offsets
from juncture.kafka.sampler import Sampled, sample
from juncture.model.figures import Basis, Range
from juncture.model.traffic import Traffic
from juncture.model.wording import counted, span

_HOUR = 3_600_000
_HOURS = 48
_NOW = 600_000
_SHORTEST = 10_000
"""Records of less than that are taken as of that: two of one moment are no rate."""
_TAKEN = 32
BYTES_UNKNOWN = Range(low=100, expected=500, high=2_000)
"""Of a record that was not seen."""
_LAST_MOMENT = 253_402_300_799_000
"""The end of the year 9999."""
_BACK = (_NOW, *(_HOUR * hours for hours in (1, 2, 4, 8, 16, 32, 49)))
"""How long before the newest record it is looked for where the log begins, if records can't tell."""
_UNKNOWN = 3.0
"""How far the peak may be above what little the log holds."""


def traffic(
    admin: Admin, topics: Mapping[str, str], inside_hour: float
) -> tuple[tuple[Traffic, ...], tuple[Assumed, ...]]:
    """The traffic of each table's topic, and what had to be assumed: of topics without records, without records of
    more than some minutes, and of those whose records or options may not be read.

    `inside_hour` is how many times the mean of the busiest hour a moment of it may have.

    Raises Refused for missing topics, with all of them, and Unreachable if no broker answers.
    """
    names = sorted(set(topics.values()))
    firsts, ends = offsets.earliest(admin, names), offsets.latest(admin, names, committed=False)
    found, assumed = [], []
    for table, topic in sorted(topics.items()):
        log = _Log(admin, table, topic, firsts[topic], ends[topic], inside_hour)
        made, notes = log.traffic()
        config, untold = _config(admin, topic)
        update = {
            **_kept(config),
            "replicas": min(admin.replicas(topic) or (0,)) or None,
        }
        found.append(made.model_copy(update=update))
        assumed += [*notes, *untold]
    return tuple(found), tuple(assumed)


def _config(admin: Admin, topic: str) -> tuple[dict[str, str], list[Assumed]]:
    try:
        return admin.configs([topic])[topic], []
    except Refused as refusal:
        text = f"how long '{topic}' keeps records may not be read ({refusal.problem}): it is taken as long enough"
        return {}, [Assumed(text)]


def _kept(config: Mapping[str, str]) -> dict[str, int | bool | None]:
    """For how long a topic keeps records, by its options, of which nothing may be known."""
    policy = config.get("cleanup.policy", "delete")
    # What is compacted alone goes by its key, and never for its age.
    retention = config.get("retention.ms") if "delete" in policy else "-1"
    most = int(config.get("retention.bytes", -1)) if "delete" in policy else -1
    compacted = "compact" in policy
    return {
        "retention": int(retention) if retention is not None else None,
        "most": most if most >= 0 else None,
        "compacted": compacted,
        "compaction_lag": int(config.get("min.compaction.lag.ms", 0)) if compacted else None,
    }


@dataclass(frozen=True)
class _Log:
    """A topic from its first offset to its end."""

    admin: Admin
    table: str
    topic: str
    first: Offsets
    end: Offsets
    inside_hour: float

    @property
    def records(self) -> int:
        return sum(self.end[p] - self.first[p] for p in self.end)

    def traffic(self) -> tuple[Traffic, list[Assumed]]:
        try:
            tails = _samples(
                self.admin, self.topic, {p: (max(self.first[p], e - _TAKEN), e) for p, e in self.end.items()}
            )
            heads = _samples(
                self.admin,
                self.topic,
                {p: (self.first[p], min(e, self.first[p] + _TAKEN)) for p, e in self.end.items()},
            )
        except Refused as refusal:
            return self._unread(refusal)
        taken = [record for part in (*tails, *heads) for record in part]
        times = [record.timestamp for record in taken if record.timestamp is not None]
        if not times:
            return self._empty()
        known = [each for each in times if each <= int(time.time() * 1000) + _NOW]
        notes = [self._ahead(times, known)] if len(known) < len(times) else []
        times = known or times
        return self._between(min(times), max(times), mean_of([record.size for record in taken]), notes)

    def _ahead(self, times: Sequence[int], known: Sequence[int]) -> Assumed:
        """Of timestamps in the future; those that are `known` are not."""
        text = (
            f"{len(times) - len(known)} of {counted(len(times), 'record')} of '{self.topic}' that were looked at have"
            f" timestamps in the future, up to {_moment(max(times)):%Y-%m-%d %H:%M} UTC: see the clocks and the units"
            " of what writes them; retention counts from these"
        )
        return Assumed(f"{text}, and rates are those up to now" if known else text)

    def _empty(self) -> tuple[Traffic, list[Assumed]]:
        text = (
            f"'{self.topic}' has no records: its rate is taken as 0, and its records as {BYTES_UNKNOWN.expected:.0f}"
            f" bytes, {BYTES_UNKNOWN.low:.0f} to {BYTES_UNKNOWN.high:,.0f}"
        )
        found = Traffic(
            table=self.table, topic=self.topic, partitions=len(self.end), until=None, held=0, records=self.records,
            now=0.0, peak=Range.exactly(0), hours=(), record_bytes=BYTES_UNKNOWN, largest=0.0, basis="assumed",
            peak_basis="assumed",
        )  # fmt: skip
        return found, [Assumed(text, rates=self.table)]

    def _unread(self, refusal: Refused) -> tuple[Traffic, list[Assumed]]:
        """By offsets at times alone."""
        text = (
            f"records of '{self.topic}' may not be read ({refusal.problem}): they are taken as"
            f" {BYTES_UNKNOWN.expected:.0f} bytes, {BYTES_UNKNOWN.low:.0f} to {BYTES_UNKNOWN.high:,.0f}"
        )
        newest = offsets.newest(self.admin, self.topic)
        if newest is None:
            return self._empty()
        oldest = next(
            (moment for back in _BACK if self._until(moment := newest - back) == self.first),
            newest - _BACK[-1],
        )
        found, notes = self._between(oldest, newest, BYTES_UNKNOWN, [Assumed(text)])
        return found.model_copy(update={"basis": "assumed"}), notes

    def _between(
        self, oldest: int, newest: int, record_bytes: Range, notes: list[Assumed]
    ) -> tuple[Traffic, list[Assumed]]:
        wall = int(time.time() * 1000)
        # A producer's clock may be ahead of this machine's.
        until = wall if abs(wall - newest) < _NOW else newest + 1
        if until != wall:
            last = _moment(newest)
            text = f"the newest record of '{self.topic}' is of {last:%Y-%m-%d %H:%M} UTC: rates are those before it"
            notes.append(Assumed(text))
        held = max(until - oldest, 1)
        spread = max(held, _SHORTEST)
        hours, steps = self._hours(until, oldest)
        recent = self._since(until - min(_NOW, held))
        now = recent / (min(_NOW, spread) / 1000)
        mean = self.records / (spread / 1000)
        lately = steps[0] if steps else {p: self.end[p] - self.first[p] for p in self.end}
        if peak_basis(held) == "assumed":
            # They may all have been written in one second: that is no rate to refuse a job by.
            least = self.records / (max(held, _NOW) / 1000)
            peak = Range(low=least, expected=max(mean, now), high=max(mean, now) * _UNKNOWN)
            pace = "the rate now" if now >= mean else "its mean rate"
            notes.append(Assumed(self._short(newest + 1 - oldest, pace), rates=self.table))
        else:
            busiest = max((*hours, now))
            peak = Range(low=max(hours), expected=busiest, high=busiest * self.inside_hour)
        found = Traffic(
            table=self.table,
            topic=self.topic,
            partitions=len(self.end),
            until=_moment(until),
            held=held,
            records=self.records,
            now=now,
            peak=peak,
            hours=hours,
            record_bytes=record_bytes,
            largest=max(lately.values()) / max(sum(lately.values()), 1),
            basis="assumed" if held < _NOW else "measured",
            now_basis="assumed" if held < _NOW else "measured",
            peak_basis=peak_basis(held),
        )
        return found, notes

    def _short(self, lasted: int, pace: str) -> str:
        """Of a topic that holds too little for its daily shape: records of so many ms, whose peak is that pace."""
        count, all_ = counted(self.records, "record"), "all " if self.records > 1 else "the "
        rate = "that rate" if lasted >= _SHORTEST else f"their rate over {span(_SHORTEST)}"
        if lasted < _NOW:
            return (
                f"{all_}{count} of '{self.topic}' {'are' if self.records > 1 else 'is'} of {span(lasted)}, which may be"
                f" how fast it was filled: its peak is taken as from the same records over {span(_NOW)} up to"
                f" {_UNKNOWN:.0f} times {rate}"
            )
        return (
            f"'{self.topic}' holds {span(lasted)} only: its daily shape is not known, and its peak is taken as {pace},"
            f" up to {_UNKNOWN:.0f} times that"
        )

    def _until(self, moment: int) -> Offsets:
        return offsets.at_timestamp(self.admin, [self.topic], max(moment, 0))[self.topic]

    def _hours(self, until: int, oldest: int) -> tuple[tuple[float, ...], list[dict[int, int]]]:
        """Records a second of each whole hour that the log holds, newest first, and records by partition."""
        rates, steps = [], []
        later, moment = self.end, until
        for _ in range(_HOURS):
            moment -= _HOUR
            if moment < oldest:
                break
            then = self._until(moment)
            step = {p: max(later[p] - then.get(p, self.first[p]), 0) for p in self.end}
            steps.append(step)
            rates.append(sum(step.values()) / 3600)
            later = then
        return tuple(rates), steps

    def _since(self, moment: int) -> int:
        then = self._until(moment)
        return sum(max(self.end[p] - then.get(p, self.end[p]), 0) for p in self.end)


def _moment(millis: int) -> datetime:
    """The last that there is for timestamps in another unit."""
    return datetime.fromtimestamp(min(millis, _LAST_MOMENT) / 1000, timezone.utc)


def _samples(admin: Admin, topic: str, ranges: Mapping[int, tuple[int, int]]) -> list[Sequence[Sampled]]:
    return list(sample(admin.kafka, {(topic, p): each for p, each in ranges.items()}, _TAKEN).values())


def peak_basis(held: int) -> Basis:
    """What the peak of a log of so many ms rests on: of less than two hours the daily shape is not known."""
    return "assumed" if held < 2 * _HOUR else "measured"


def mean_of(values: Sequence[float]) -> Range:
    """The mean of a sample, with its standard error at 95 % confidence as the range."""
    if not values:
        return Range.exactly(0)
    mean = statistics.fmean(values)
    error = 1.96 * statistics.stdev(values) / sqrt(len(values)) if len(values) > 1 else mean
    return Range(low=max(mean - error, 0.0), expected=mean, high=mean + error)
