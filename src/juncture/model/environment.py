"""Where a job runs: addresses, security, store. Secrets stay `${VARIABLE}` until they are used."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from juncture.model.base import Value
from juncture.model.duration import Duration
from juncture.model.kubernetes import Kubernetes
from juncture.model.local import LocalSettings

PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class KafkaSecurity(Value):
    """How clients prove who they are; turned into Java and librdkafka settings by those who need them."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password: str | None = None
    """Write it as `${VARIABLE}`."""
    ca_file: str | None = None
    """A PEM file of authorities, at the same path wherever clients run."""


class Kafka(Value):
    """A Kafka cluster. `properties` go to Flink's connector as they are (Java client names)."""

    bootstrap_servers: str = Field(min_length=1)
    """`host:port`, several with commas."""
    security: KafkaSecurity = KafkaSecurity()
    properties: dict[str, str] = {}
    """Further client settings, by their Java names."""


class Flink(Value):
    """A Flink session cluster by the address of its REST service, for instance 'http://host:8081'."""

    rest: str = Field(pattern=r"^https?://")
    """For instance `http://host:8081`."""
    ca_file: str | None = None
    """A PEM file of authorities, if an `https` address has a certificate that this machine does not trust."""
    headers: dict[str, str] = {}
    """Sent with each request, for instance an `Authorization` with `${VARIABLE}`."""


class Savepoints(Value):
    """Which savepoints of jobs that were stopped are kept. One that is still needed is kept in any case."""

    keep: int = Field(default=10, ge=0, strict=True)
    """So many of each job, the newest."""
    keep_for: Duration = Field(default="7 d", validate_default=True)
    """All that are younger than this."""


class Environment(Value):
    """One `[environments.NAME]` of juncture.toml. Either `local`, or `kafka` with `flink`, `kubernetes` or both."""

    name: str
    local: LocalSettings | None = None
    """The stack of `juncture local up`, with its sizes and ports."""
    kafka: Kafka | None = None
    """A Kafka cluster elsewhere."""
    flink: Flink | None = None
    """A Flink session cluster elsewhere."""
    kubernetes: Kubernetes | None = None
    """Kubernetes, with Flink's operator."""
    store: str | None = None
    """Where deployments are recorded: a folder, or any address that fsspec knows; `s3://` with `juncture[s3]`."""
    savepoints: Savepoints = Savepoints()
    """Which savepoints are kept; the others are removed when a job was stopped or upgraded."""
    vars: dict[str, Any] = {}
    """Values of `var('...')` in this environment."""

    @property
    def is_local(self) -> bool:
        return self.local is not None
