"""Rule slow-sink."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis import profile
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import VertexSeen
from juncture.model.wording import percent

_WAITS = 0.2


class SlowSink(Rule):
    """The job waits for the brokers that it writes to.

    The producer of a Kafka sink holds records until the brokers have taken them. When its buffer is full, whoever
    hands it a record waits, and with it the whole chain that the sink runs in, the join, and the sources before it.
    The join then looks busy, and is not.

    Seen by: the time in which producers had no room (`bufferpool-wait-time-ns-total`), and the samples of the
    threads, where those are taken. The cost is that share of time.

    Change: give the sink's topic more partitions on more brokers, and see to quotas; larger batches
    (`properties.batch.size`, `properties.linger.ms`), compression (`properties.compression.type`) and more in flight
    in the sink's macro.
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
                ),
                "see to the brokers: partitions, quotas, disks; and, in the sink's macro, to"
                " properties.batch.size, properties.linger.ms, properties.compression.type and"
                " properties.max.in.flight.requests.per.connection",
            )


def _sampled(vertex: VertexSeen) -> float:
    return vertex.busy * vertex.share(profile.WAITING_FOR_SINK)


def _waits(vertex: VertexSeen) -> float:
    return max(vertex.sink_wait or 0.0, _sampled(vertex))
