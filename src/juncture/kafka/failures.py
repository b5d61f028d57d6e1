"""What librdkafka reports, in words, with what to do about it."""

from __future__ import annotations

import re

from confluent_kafka import KafkaError, KafkaException

from juncture.errors import JunctureError, Refused, Unreachable
from juncture.model.environment import Kafka

_DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
_AGAINST = {
    KafkaError.UNSUPPORTED_VERSION,
    KafkaError._UNSUPPORTED_FEATURE,
    KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT,
    KafkaError.INVALID_REQUEST,
    KafkaError.INVALID_CONFIG,
    KafkaError.INVALID_PARTITIONS,
    KafkaError.INVALID_REPLICATION_FACTOR,
    KafkaError.POLICY_VIOLATION,
}
"""Of a cluster that does not take what is asked for, or does not know it, as services other than Kafka may not."""
_LOGIN = {KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED}
_SILENT = {
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError._TIMED_OUT_QUEUE,
    KafkaError._MSG_TIMED_OUT,
    KafkaError._RESOLVE,
    KafkaError.REQUEST_TIMED_OUT,
}
_REASONS = (
    (r"Connection refused", "nothing listens there"),
    (r"Failed to resolve", "no address is known for that name"),
    (r"unreachable|No route to host", "no way leads there from this machine"),
    (r"setup timed out|state CONNECT\b", "no connection comes about"),
    (r"SSL", "they break the connection off while TLS is agreed on, as brokers without TLS do"),
    (r"Disconnected", "they close connections"),
    (r"brokers are down|broker connections are down", "they take connections, and answer nothing"),
    (r"Timed out|timed out|Broker transport failure", "nothing came back in time"),
)
"""What librdkafka says of silent brokers, the telling words first, and what it means."""
_LOOPBACK = re.compile(r"(?:127\.[\d.]+|localhost|\[::1\]):\d+")


class Complaints:
    """Collects what a client says in the background: the cause behind a bare 'timed out'.

    Give its `hear` to the client as `error_cb`.
    """

    def __init__(self) -> None:
        self._heard: list[KafkaError] = []

    def hear(self, error: KafkaError) -> None:
        self._heard.append(error)

    @property
    def cause(self) -> KafkaError | None:
        """The most telling complaint: one about logging in, else the last that names an address."""
        for wanted in (_LOGIN | {KafkaError._SSL}, _SILENT - {KafkaError._ALL_BROKERS_DOWN}):
            for error in reversed(self._heard):
                if error.code() in wanted:
                    return error
        return self._heard[-1] if self._heard else None


def failure(
    kafka: Kafka, doing: str, error: KafkaException | KafkaError, complaints: Complaints | None = None
) -> JunctureError:
    """The error to raise; `doing` completes 'could not ...'."""
    reported = error.args[0] if isinstance(error, KafkaException) else error
    if not isinstance(reported, KafkaError):
        return Unreachable(f"could not {doing}: {reported}", remedy="run `juncture doctor`")
    heard = complaints.cause if complaints is not None and reported.code() in _SILENT else None
    cause = heard or reported
    said = _plain(cause)
    address = kafka.bootstrap_servers
    if cause.code() in _LOGIN:
        return Unreachable(
            f"the Kafka brokers at {address} refused the login: {said}",
            remedy="check the environment's kafka.security in juncture.toml, and the variables it names",
        )
    if cause.code() == KafkaError._SSL:
        return Unreachable(
            f"no trusted connection to the Kafka brokers at {address}: {said}",
            remedy="check the environment's kafka.security in juncture.toml: protocol and ca_file",
        )
    if cause.code() in _DENIED:
        return Refused(
            f"could not {doing}: the Kafka cluster at {address} does not allow it ({said})",
            remedy="ask for the permission, or use another user in kafka.security of juncture.toml",
        )
    if cause.code() in _AGAINST:
        return Refused(
            f"could not {doing}: the Kafka cluster at {address} does not take that ({said})",
            remedy="see what this cluster supports, and what its policy is, or ask who runs it",
        )
    if cause.code() in _SILENT:
        return Unreachable(
            f"the Kafka brokers at {address} do not answer: {said}",
            remedy=_awaken(address),
        )
    if cause.code() == KafkaError._INVALID_ARG:
        return JunctureError(
            f"could not {doing} (Kafka at {address}): {said}",
            remedy="correct the environment's kafka table in juncture.toml",
        )
    return Unreachable(
        f"could not {doing} (Kafka at {address}): {said}",
        remedy="run the command again; if it fails again, see the broker's log",
    )


def _plain(error: KafkaError) -> str:
    """What an error says, without the words and the settings that only librdkafka has."""
    said = error.str()
    if error.code() in _SILENT:
        for words, meaning in _REASONS:
            if re.search(words, said):
                return meaning
    # 'sasl_ssl://k:9093/bootstrap: SASL authentication error: ... (after 3ms in state AUTH_REQ)'
    said = re.sub(r"^\S+/(?:bootstrap|\d+): |^(?:Broker|Local): ", "", said)
    return re.sub(r" \(after \d+ms in state [^)]*\)$", "", said)


def _awaken(address: str) -> str:
    """What to do about brokers that do not answer."""
    checked = "check address and security protocol in juncture.toml, and that a broker runs there"
    if all(map(_LOOPBACK.fullmatch, address.split(","))):
        return f"run `juncture local up`, which starts the project's local broker; of another one, {checked}"
    return checked


class NoTopic(Refused):
    """A topic is not there."""


def no_topics(kafka: Kafka, *topics: str) -> NoTopic:
    """The error for topics that are not there."""
    one = len(topics) == 1
    named = ", ".join(f"'{topic}'" for topic in topics)
    # Brokers don't tell one from the other.
    hidden = ", or may not be seen by its user" if kafka.security.mechanism is not None else ""
    return NoTopic(
        f"the {'topic' if one else 'topics'} {named} {'does' if one else 'do'} not exist on the Kafka cluster at"
        f" {kafka.bootstrap_servers}{hidden}",
        remedy=f"create {'it' if one else 'them'}, or correct the name in the table's WITH part",
    )
