"""A KRaft Kafka broker, broker and controller in one process, on the loopback interface."""

from __future__ import annotations

import base64
import logging
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from juncture.local.classes import Classes, Recording
from juncture.local.formatted import Formatted
from juncture.local.java import Java
from juncture.local.log4j import LOG_FILE, log4j_properties
from juncture.local.processes import Launch
from juncture.local.state import HOST, Ports, StateFolder
from juncture.model.local import LocalSettings

ROLE = "kafka"

_FOREVER = 2**63 - 1
_OF_ONE_START = frozenset(("listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs"))
"""What each start has values of its own for, and an empty data folder does not depend on."""


class Broker:
    """Its files and its command lines; it starts nothing by itself."""

    def __init__(
        self,
        folder: StateFolder,
        settings: LocalSettings,
        ports: Ports,
        java: Java,
        jars: list[Path],
        classes: Classes,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._ports = ports
        self._java = java
        self._jars = jars
        self._classes = classes
        self._conf = folder.conf / "kafka"
        self._data = folder.data / "kafka"
        self._formatted = folder.data / "kafka.formatted"

    def prepare(self) -> None:
        """Write the configuration; drop a data folder whose formatting was interrupted."""
        self._conf.mkdir(parents=True, exist_ok=True)
        lines = [f"{key}={_escaped(value)}" for key, value in self.properties().items()]
        self._properties_file.write_text("\n".join(lines) + "\n", encoding="ascii")
        (self._conf / "log4j2.properties").write_text(
            log4j_properties("warn", {"kafka.server": "info"}), encoding="utf-8"
        )
        if not self._formatted.exists():
            shutil.rmtree(self._data, ignore_errors=True)

    @property
    def needs_format(self) -> bool:
        return not self._formatted.exists()

    def format(self) -> Launch:
        """The command that prepares an empty data folder; call `formatted` when it has succeeded."""
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # The tool would read an id with a leading dash as an option.
        cluster_id = "J" + cluster_id[1:]
        return self._launch(
            "kafka-format",
            ("-Xmx128m", "-XX:TieredStopAtLevel=1", *self._classes.mapped(ROLE, self._jars)),
            ("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self._properties_file)),
        )

    def formatted(self) -> None:
        self._formatted.touch()

    def restore(self, root: Path) -> bool:
        """Prepare it as the command did for a broker before, whose files were kept under `root`; False without any."""
        return self._kept(root).put(self._data)

    def keep(self, root: Path) -> None:
        """Keep under `root` what the command has prepared."""
        self._kept(root).keep(self._data)

    def _kept(self, root: Path) -> Formatted:
        told = {key: value for key, value in self.properties().items() if key not in _OF_ONE_START}
        return Formatted(root, self._jars, told)

    def launch(self) -> Launch:
        heap = f"-Xmx{self._settings.broker_heap}"
        classes, recording = self._classes.of(ROLE, self._jars)
        options = (heap, "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError", *classes)
        return self._launch(ROLE, options, ("kafka.Kafka", str(self._properties_file)), recording)

    def probe(self) -> Callable[[], bool]:
        """A condition: the broker answers a metadata request and knows itself."""
        quiet = logging.getLogger("juncture.local.broker.probe")
        quiet.disabled = True
        client = AdminClient(
            {
                "bootstrap.servers": f"{HOST}:{self._ports.kafka}",
                "reconnect.backoff.ms": 50,
                "reconnect.backoff.max.ms": 200,
                "socket.timeout.ms": 2000,
                "log_level": 0,
            },
            logger=quiet,
        )

        def answers() -> bool:
            try:
                return bool(client.list_topics(timeout=1).brokers)
            except KafkaException:
                return False

        return answers

    def properties(self) -> dict[str, str]:
        """The broker's configuration."""
        kafka = f"PLAINTEXT://{HOST}:{self._ports.kafka}"
        controller = f"{HOST}:{self._ports.controller}"
        one_replica = {
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 8,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 8,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "share.coordinator.state.topic.num.partitions": 8,
            "min.insync.replicas": 1,
        }
        # Events of tests and demos carry timestamps of long ago, or ahead of the clock.
        any_timestamp = {
            "log.retention.ms": -1,
            "log.message.timestamp.before.max.ms": _FOREVER,
            "log.message.timestamp.after.max.ms": _FOREVER,
        }
        values: dict[str, str | int] = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"{kafka},CONTROLLER://{controller}",
            "advertised.listeners": kafka,
            # From where it is started: the path of a project may have a comma, which parts two of them.
            "log.dirs": os.path.relpath(self._data, self._folder.tmp),
            "auto.create.topics.enable": "false",
            # A killed broker is refused under its id until its session has ended: 9 s by default.
            "broker.session.timeout.ms": 4000,
            "broker.heartbeat.interval.ms": 1000,
            "group.initial.rebalance.delay.ms": 0,
            "transaction.max.timeout.ms": 15 * 60 * 1000,
            # The default of 128 MiB would take a quarter of the heap before the first record.
            "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
            **one_replica,
            **any_timestamp,
        }
        return {key: str(value) for key, value in values.items()}

    @property
    def _properties_file(self) -> Path:
        return self._conf / "server.properties"

    def _launch(
        self, role: str, options: tuple[str, ...], main: tuple[str, ...], recording: Recording | None = None
    ) -> Launch:
        logs = self._folder.logs
        log = logs / f"{role}.log"
        argv = (
            str(self._java.executable),
            *self._java.options,
            *options,
            self._folder.marker,
            f"-D{LOG_FILE}={log}",
            f"-Dlog4j2.configurationFile={(self._conf / 'log4j2.properties').as_uri()}",
            f"-Djava.io.tmpdir={self._folder.tmp}",
            f"-XX:ErrorFile={logs / f'{role}-crash.log'}",
            "-XX:-UsePerfData",
            "-Djava.awt.headless=true",
            "-cp",
            ":".join(map(str, self._jars)),
            *main,
        )
        out = logs / f"{role}.out"
        return Launch(role, argv, cwd=self._folder.tmp, out=out, log=log, recording=recording)


def _escaped(value: str) -> str:
    """A value as Java reads it in a file of properties: in Latin-1, with escapes."""
    units = value.encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    return "".join(
        chr(code) if 0x20 <= code < 0x7F and code != ord("\\") else f"\\u{code:04x}" for code in codes
    )
