"""A Flink session cluster from the apache-flink wheel, on the loopback interface."""

from __future__ import annotations

import importlib.util
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
from ruamel.yaml import YAML

from juncture.errors import JunctureError
from juncture.local.classes import Classes, Recording
from juncture.local.failures import failed_start
from juncture.local.java import Java
from juncture.local.log4j import LOG_FILE, log4j_properties
from juncture.local.memory import Divided, MemorySizes
from juncture.local.processes import Launch
from juncture.local.state import HOST, Ports, StateFolder
from juncture.model.local import LocalSettings

JOBMANAGER = "jobmanager"
TASKMANAGER = "taskmanager"

_JOBMANAGER_CLASS = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
_TASKMANAGER_CLASS = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
_UTILITIES_CLASS = "org.apache.flink.runtime.util.bash.BashJavaUtils"
_OF_ONE_START = frozenset(
    (
        *("jobmanager.rpc.port", "rest.port", "rest.bind-port", "io.tmp.dirs", "web.tmpdir"),
        *("execution.checkpointing.dir", "execution.checkpointing.savepoint-dir"),
    )
)
_OF_OTHERS = ("metrics.reporter.", "s3.")
"""Options that each start has values of its own for, and what the options begin with that name other processes, at
addresses of their own: memory does not depend on any of them."""
_SEPARATORS = (",", ":")
"""At which Flink splits io.tmp.dirs; there is no way to write one that is meant."""
_RESULT = "BASH_JAVA_UTILS_EXEC_RESULT:"


def require_one_path(folder: Path) -> None:
    """Raises JunctureError for a folder that Flink would take for several, as a list of them is what it is told."""
    found = [each for each in _SEPARATORS if each in str(folder)]
    if found:
        told = " and ".join(f"'{each}'" for each in found)
        raise JunctureError(
            f"a local Flink can't have its files in {folder}: it would take the path for several, split at {told}",
            state="nothing was started",
            remedy=f"move the project to a path without {told}",
        )


def flink_home() -> Path:
    """The folder of the wheel that holds lib/, bin/ and conf/. Raises JunctureError without the wheel."""
    # Found, not imported: importing pyflink takes a second and loads Py4J.
    spec = importlib.util.find_spec("pyflink")
    if spec is None or not spec.submodule_search_locations:
        raise JunctureError("apache-flink is not installed", remedy="pip install apache-flink==2.3.0")
    return Path(next(iter(spec.submodule_search_locations)))


def taskmanager_role(number: int) -> str:
    """The role of the n-th TaskManager, counted from 1."""
    return f"{TASKMANAGER}-{number}"


