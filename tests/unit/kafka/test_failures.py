"""Brokers that are not there: told in words, within seconds, and without noise."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, suppress

import pytest
from confluent_kafka import KafkaError, KafkaException

from juncture.errors import JunctureError, Refused, Unreachable
from juncture.kafka.admin import Admin, outcome
from juncture.kafka.failures import failure
from juncture.kafka.reader import read_topic
from juncture.kafka.writer import Writer
from juncture.model.environment import Kafka, KafkaSecurity


@pytest.fixture
def nobody() -> Iterator[Kafka]:
    """An address where nothing listens, and nothing can while the test runs."""
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        yield Kafka(bootstrap_servers=f"127.0.0.1:{held.getsockname()[1]}")


@pytest.fixture
def mute() -> Iterator[Kafka]:
    """Something listens, and never says a word."""
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield Kafka(bootstrap_servers=f"127.0.0.1:{held.getsockname()[1]}")


def test_a_broker_that_is_down(nobody: Kafka, capfd: pytest.CaptureFixture[str]) -> None:
    start = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        Admin(nobody, timeout=1).partitions()
    assert time.monotonic() - start < 4
    told = f"the Kafka brokers at {nobody.bootstrap_servers} do not answer: nothing listens there"
    assert caught.value.problem == told
    assert (caught.value.remedy or "").startswith(
        "run `juncture local up`, which starts the project's local broker;"
    )
    assert capfd.readouterr().err == ""


def test_a_broker_that_does_not_answer(mute: Kafka) -> None:
    with pytest.raises(Unreachable, match="do not answer"):
        Admin(mute, timeout=1).partitions()


def test_reading_from_a_broker_that_is_down(nobody: Kafka) -> None:
    with pytest.raises(Unreachable, match="do not answer"):
        next(read_topic(nobody, "clicks", timeout=1))


def test_a_record_that_nobody_took_is_told(nobody: Kafka) -> None:
    writer = Writer(nobody, delivery_timeout=1)
    writer.write("clicks", b"{}")
    writer.write("clicks", b"{}")
    with pytest.raises(Unreachable) as caught:
        writer.flush()
    assert caught.value.state == "of 2 records 2 were not delivered"


def test_leaving_a_writer_by_an_error_does_not_wait_for_records(nobody: Kafka) -> None:
    start = time.monotonic()
    with suppress(ZeroDivisionError), Writer(nobody) as writer:
        writer.write("clicks", b"{}")
        raise ZeroDivisionError
    assert time.monotonic() - start < 2


def test_settings_that_librdkafka_refuses_name_the_place_to_correct() -> None:
    security = KafkaSecurity(protocol="SSL", ca_file="/no/such/ca.pem")
    with pytest.raises(JunctureError) as caught:
        Admin(Kafka(bootstrap_servers="k:9092", security=security))
    assert "ssl.ca.location" in caught.value.problem
    assert "juncture.toml" in (caught.value.remedy or "")


def test_no_password_in_an_error(mute: Kafka) -> None:
    login = {"protocol": "SASL_PLAINTEXT", "mechanism": "PLAIN", "username": "ads", "password": "hunter22"}
    security = KafkaSecurity.model_validate(login)
    with pytest.raises(Unreachable) as caught:
        Admin(mute.model_copy(update={"security": security}), timeout=1).partitions()
    assert "hunter22" not in f"{caught.value!r} {caught.value.state} {caught.value.remedy}"


REFUSED = (
    "k:9092/bootstrap: Connect to ipv4#10.1.2.3:9092 failed: Connection refused (after 0ms in state CONNECT)"
)


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (KafkaError._TRANSPORT, REFUSED, "do not answer: nothing listens there"),
        (KafkaError._ALL_BROKERS_DOWN, "0/2 brokers are down", "they take connections, and answer nothing"),
        (KafkaError._ALL_BROKERS_DOWN, None, "they take connections, and answer nothing"),
        (
            KafkaError._TIMED_OUT,
            "Failed while waiting for controller: Local: Timed out",
            "nothing came back in time",
        ),
        (
            KafkaError._RESOLVE,
            "k:9092/bootstrap: Failed to resolve 'k:9092': Name or service not known (after 1ms in state CONNECT)",
            "no address is known for that name",
        ),
        (
            KafkaError._TRANSPORT,
            "k:9092/1: Connection setup timed out in state CONNECT",
            "no connection comes about",
        ),
        (
            KafkaError._TRANSPORT,
            "ssl://k:9092/bootstrap: SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?"
            " (after 0ms in state SSL_HANDSHAKE)",
            "as brokers without TLS do",
        ),
        (
            KafkaError._AUTHENTICATION,
            "sasl_ssl://k:9092/bootstrap: SASL authentication error: Invalid password (after 3ms in state AUTH_REQ)",
            "refused the login: SASL authentication error: Invalid password$",
        ),
        (
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            None,
            r"does not allow it \(Topic authorization failed\)",
        ),
    ],
)
def test_what_librdkafka_says_is_put_in_plain_words(code: int, said: str | None, told: str) -> None:
    error = failure(Kafka(bootstrap_servers="k:9092"), "list the topics", KafkaError(code, said))
    assert re.search(told, error.problem), error.problem
    assert "/bootstrap" not in error.problem
    assert "juncture local up" not in (error.remedy or "")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (KafkaError.INVALID_REPLICATION_FACTOR, "Replication factor: 3 larger than available brokers: 1."),
        (KafkaError.POLICY_VIOLATION, "Topic replication factor must be 3"),
        (KafkaError.UNSUPPORTED_VERSION, None),
        (KafkaError._UNSUPPORTED_FEATURE, None),
        (KafkaError.INVALID_REQUEST, None),
    ],
)
def test_what_a_cluster_does_not_take_is_its_answer(code: int, said: str | None) -> None:
    error = failure(Kafka(bootstrap_servers="k:9092"), "create the topic 'o'", KafkaError(code, said))
    assert isinstance(error, Refused)
    assert error.problem.startswith(
        "could not create the topic 'o': the Kafka cluster at k:9092 does not take that ("
    )
    assert said is None or said in error.problem
    assert "run the command again" not in (error.remedy or "")


def test_any_other_error_may_pass() -> None:
    error = failure(Kafka(bootstrap_servers="k:9092"), "list the topics", KafkaError(KafkaError.UNKNOWN))
    assert isinstance(error, Unreachable)


def test_a_client_that_is_late_to_say_that_no_answer_came() -> None:
    with pytest.raises(KafkaException) as caught:
        outcome(Future(), 0.0)
    assert caught.value.args[0].code() == KafkaError._TIMED_OUT
