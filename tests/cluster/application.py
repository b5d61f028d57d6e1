"""The pods of a rendered FlinkDeployment as processes: its image's files, and the command lines that run there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from juncture.flink.rest import FlinkCluster
from juncture.local import ports, processes
from juncture.local.classes import Classes
from juncture.local.cluster import JOBMANAGER, TASKMANAGER, Cluster, flink_home, parse_memory
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.processes import Launch, ProcessRecord
from juncture.local.state import Ports, StateFolder
from juncture.model.local import LocalSettings

_ENTRY_POINT = "org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint"
_OF_KUBERNETES = (
    "high-availability.",
    "execution.checkpointing.dir",
    "execution.checkpointing.savepoint-dir",
)


class Pods:
    """A folder with the files of the image, laid out as the Dockerfile copies them, beside the installed Flink's."""

    def __init__(self, root: Path, built: Path) -> None:
        self._root = root
        self._sizes: dict[str, tuple[list[str], list[str]]] = {}
        self._deployment: dict[str, Any] = yaml.safe_load((built / "kubernetes.yaml").read_text())
        copies = [
            line.split()
            for line in (built / "Dockerfile").read_text().splitlines()
            if line.startswith("COPY")
        ]
        for _, _, *sources, target in copies:
            folder = self._in_image(target)
            folder.mkdir(parents=True, exist_ok=True)
            for source in sources:
                shutil.copy(built / source, folder)
        shutil.copytree(flink_home() / "opt", self._in_image("/opt/flink/opt"))

    @property
    def variables(self) -> set[str]:
        """The names of those that the JobManager gets from Secrets."""
        (container,) = self._deployment["spec"]["jobManager"]["podTemplate"]["spec"]["containers"]
        return {each["name"] for each in container["env"] if each["valueFrom"]["secretKeyRef"]}

    @contextmanager
    def running(self, variables: Mapping[str, str], options: Mapping[str, str]) -> Iterator[FlinkCluster]:
        """A JobManager that runs the job, and a TaskManager; `options` are what the operator adds, and win.

        Checkpoints are of this machine's disk, and there is no high availability: that is Kubernetes' own.
        """
        spec = self._deployment["spec"]
        folder = StateFolder.of(self._root)
        folder.create()
        taken = [ports.pick() for _ in range(2)]
        chosen = Ports(kafka=1024, controller=1024, rest=taken[0], rpc=taken[1])
        settings = LocalSettings(slots=2, taskmanager_memory="2g", jobmanager_memory="1g")
        own = {
            name: value
            for name, value in spec["flinkConfiguration"].items()
            if not name.startswith(_OF_KUBERNETES)
        }
        parallelism = str(spec["job"]["parallelism"])
        libraries = sorted(self._in_image("/opt/flink/lib").iterdir())
        java = find_java().for_minutes()
        classes = Classes(JarCache().root / "classes", java, records=False)
        cluster = Cluster(
            folder, settings, chosen, java, classes, libraries,
            {**own, "parallelism.default": parallelism, **options},
        )  # fmt: skip
        cluster.prepare()
        worker, _ = cluster.taskmanager(1, self._memory(cluster, TASKMANAGER))
        manager = self._application(cluster.jobmanager(self._memory(cluster, JOBMANAGER)), variables)
        started: list[ProcessRecord] = []
        try:
            started += [processes.spawn(each) for each in (manager, worker)]
            with FlinkCluster(f"http://127.0.0.1:{chosen.rest}") as client:
                yield client
        finally:
            processes.stop(started, 10)

    def _application(self, launch: Launch, variables: Mapping[str, str]) -> Launch:
        """The JobManager's command line as an application's."""
        job = self._deployment["spec"]["job"]
        main = next(
            number for number, each in enumerate(launch.argv) if each.endswith("SessionClusterEntrypoint")
        )
        argv = [*launch.argv[:main], _ENTRY_POINT, *launch.argv[main + 1 :]]
        # The class comes last: the option before it takes any number of jars.
        argv += ["--jars", self._in_image(job["jarURI"].removeprefix("local://")).as_uri()]
        argv += ["--job-classname", job["entryClass"]]
        argv += [self._local(each) for each in job["args"]]
        home = self._in_image("/opt/flink")
        env = {"FLINK_HOME": str(home), "FLINK_OPT_DIR": str(home / "opt"), **variables}
        return Launch(
            launch.role, tuple(argv), launch.cwd, launch.out, launch.log, (*launch.env, *env.items())
        )

    def _local(self, argument: str) -> str:
        if argument == "/usr/bin/python3":
            return sys.executable
        return str(self._in_image(argument)) if argument.startswith("/opt/") else argument

    def _in_image(self, path: str) -> Path:
        return self._root / "image" / path.lstrip("/")

    def _memory(self, cluster: Cluster, role: str) -> tuple[list[str], list[str]]:
        if role not in self._sizes:
            launch = cluster.memory(role)
            done = subprocess.run(
                launch.argv, cwd=launch.cwd, env=dict(launch.env), check=True, capture_output=True, text=True
            )
            self._sizes[role] = parse_memory(role, launch, done.stdout)
        return self._sizes[role]