class Cluster:
    """Its files, its command lines and its REST overview; it starts nothing by itself.

    `libraries` are jars that jobs find on the cluster, and need not bring along; `options` are Flink's, and win.
    """

    def __init__(
        self,
        folder: StateFolder,
        settings: LocalSettings,
        ports: Ports,
        java: Java,
        classes: Classes,
        libraries: Sequence[Path] = (),
        options: Mapping[str, str] | None = None,
    ) -> None:
        self._libraries = libraries
        self._options = dict(options or {})
        self._folder = folder
        self._settings = settings
        self._ports = ports
        self._java = java
        self._classes = classes
        self._home = flink_home()
        self._conf = folder.conf / "flink"

    def prepare(self) -> None:
        """Write the configuration."""
        self._conf.mkdir(parents=True, exist_ok=True)
        data = self._folder.data / "flink"
        for name in ("checkpoints", "savepoints"):
            (data / name).mkdir(parents=True, exist_ok=True)
        lines = [f"{key}: {json.dumps(value)}" for key, value in self.configuration().items()]
        (self._conf / "config.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (self._conf / "log4j.properties").write_text(
            log4j_properties("info", {"org.apache.pekko": "warn", "org.apache.kafka": "warn"}),
            encoding="utf-8",
        )

    def memory(self, role: str) -> Launch:
        """The command that makes Flink divide a process' memory; `parse_memory` reads what it prints."""
        command = "GET_JM_RESOURCE_PARAMS" if role == JOBMANAGER else "GET_TM_RESOURCE_PARAMS"
        name = f"{role}-memory"
        options = ("-Xmx64m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
        return self._launch(name, options, self._memory_jars, (_UTILITIES_CLASS, command))

    def memory_sizes(self, root: Path) -> MemorySizes:
        """What that command answered in starts before, which are kept in a folder."""
        told = {
            key: value
            for key, value in self.configuration().items()
            if key not in _OF_ONE_START and not key.startswith(_OF_OTHERS)
        }
        return MemorySizes(root, self._memory_jars, told)

    def jobmanager(self, memory: Divided) -> Launch:
        """Flink's JobManager, given what `parse_memory` returned."""
        jvm, dynamic = memory
        classes, recording = self._classes.of(JOBMANAGER, self._own_jars, self._libraries)
        options = (*jvm, "-XX:+UseSerialGC", *classes, *self._module_options())
        return self._launch(JOBMANAGER, options, self._jars, (_JOBMANAGER_CLASS,), dynamic, recording)

    def taskmanager(self, number: int, memory: Divided) -> tuple[Launch, str]:
        """The n-th TaskManager, and the id under which it will register."""
        jvm, dynamic = memory
        role = taskmanager_role(number)
        # New at each start: the JobManager may still count the one that was killed.
        resource = f"{role}-{uuid.uuid4().hex[:6]}"
        classes, recording = self._classes.of(TASKMANAGER, self._own_jars, self._libraries)
        options = (*jvm, "-XX:+UseG1GC", *classes, *self._module_options())
        arguments = [*dynamic, "-D", f"taskmanager.resource-id={resource}"]
        main = (_TASKMANAGER_CLASS,)
        return self._launch(role, options, self._jars, main, arguments, recording), resource

    @contextmanager
    def probe(self, resources: set[str]) -> Iterator[Callable[[], bool]]:
        """A condition: REST answers, and these TaskManagers have registered with their slots."""
        with httpx2.Client(
            base_url=f"http://{HOST}:{self._ports.rest}", trust_env=False, verify=False, timeout=2
        ) as client:

            def registered() -> bool:
                try:
                    workers = client.get("/taskmanagers").raise_for_status().json()["taskmanagers"]
                    found = {each["id"]: each["slotsNumber"] for each in workers}
                except (httpx2.HTTPError, ValueError, KeyError):
                    return False
                return all(found.get(resource) == self._settings.slots for resource in resources)

            yield registered

    def configuration(self) -> dict[str, str | int | bool]:
        """The cluster's config.yaml, with flat keys."""
        data = self._folder.data / "flink"
        return {
            "jobmanager.rpc.address": HOST,
            "jobmanager.rpc.port": self._ports.rpc,
            "jobmanager.bind-host": HOST,
            "jobmanager.memory.process.size": self._settings.jobmanager_memory,
            "rest.address": HOST,
            "rest.bind-address": HOST,
            "rest.port": self._ports.rest,
            "rest.bind-port": str(self._ports.rest),
            "rest.flamegraph.enabled": True,
            "taskmanager.host": HOST,
            "taskmanager.bind-host": HOST,
            "taskmanager.numberOfTaskSlots": self._settings.slots,
            "taskmanager.memory.process.size": self._settings.taskmanager_memory,
            # A session cluster loads the connector's and the generated classes anew for each job.
            "taskmanager.memory.jvm-metaspace.size": "384m",
            "execution.checkpointing.dir": f"file://{data / 'checkpoints'}",
            "execution.checkpointing.savepoint-dir": f"file://{data / 'savepoints'}",
            "io.tmp.dirs": str(self._folder.tmp),
            "web.tmpdir": str(self._folder.tmp),
            "classloader.check-leaked-classloader": False,
            # Progress that is shown, and waited for, comes from these: by default they are 10 s and 3 s old.
            "metrics.fetcher.update-interval": "50 ms",
            "web.refresh-interval": "100 ms",
            # A job gets its slots at once: there is nobody to share a round of requests with.
            "slot.request.max-interval": "0 ms",
            "slotmanager.requirement-check.delay": "0 ms",
            # A killed TaskManager is noticed in seconds, a machine that pauses is not mistaken for one.
            "heartbeat.interval": "3 s",
            "heartbeat.timeout": "20 s",
            **self._options,
        }

    @property
    def _lib(self) -> Path:
        return self._home / "lib"

    @property
    def _memory_jars(self) -> list[Path]:
        return [self._home / "bin" / "bash-java-utils.jar", *sorted(self._lib.glob("flink-dist-*.jar"))]

    @property
    def _own_jars(self) -> list[Path]:
        return sorted(self._lib.glob("*.jar"))

    @property
    def _jars(self) -> list[Path]:
        return [*self._own_jars, *self._libraries]

    def _module_options(self) -> tuple[str, ...]:
        # The wheel's own configuration knows which of Java's modules this Flink must reach into.
        document = YAML(typ="safe").load((self._home / "conf" / "config.yaml").read_text(encoding="utf-8"))
        options = tuple(str(document["env"]["java"]["opts"]["all"]).split())
        return (*options, "-Djava.security.manager=allow") if self._java.version > 17 else options

    def _launch(
        self,
        role: str,
        options: tuple[str, ...],
        jars: list[Path],
        main: tuple[str, ...],
        arguments: list[str] | None = None,
        recording: Recording | None = None,
    ) -> Launch:
        logs = self._folder.logs
        log = logs / f"{role}.log"
        argv = (
            str(self._java.executable),
            *self._java.options,
            *options,
            self._folder.marker,
            f"-D{LOG_FILE}={log}",
            f"-Dlog4j.configurationFile={(self._conf / 'log4j.properties').as_uri()}",
            f"-Djava.io.tmpdir={self._folder.tmp}",
            f"-XX:ErrorFile={logs / f'{role}-crash.log'}",
            "-XX:-UsePerfData",
            "-XX:+IgnoreUnrecognizedVMOptions",
            "-cp",
            ":".join(str(jar) for jar in jars),
            *main,
            "--configDir",
            str(self._conf),
            *(arguments or []),
        )
        env = (
            ("FLINK_CONF_DIR", str(self._conf)),
            ("FLINK_LIB_DIR", str(self._lib)),
            ("FLINK_PLUGINS_DIR", str(self._home / "plugins")),
        )
        out = logs / f"{role}.out"
        return Launch(role, argv, cwd=self._folder.tmp, out=out, log=log, env=env, recording=recording)


def has_run_jobs(web_url: str) -> bool:
    """Whether the cluster has jobs, or had some in the last hour; not if it does not answer."""
    try:
        answer = httpx2.get(f"{web_url}/jobs", trust_env=False, verify=False, timeout=5)
        return bool(answer.raise_for_status().json()["jobs"])
    except (httpx2.HTTPError, ValueError, KeyError):
        return False


def parse_memory(role: str, launch: Launch, printed: str) -> Divided:
    """JVM options and program arguments, from what the command of `Cluster.memory` printed."""
    results = [line.split(_RESULT, 1)[1].split() for line in printed.splitlines() if _RESULT in line]
    if len(results) != 2:
        raise failed_start(role, "got no memory sizes from Flink", {launch.out: 0})
    return results[0], results[1]
