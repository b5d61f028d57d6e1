"""Before the cluster tests: record the classes of a stack and a planner, unless that was done on this machine.

`python -m tests.cluster.record`. The tests start dozens of each: a JobManager and a TaskManager take 4.6 s of CPU so,
and 7 s without.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from click.testing import CliRunner

from juncture.cli.main import main
from juncture.deploy.environment.toolchain import find_toolchain
from juncture.local.broker import ROLE as KAFKA
from juncture.local.classes import Classes
from juncture.local.cluster import JOBMANAGER, TASKMANAGER, flink_home
from juncture.local.jars import JarCache
from juncture.local.java import find_java

REPOSITORY = Path(__file__).parents[2]
JOB = "impression_clicks"


def are_recorded() -> bool:
    """Whether those of all four programs are there."""
    cache = JarCache()
    classes = Classes(cache.root / "classes", find_java(), records=False)
    flink = sorted((flink_home() / "lib").glob("*.jar"))
    programs = {KAFKA: cache.paths("kafka-broker"), JOBMANAGER: flink, TASKMANAGER: flink}
    libraries = {JOBMANAGER: cache.paths("kafka-connector"), TASKMANAGER: cache.paths("kafka-connector")}
    try:
        found = [
            classes.mapped(program, jars, libraries.get(program, ())) for program, jars in programs.items()
        ]
    except OSError:
        return False  # jars are not here yet
    return all(found) and find_toolchain([]).archive.find() is not None


def record() -> None:
    """Let one job run from its start to its savepoint; each process writes down what it used as it ends."""
    os.environ["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1"
    with TemporaryDirectory() as folder:

        def juncture(*command: str) -> None:
            ran = CliRunner().invoke(main, ["--project", folder, *command])
            if ran.exit_code:
                sys.exit(ran.output)

        for name in ("sql", "jobs", "templates"):
            shutil.copytree(REPOSITORY / name, Path(folder, name))
        shutil.copy(REPOSITORY / "juncture.toml", folder)
        try:
            juncture("local", "up")
            juncture("sample", JOB, "--events", "1000")
            juncture("submit", JOB)
            juncture("stop", JOB)
        finally:
            juncture("local", "down", "--purge")


if __name__ == "__main__" and not are_recorded():
    print("Recording classes, once for this machine and virtual environment", file=sys.stderr)
    record()
