"""The repository's impression_clicks, with a name, topics and a store of its own for each test."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.environment.toolchain import toolchain_for
from juncture.deploy.starting.submission import Submission
from juncture.deploy.starting.submit import submit
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import Bundle
from juncture.flink.rest import FlinkCluster
from juncture.kafka.admin import Admin
from juncture.kafka.reader import read_topic
from juncture.kafka.writer import Writer
from juncture.model.deployment import Deployment
from juncture.model.environment import Flink, Kafka
from juncture.planner.session import Planner
from juncture.project.loader import load_project
from juncture.render.bundle import bundle
from juncture.render.connectors import LOCAL_BOOTSTRAP
from juncture.render.renderer import render

REPOSITORY = Path(__file__).parents[2]
JOB = "impression_clicks"
TOPICS = ("page-impressions", "page-clicks", "joined-clicks")
START = datetime(2026, 3, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Example:
    """A rendered job, where it goes and where it is recorded. `files` is its bundle."""

    name: str
    files: dict[str, str]
    connection: Connection
    store: Store
    jars: list[Path]

    def topic(self, plain: str) -> str:
        return f"{plain}-{self.name}"

    def create_topics(self, leave_out: str = "") -> None:
        wanted = {self.topic(plain): 4 for plain in TOPICS if plain != leave_out}
        Admin(self.connection.kafka).create(wanted)

    def write(
        self, count: int, first: int = 0, broken: int = 0, impressions: bool = True, clicks: bool = True
    ) -> None:
        """An impression a second, each with a click 5 s later, and records in both topics that break off."""
        with Writer(self.connection.kafka) as writer:
            for number in range(first, first + count):
                moment = START + timedelta(seconds=number)
                impression = {
                    "impression_id": f"i{number}", "member_id": number, "page": "p", "items": "x",
                    "served_at": stamp(moment),
                }  # fmt: skip
                click = {
                    "click_id": f"c{number}", "impression_id": f"i{number}", "target": "t",
                    "clicked_at": stamp(moment + timedelta(seconds=5)),
                }  # fmt: skip
                key = impression["impression_id"].encode()  # type: ignore[attr-defined]
                if impressions:
                    writer.write(self.topic("page-impressions"), json.dumps(impression).encode(), key)
                if clicks:
                    writer.write(self.topic("page-clicks"), json.dumps(click).encode(), key)
            for number in range(broken):
                key = f"b{number}".encode()
                writer.write(self.topic("page-impressions"), b'{"impression_id": "x", "member_id": 1', key)
                writer.write(self.topic("page-clicks"), b'{"click_id": ', key)

    def joined(self) -> list[str]:
        """The click ids of all committed rows, sorted."""
        rows = read_topic(self.connection.kafka, self.topic("joined-clicks"))
        return sorted(json.loads(record.value or b"{}")["click_id"] for record in rows)

    @property
    def bundle(self) -> Bundle:
        return Bundle(self.files, self.jars)

    @property
    def site(self) -> Site:
        """Where it goes, without a planner: to stop it, or to look at what would be done."""
        return Site(self.connection, self.store)

    def telling(self, progress: Callable[[str], None]) -> Site:
        return replace(self.site, progress=progress)

    def submit(
        self,
        planner: Planner,
        progress: Callable[[str], None] = lambda message: None,
        anew: bool = False,
        start_from: str | None = None,
    ) -> Deployment:
        return submit(
            Submission(self.bundle, anew=anew, start_from=start_from), self.site.using(planner, progress)
        )


def example(
    root: Path, name: str, kafka: Kafka, flink: Flink, planner: Planner,
    edit: Callable[[str], str] = lambda job: job,
) -> Example:  # fmt: skip
    """Render the job under a project name of its own; `edit` may change its YAML."""
    for folder in ("sql", "jobs", "templates"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    for path in (root / "sql").rglob("*.sql"):
        text = path.read_text()
        for plain in TOPICS:
            text = text.replace(f"topic='{plain}'", f"topic='{plain}-{name}'")
        path.write_text(text)
    path = root / "jobs" / f"{JOB}.yaml"
    path.write_text(edit(path.read_text().replace("interval: 5 s", "interval: 1 s")))
    config = (REPOSITORY / "juncture.toml").read_text().replace('name = "adstream"', f'name = "{name}"')
    (root / "juncture.toml").write_text(config)

    project = load_project(root)
    rendered = render(project, JOB, project.environments["local"])
    plan = planner.compile(rendered).plan
    assert plan is not None
    toolchain = toolchain_for(rendered, plan)
    variables = {LOCAL_BOOTSTRAP.strip("${}"): kafka.bootstrap_servers}
    return Example(
        name=name,
        files=bundle(rendered, plan, toolchain.pinned, project.template_dirs),
        connection=Connection("local", kafka, flink, variables),
        store=Store(root / "store"),
        jars=[jar.path for jar in toolchain.jars],
    )


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def until(condition: Callable[[], bool], seconds: float = 180) -> None:
    """Wait for it, as long as a slow machine may take; what it costs to ask must not hold back what is waited for."""
    deadline = time.monotonic() + seconds
    while True:
        begun = time.thread_time()
        if condition():
            return
        assert time.monotonic() < deadline, "it did not come so far in time"
        time.sleep(max(0.2, 4 * (time.thread_time() - begun)))


def running(cluster: FlinkCluster, made: Example) -> list[str]:
    return [job.id for job in cluster.jobs() if job.name == f"{made.name}.{JOB}" and not job.ended]
