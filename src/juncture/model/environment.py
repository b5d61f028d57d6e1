"""Where a job runs: addresses, security, store. Secrets stay `${VARIABLE}` until they are used."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from juncture.model.base import Value
from juncture.model.duration import Duration
from juncture.model.kubernetes import Kubernetes
from juncture.model.local import LocalSettings

CURRENCY = r"^[A-Z]{3}$"
_ADDRESS = re.compile(
    r"https?://(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#:\[\]]+)(?::(?P<port>[0-9]{1,5}))?(?:/[^\s?#]*)?"
)
_LAST_PORT = 65535
PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

_PRICE: Any = Field(default=0, ge=0, le=1_000_000, allow_inf_nan=False, strict=True)


class KafkaSecurity(Value):
    """How clients prove who they are; turned into Java and librdkafka settings by those who need them."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password: str | None = None
    """Write it as `${VARIABLE}`."""
    ca_file: str | None = None
    """A PEM file of authorities, at the same path wherever clients run."""

    @model_validator(mode="after")
    def _logs_in(self) -> KafkaSecurity:
        if self.mechanism is not None and not self.protocol.startswith("SASL_"):
            raise ValueError(
                f"with the protocol {self.protocol} nobody logs in by {self.mechanism}; write protocol = 'SASL_SSL', or"
                " 'SASL_PLAINTEXT' where there is no TLS"
            )
        return self


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

    @field_validator("rest")
    @classmethod
    def _an_address(cls, rest: str) -> str:
        """Without a login, which would be recorded with each deployment, and without what a browser shows behind it."""
        if "@" in rest.split("://", 1)[1].split("/", 1)[0]:
            raise ValueError(
                'it holds a login; write flink.headers = { Authorization = "Basic ${VARIABLE}" }, and set that variable'
                " where the command runs"
            )
        # A variable may be a port.
        match = _ADDRESS.fullmatch(PLACEHOLDER.sub("1", rest))
        if match is None or not 0 < int(match["port"] or 1) <= _LAST_PORT:
            raise ValueError(f"'{rest}' is not an address; write for instance 'http://host:8081'")
        return rest


class Savepoints(Value):
    """Which savepoints of jobs that were stopped are kept. One that is still needed is kept in any case."""

    keep: int = Field(default=10, ge=0, strict=True)
    """So many of each job, the newest."""
    keep_for: Duration = Field(default="7 d", validate_default=True)
    """All that are younger than this."""


class Headroom(Value):
    """What is to be left over, by which `juncture capacity` judges."""

    working: float = Field(default=0.7, gt=0, le=1, strict=True)
    """The share of its time that a subtask may work at the peak."""
    heap: float = Field(default=0.5, gt=0, le=1, strict=True)
    """The share of Java's heap that state may take."""
    peak: float = Field(default=1.5, ge=1, allow_inf_nan=False, strict=True)
    """How many times its mean the busiest hour may have for a moment."""
    outage: Duration = Field(default="12 h", validate_default=True)
    """The longest after which a job shall find its records still in the topics."""


USUAL = Headroom()


class Prices(Value):
    """What is paid, in one currency. What has no price costs nothing."""

    currency: str = Field(pattern=CURRENCY)
    """Three capital letters: `EUR`. With prices, `juncture capacity` tells what a job costs a month."""
    core_hour: float = _PRICE
    """Of a core for an hour."""
    memory_gib_hour: float = _PRICE
    """Of a GiB of memory for an hour."""
    disk_gib_month: float = _PRICE
    """Of a GiB for a month, on local disks and where checkpoints lie."""
    network_gib: float = _PRICE
    """Of a GiB that is read from Kafka or written to it."""

    @model_validator(mode="after")
    def _some(self) -> Prices:
        if not (self.core_hour or self.memory_gib_hour or self.disk_gib_month or self.network_gib):
            raise ValueError("there is no price; write one, such as core_hour = 0.04, or take the table away")
        return self


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
    headroom: Headroom = USUAL
    """What is to be left over; defaults are meant for jobs that must keep up."""
    prices: Prices | None = None
    """What cores, memory, disks and network cost there; without, no cost is told."""
    vars: dict[str, Any] = {}
    """Values of `var('...')` in this environment."""

    @property
    def is_local(self) -> bool:
        return self.local is not None
