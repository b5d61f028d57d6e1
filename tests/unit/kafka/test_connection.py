"""One Kafka cluster's settings, for Java and for librdkafka."""

from __future__ import annotations

import pytest

from juncture.kafka.connection import client_settings, java_properties
from juncture.model.environment import Kafka, KafkaSecurity


def kafka(**security: object) -> Kafka:
    return Kafka(bootstrap_servers="k:9092", security=KafkaSecurity.model_validate(security))


SCRAM = {"protocol": "SASL_SSL", "mechanism": "SCRAM-SHA-512", "username": "ads", "password": "${PW}"}


def test_a_plain_cluster_needs_no_java_properties() -> None:
    assert java_properties(kafka()) == {}


def test_scram_becomes_a_jaas_entry_whose_placeholder_stands_alone_between_quotes() -> None:
    assert java_properties(kafka(**SCRAM, ca_file="/etc/ca.pem")) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": "org.apache.flink.kafka.shaded.org.apache.kafka.common.security.scram.ScramLoginModule"
        " required"
        ' username="ads" password="${PW}";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "/etc/ca.pem",
    }


def test_what_ends_a_jaas_string_is_escaped() -> None:
    login = {"protocol": "SASL_PLAINTEXT", "mechanism": "PLAIN", "username": 'a"b', "password": "c\\d;"}
    properties = java_properties(kafka(**login))
    assert properties["sasl.jaas.config"].endswith(r'username="a\"b" password="c\\d;";')
    assert "PlainLoginModule" in properties["sasl.jaas.config"]


def test_tls_without_a_login() -> None:
    assert java_properties(kafka(protocol="SSL")) == {"security.protocol": "SSL"}


def test_librdkafka_gets_the_same_in_its_own_names() -> None:
    settings = client_settings(kafka(**{**SCRAM, "password": "p,w"}, ca_file="/etc/ca.pem"))
    wanted = {
        "bootstrap.servers": "k:9092",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "ads",
        "sasl.password": "p,w",
        "ssl.ca.location": "/etc/ca.pem",
    }
    assert {name: settings[name] for name in wanted} == wanted


def test_a_java_property_that_librdkafka_knows_too_is_passed_on() -> None:
    found = client_settings(
        Kafka(
            bootstrap_servers="k:9092",
            properties={
                "client.id": "ours",
                "ssl.endpoint.identification.algorithm": "",
                "max.poll.records": "5",
            },
        )
    )
    assert found["client.id"] == "ours"
    assert found["ssl.endpoint.identification.algorithm"] == "none"
    assert "max.poll.records" not in found


def test_librdkafka_takes_every_setting(capfd: pytest.CaptureFixture[str]) -> None:
    from confluent_kafka import Consumer

    for each in (kafka(), kafka(**SCRAM), kafka(protocol="SSL")):
        Consumer({**client_settings(each), "group.id": "g"}).close()
    assert capfd.readouterr().err == ""
