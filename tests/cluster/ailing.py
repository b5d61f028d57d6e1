"""Small joins that are made ill on purpose, on the shared broker and cluster, and diagnosed from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Event, Thread
from typing import Any

from click.testing import CliRunner
from tests.cluster.conftest import Stack
from tests.cluster.example import stamp, until

from juncture.cli.main import main
from juncture.deploy.environment.connection import connect, open_store
from juncture.deploy.environment.site import Site
from juncture.deploy.environment.toolchain import toolchain_for
from juncture.deploy.starting.submission import Submission
from juncture.deploy.starting.submit import submit
from juncture.deploy.store.manifest import Bundle
from juncture.flink.rest import FlinkCluster
from juncture.kafka.admin import Admin
from juncture.kafka.writer import Writer
from juncture.planner.session import Planner
from juncture.project.loader import load_project
from juncture.render.bundle import bundle
from juncture.render.renderer import render

JOB = "matches"
START = datetime(2026, 3, 1, tzinfo=timezone.utc)

_SOURCE = """\
CREATE TABLE {side} (
    k STRING,
    n BIGINT,
    pad STRING,
    t TIMESTAMP_LTZ(3),
    WATERMARK FOR t AS t - INTERVAL '5' SECOND
) {{{{ kafka(topic='{side}-{name}'{more}) }}}}
"""
_SINK = """\
CREATE TABLE matches (
    k STRING,
    n BIGINT,
    m BIGINT,
    pad STRING,
    other STRING,
    t TIMESTAMP_LTZ(3)
) {{{{ kafka(topic='out-{name}'{more}) }}}}
"""
WITHIN = "r.t BETWEEN l.t AND l.t + INTERVAL '10' SECOND"
IDLE = ", idle_timeout='10 s'"
PLACE = "sql/joins/matches.sql:3:1"
"""Where the JOIN stands."""


COLUMNS = "l.k, l.n, r.n AS m, l.pad, r.pad AS other, l.t"


def query(on: str = WITHIN, select: str = COLUMNS) -> str:
    return (
        f"SELECT {select}\n"
        "FROM {{ source('l') }} AS l\n"
        "JOIN {{ source('r') }} AS r\n"
        f"    ON r.k = l.k AND {on}\n"
    )


class Ailing:
    """A join of topics l and r by k within 10 s of event time, with what makes it ill.

    Args:
        on: the join's condition beside the key.
        select: its columns.
        job: further lines of the job's file.
        source, sink: further arguments of their macros.
        partitions: of l, r and the sink's topic.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        stack: Stack,
        planner: Planner,
        *,
        on: str = WITHIN,
        select: str = COLUMNS,
        job: str = "",
        source: str = IDLE,
        sink: str = "",
        partitions: int = 4,
    ) -> None:
        self.root, self.name, self.kafka = root, name, stack.kafka
        self._writer = Writer(stack.kafka)
        files = {
            "juncture.toml": f'[project]\nname = "{name}"\ndefault_environment = "shared"\n'
            f'[environments.shared]\nstore = "{root / "store"}"\n'
            f'kafka.bootstrap_servers = "{stack.kafka.bootstrap_servers}"\nflink.rest = "{stack.flink.rest}"\n',
            "sql/sources/l.sql": _SOURCE.format(side="l", name=name, more=source),
            "sql/sources/r.sql": _SOURCE.format(side="r", name=name, more=source),
            "sql/sinks/matches.sql": _SINK.format(name=name, more=sink),
            "sql/joins/matches.sql": query(on, select),
            f"jobs/{JOB}.yaml": "join: matches\nsink: matches\ndelivery: at-least-once\n"
            f"checkpointing: {{interval: 1 s}}\n{job}",
        }
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        # Records of the past would be removed at once.
        Admin(stack.kafka).create(
            {f"{side}-{name}": partitions for side in ("l", "r", "out")}, config={"retention.ms": "-1"}
        )
        project = load_project(root)
        environment = project.environments["shared"]
        rendered = render(project, JOB, environment)
        compiled = planner.compile(rendered)
        plan = compiled.plan
        assert plan is not None, compiled.error
        toolchain = toolchain_for(rendered, plan)
        self.files = bundle(rendered, plan, toolchain.pinned, project.template_dirs)
        self.connection = connect(root, environment)
        self.site = Site(self.connection, open_store(root, environment), planner)
        self._start = lambda: submit(Submission(Bundle(self.files, list(toolchain.paths))), self.site)
        self.flink_job = ""

    def start(self) -> None:
        """Submit the job, and return when its tasks run."""
        self.flink_job = self._start().flink_job_id

    def write(
        self,
        rows: Iterable[tuple[str, int, float]],
        sides: str = "lr",
        partition: int | None = None,
        pad: Callable[[int], str] = lambda number: "x",
        as_it_was: bool = False,
    ) -> None:
        """Rows of both sides: key, number, seconds of event time after the start.

        `as_it_was`: the records' own timestamps are the event times, as if they had been written then.
        """
        for key, number, seconds in rows:
            moment = START + timedelta(seconds=seconds)
            row = {"k": key, "n": number, "pad": pad(number), "t": stamp(moment)}
            written = int(moment.timestamp() * 1000) if as_it_was else None
            value = json.dumps(row).encode()
            for side in sides:
                topic = f"{side}-{self.name}"
                self._writer.write(topic, value, key.encode(), timestamp=written, partition=partition)
        self._writer.flush()

    def write_raw(self, side: str, value: bytes, times: int = 1) -> None:
        for _ in range(times):
            self._writer.write(f"{side}-{self.name}", value)
        self._writer.flush()

    @contextmanager
    def records(
        self, rows: Callable[[int], Iterable[tuple[str, int, float]]], sides: str = "lr"
    ) -> Iterator[None]:
        """Inside, rows come all the time: those of the first, second, third tenth of a second, and so on."""
        done = Event()

        def produce() -> None:
            tenth = 0
            while not done.wait(0.1):
                self.write(rows(tenth), sides)
                tenth += 1

        thread = Thread(target=produce)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def diagnose(self, seconds: int = 3, *more: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the report; `more` are further arguments."""
        arguments = [
            "--project",
            str(self.root),
            "--output",
            "json",
            "diagnose",
            JOB,
            "--during",
            f"{seconds} s",
            *more,
        ]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code in (0, 1), result.stderr
        return result.exit_code, json.loads(result.stdout)

    def first(self, seconds: int = 3) -> Mapping[str, Any]:
        """The finding that is ranked first."""
        code, report = self.diagnose(seconds)
        assert code == 1, report["observation"]
        first: Mapping[str, Any] = report["findings"][0]
        return first

    def read(self, cluster: FlinkCluster) -> int:
        """Records that the sources have fetched."""
        return sum(source["read"] for source in self.status()["sources"])

    def behind(self, cluster: FlinkCluster) -> int | None:
        """Records that are in the topics and not fetched; None where it is not known yet."""
        known = [source["behind"] for source in self.status()["sources"]]
        return None if None in known or not known else sum(known)

    def status(self) -> dict[str, Any]:
        arguments = ["--project", str(self.root), "--output", "json", "status", JOB]
        found: dict[str, Any] = json.loads(CliRunner().invoke(main, arguments).stdout)["jobs"][0]
        return found

    def caught_up(self, cluster: FlinkCluster, written: int) -> None:
        """Wait until so many records were read, and none is left."""
        until(lambda: self.read(cluster) >= written and self.behind(cluster) == 0)
