"""What a job asks of brokers: network, disk and quotas, by what they keep of its topics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from juncture.capacity.silent import at_least
from juncture.capacity.traffic import BYTES_UNKNOWN
from juncture.checks.wording import listed
from juncture.model.brokers import Brokers, Quota, Stored
from juncture.model.capacity import Check
from juncture.model.figures import Figure, Range, amount, least_sure
from juncture.model.traffic import SinkTopic, Traffic, Written
from juncture.model.wording import counted, size, span

GROWTH = "broker disk growth"
"""The figure's name: of topics that keep what is written for ever."""
_HOUR = 3_600
_WHOLE = Range.exactly(1)


def compressed(traffic: Sequence[Traffic], stored: Mapping[str, Stored]) -> tuple[Traffic, ...]:
    """The same with how many bytes brokers keep for a byte of their records, where that is known.

    Of a compacted topic offsets don't tell how many records there are.
    """
    found = []
    for each in traffic:
        kept, records = stored.get(each.topic), each.record_bytes * float(each.records)
        known = records.low > 0 and each.record_bytes != BYTES_UNKNOWN and not each.compacted
        if kept is not None and known:
            ratio = Range(
                low=kept.once / records.high,
                expected=kept.once / records.expected,
                high=kept.once / records.low,
            )
            found.append(each.model_copy(update={"compression": ratio}))
        else:
            found.append(each)
    return tuple(found)


def read_figure(traffic: Sequence[Traffic]) -> Figure:
    """Bytes a second that brokers send at the peak: batches as they keep them, where that is known."""
    return Figure(
        name="Kafka read",
        unit="bytes/s",
        value=Range.total(each.peak * each.record_bytes * (each.compression or _WHOLE) for each in traffic),
        formula=" + ".join(
            f"{each.peak.expected:,.1f} records/s * {each.record_bytes.expected:,.0f} bytes"
            + (f" * {each.compression.expected:.2f} on disk" if each.compression else ", uncompressed")
            + f" ({each.table})"
            for each in traffic
        ),
        basis=least_sure(("sampled", *(each.basis for each in traffic))),
    )


def broker_figures(
    traffic: Sequence[Traffic], written: Sequence[Written], sinks: Sequence[SinkTopic]
) -> Iterator[Figure]:
    """What the topics that are written come to on disk, until they let go of their first rows; of those that never do,
    what an hour adds.

    The low and the expected value are of the mean rate, the high one of the peak.
    """
    topics = {each.table: each for each in sinks}
    peak = sum(each.peak.expected for each in traffic)
    share = min(sum(each.mean for each in traffic) / peak, 1.0) if peak else 0.0
    value, told = Range.exactly(0), []
    growth, growing = Range.exactly(0), []
    for each in written:
        topic = topics.get(each.table)
        if topic is None or topic.retention is None or topic.replicas is None:
            continue
        rate = Range(low=each.rate.low * share, expected=each.rate.expected * share, high=each.rate.high)
        copies = f"{counted(topic.replicas, 'replica')} ({each.table}, uncompressed)"
        average = f"{rate.expected:,.1f} rows/s on average * {each.row_bytes.expected:,.0f} bytes"
        if topic.is_endless:
            growth = growth + rate * each.row_bytes * float(_HOUR * topic.replicas)
            growing.append(f"{average} * {_HOUR:,} s * {copies}")
        elif topic.retention >= 0:
            kept = rate * each.row_bytes * (topic.retention / 1000)
            if topic.most is not None:
                kept = Range(**{name: min(getattr(kept, name), topic.most) for name in Range.model_fields})
            value = value + kept * float(topic.replicas)
            limit = f", at most {size(topic.most)}" if topic.most is not None else ""
            told.append(f"{average} * {topic.retention / 1000:,.0f} s{limit} * {copies}")
        elif topic.most is not None and not topic.compacted:
            value = value + Range.exactly(float(topic.most * topic.replicas))
            told.append(f"{size(topic.most)}, to which it grows * {copies}")
    if told:
        yield Figure(
            name="broker disk", unit="bytes", value=value, formula=" + ".join(told), basis="computed"
        )
    if growing:
        formula = f"{' + '.join(growing)}, without end"
        yield Figure(name=GROWTH, unit="bytes/h", value=growth, formula=formula, basis="computed")


