"""One Kafka cluster's settings, as Java clients and as librdkafka want them."""

from __future__ import annotations

import logging
from typing import Any

from juncture.model.environment import Kafka

LOG = logging.getLogger("juncture.kafka")
# librdkafka writes to stderr, and Python's last resort does too, unless somebody takes what they say.
LOG.addHandler(logging.NullHandler())

# Flink's SQL connector brings Kafka's client under names of its own, and knows those alone.
_MODULES = "org.apache.flink.kafka.shaded.org.apache.kafka.common.security"
_JAAS_MODULES = {
    "PLAIN": f"{_MODULES}.plain.PlainLoginModule",
    "SCRAM-SHA-256": f"{_MODULES}.scram.ScramLoginModule",
    "SCRAM-SHA-512": f"{_MODULES}.scram.ScramLoginModule",
}
# Java clients' names that librdkafka has too, with the same meaning.
_SHARED = ("client.id", "client.dns.lookup", "security.protocol", "sasl.mechanism", "metadata.max.age.ms")


def java_properties(kafka: Kafka) -> dict[str, str]:
    """The security properties of Flink's Kafka connector, without `bootstrap.servers` and `kafka.properties`.

    Placeholders stay as they are, and a placeholder that is a whole user name or password stands alone
    between the quotes of its JAAS entry, for whoever puts its value in to escape it.
    """
    security = kafka.security
    if security.protocol == "PLAINTEXT":
        return {}
    properties: dict[str, str] = {"security.protocol": security.protocol}
    if security.protocol.startswith("SASL_") and security.mechanism is not None:
        properties["sasl.mechanism"] = security.mechanism
        properties["sasl.jaas.config"] = (
            f"{_JAAS_MODULES[security.mechanism]} required"
            f" username={_jaas_string(security.username)} password={_jaas_string(security.password)};"
        )
    if security.protocol.endswith("SSL") and security.ca_file is not None:
        properties["ssl.truststore.type"] = "PEM"
        properties["ssl.truststore.location"] = security.ca_file
    return properties


def java_client(kafka: Kafka) -> dict[str, str]:
    """All properties of a Java client, for a Kafka whose placeholders were expanded."""
    return {"bootstrap.servers": kafka.bootstrap_servers, **java_properties(kafka), **kafka.properties}


def client_settings(kafka: Kafka) -> dict[str, Any]:
    """What a librdkafka client needs to connect, for a Kafka whose placeholders were expanded.

    Connections are tried again quickly, and a broker that does not answer is given up after seconds.
    """
    security = kafka.security
    settings: dict[str, Any] = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "client.id": "juncture",
        "security.protocol": security.protocol,
        "socket.timeout.ms": 10_000,
        "socket.connection.setup.timeout.ms": 5_000,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1_000,
        "log_level": 4,
        "logger": LOG,
    }
    if security.protocol.startswith("SASL_") and security.mechanism is not None:
        settings |= {
            "sasl.mechanism": security.mechanism,
            "sasl.username": security.username or "",
            "sasl.password": security.password or "",
        }
    if security.protocol.endswith("SSL") and security.ca_file is not None:
        settings["ssl.ca.location"] = security.ca_file
    settings |= {name: kafka.properties[name] for name in _SHARED if name in kafka.properties}
    # The empty string is how a Java client is told not to compare host names.
    if kafka.properties.get("ssl.endpoint.identification.algorithm") == "":
        settings["ssl.endpoint.identification.algorithm"] = "none"
    return settings


def _jaas_string(text: str | None) -> str:
    escaped = (text or "").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
