"""Rule slow-sink."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.checks.wording import listed
from juncture.diagnosis import profile
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import VertexSeen
from juncture.model.wording import percent

_WAITS = 0.2
_DEFAULTS = {
    "batch.size": 16_384,
    "buffer.memory": 33_554_432,
    "max.in.flight.requests.per.connection": 5,
}
"""Of Kafka's producer."""


class SlowSink(Rule):
    """The job waits for the brokers that it writes to.

    The producer of a Kafka sink holds records until the brokers have taken them. When its buffer is full, whoever
    hands it a record waits, and with it the whole chain that the sink runs in, the join, and the sources before it.
    The join then looks busy, and is not.

    Seen by: the time in which producers had no room (`bufferpool-wait-time-ns-total`), and the samples of the
    threads, where those are taken. The cost is that share of time.

    Change: what the sink's macro sets to less than Kafka's client has by itself (`properties.batch.size`,
    `properties.buffer.memory`, `properties.max.in.flight.requests.per.connection`), and which is then named; else more
    partitions on more brokers, quotas, larger batches (`properties.batch.size`, `properties.linger.ms`), compression
    (`properties.compression.type`).
    """

    id = "slow-sink"
    effect = "slows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        if patient.seen.silence is not None:
            return  # they are away, and not slow
        for vertex in patient.seen.vertices:
            sinks = [node for node in patient.nodes(vertex) if node.kind == "sink"]
            waits = _waits(vertex)
            if not sinks or waits < _WAITS:
                continue
            rate = vertex.records_in / vertex.seconds if vertex.seconds else 0.0
            yield self.diagnosis(
                waits,
                patient.named(vertex),
                f"{percent(waits)} of the time the job waits for the brokers of its sink, and"
                f" {patient.named(vertex)} with it",
                patient.in_sink(),
                (
                    (
                        "time without room in the producer's buffer",
                        percent(vertex.sink_wait or 0.0),
                        "metric KafkaProducer.bufferpool-wait-time-ns-total",
                    ),
                    (
                        "time seen waiting for the brokers",
                        percent(_sampled(vertex)),
                        "samples of the threads",
                    ),
                    ("busy", percent(vertex.busy), "metric accumulateBusyTimeMs"),
                    ("records a second", f"{rate:,.0f}", "metric numRecordsIn"),
                    *(
                        (f"properties.{name}", f"{value}, by default {default:,}", "the sink's options")
                        for name, value, default in _small(patient)
                    ),
                ),
                _remedy(patient),
            )


def _small(patient: Patient) -> tuple[tuple[str, str, int], ...]:
    """The producer's options that the sink's author has set to less than Kafka's client has by itself."""
    sink = patient.case.sink if patient.case is not None else None
    if sink is None:
        return ()
    found = ((name, sink.options.get(f"properties.{name}", ""), least) for name, least in _DEFAULTS.items())
    return tuple(
        (name, value, least) for name, value, least in found if value.isdigit() and int(value) < least
    )


def _remedy(patient: Patient) -> str:
    place = patient.in_sink()
    macro = f"the macro of {place.path}" if place is not None else "the sink's macro"
    brokers = "see to the brokers: partitions of the topic, quotas, disks"
    small = [f"'properties.{name}'" for name, _, _ in _small(patient)]
    if small:
        return f"take {listed(small)} out of {macro}, or raise {'it' if len(small) == 1 else 'them'}; else {brokers}"
    return (
        f"{brokers}; and write fewer, larger batches: in {macro}, more={{'properties.batch.size': '262144',"
        " 'properties.linger.ms': '50', 'properties.compression.type': 'lz4'}"
    )


def _sampled(vertex: VertexSeen) -> float:
    return vertex.busy * vertex.share(profile.WAITING_FOR_SINK)


def _waits(vertex: VertexSeen) -> float:
    return max(vertex.sink_wait or 0.0, _sampled(vertex))
