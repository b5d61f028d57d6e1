"""Brokers that are not there: told in words, within seconds, and without noise."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, suppress

import pytest
from confluent_kafka import KafkaError, KafkaException

from juncture.errors import JunctureError, Unreachable
from juncture.kafka.admin import Admin, outcome
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
    assert nobody.bootstrap_servers in caught.value.problem
    assert "Connection refused" in caught.value.problem
    assert "juncture.toml" in (caught.value.remedy or "")
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


def test_a_client_that_is_late_to_say_that_no_answer_came() -> None:
    with pytest.raises(KafkaException) as caught:
        outcome(Future(), 0.0)
    assert caught.value.args[0].code() == KafkaError._TIMED_OUT