@dataclass(frozen=True)
class Asked:
    """What brokers are asked for by a job: its figures, the topics that it writes, and the `silent` ones that it reads,
    which have no records (juncture.capacity.silent). `local` is whether it is a developer's stack, which keeps all."""

    brokers: Brokers
    figures: Mapping[str, Figure]
    sinks: Sequence[SinkTopic]
    silent: tuple[str, ...] = ()
    local: bool = False


def broker_checks(asked: Asked) -> Iterator[Check]:
    """Of their disks and quotas."""
    yield from _disk(asked)
    yield from _disk_growth(asked)
    yield from _quotas(asked)


def _disk(asked: Asked) -> Iterator[Check]:
    needed, free = asked.figures.get("broker disk"), asked.brokers.usable
    if needed is None:
        return
    why = asked.brokers.refused.get("disks", "the brokers don't tell")
    kept = [asked.brokers.stored.get(each.topic) for each in asked.sinks if not each.is_endless]
    if free is None or None in kept:
        yield Check(
            id="broker-disk",
            outcome="unknown",
            message=f"{size(needed.value.expected)} expected; what is free on the brokers' disks is not known: {why}",
        )
        return
    there = sum(each.in_all for each in kept if each is not None)
    more = Range(**{name: max(getattr(needed.value, name) - there, 0.0) for name in Range.model_fields})
    told = (
        f"{size(more.expected)} more expected for what is written, {size(more.high)} at most, {size(free)} free on"
        f" {counted(asked.brokers.count, 'broker')}"
    )
    remedy = "lower retention.ms or set retention.bytes of the topics that are written, or give the brokers more disk"
    check = Check.judged("broker-disk", more.low > free, more.high > free, told, remedy)
    yield at_least(check, asked.silent)


def _disk_growth(asked: Asked) -> Iterator[Check]:
    growth, free = asked.figures.get(GROWTH), asked.brokers.usable
    if growth is None:
        return
    topics = [f"'{each.topic}'" for each in asked.sinks if each.is_endless]
    value = growth.value
    told = f"what is written to {listed(topics)} is kept for ever: it grows"
    if value.high:
        told += f" by {amount(value.expected, 'bytes/h')} on average, {amount(value.high, 'bytes/h')} at most"
    told += ", without end"
    if free is not None and value.expected:
        full = span(free / value.expected * _HOUR * 1000)
        told += f"; {size(free)} are free on {counted(asked.brokers.count, 'broker')}, full after {full} on average"
    remedy = (
        f"set retention.ms or retention.bytes of {listed(topics)}, or cleanup.policy=compact where the newest row of a"
        " key is enough"
    )
    yield Check.judged("broker-disk", False, not asked.local, told, remedy)


def _quotas(asked: Asked) -> Iterator[Check]:
    if "quotas" in asked.brokers.refused:
        yield Check(
            id="quotas",
            outcome="unknown",
            message=f"whether brokers limit what is read and written is not known: {asked.brokers.refused['quotas']}",
        )
        return
    limits = [
        (asked.brokers.read, "Kafka read", "read"),
        (asked.brokers.write, "Kafka write", "written"),
    ]
    held = [(quota, asked.figures[name].value, done) for quota, name, done in limits if quota is not None]
    for quota, needed, done in held:
        yield at_least(_quota(quota, needed, done, asked.brokers.count), asked.silent)
    if not held:
        yield Check(id="quotas", outcome="passed", message="brokers limit neither what is read nor written")


def _quota(quota: Quota, needed: Range, done: str, brokers: int) -> Check:
    most = quota.rate * brokers
    told = (
        f"{size(needed.expected)}/s are {done} at the peak, {size(needed.high)}/s at most; {quota.whose} may have"
        f" {size(quota.rate)}/s of each of {counted(brokers, 'broker')}"
    )
    remedy = (
        "raise the quota, as kafka-configs.sh does, or use another user in kafka.security of juncture.toml"
    )
    return Check.judged("quotas", needed.low > most, needed.high > most, told, remedy)
