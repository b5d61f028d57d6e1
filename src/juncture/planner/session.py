"""A planner: one warm JVM that compiles, and starts, any number of jobs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock, Thread, Timer
from types import TracebackType
from typing import IO, Any

from juncture.errors import JunctureError, Refused, Unreachable
from juncture.model.brokers import Brokers
from juncture.model.compilation import Compilation, JobOption, PlannerError
from juncture.model.rendered import RenderedJob
from juncture.model.savepoint import SavepointMetadata
from juncture.model.startpoint import NOW_MINUS
from juncture.planner.archive import ClassArchive
from juncture.planner.compilations import CompilationCache
from juncture.planner.plan import read_plan
from juncture.project.scratch import Scratch

_NOW_MINUS = re.compile(rf"\$\{{{NOW_MINUS}(\d+)\}}")
_PATIENCE = 300
"""Seconds after which an answer is not waited for any more."""
_ENDING, _ENDING_RECORD = 5, 60
"""Seconds in which the process ends by itself: at once, or after it has written an archive."""
# A planner lives for seconds: start-up counts, peak speed does not.
_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx1g"
# What a JVM warns of while it records, or where an archive does not fit, would hide what Flink says.
_SHARED = "-Xshare:auto -Xlog:disable"


class LaunchFailed(Unreachable):
    """A job.py ended with an error."""


class Planner:
    """Flink's planner and client in a process of its own. Use as a context manager, or `close()` it.

    The process starts with the first question that needs it, or with `start()`. Threads may share a planner: it
    answers one question at a time, and raises Unreachable, with the last lines it printed, if its process ends.

    Args:
        java_home: the Java to run it with.
        jars: connectors and formats that the SQL names.
        variables: what the process's environment holds besides, from its start.
        cache: compilations that were made before, which are not made again.
        archive: Flink's classes from a planner before; one is recorded if there is none.
    """

    def __init__(
        self,
        java_home: Path,
        jars: Sequence[Path],
        variables: Mapping[str, str] | None = None,
        cache: CompilationCache | None = None,
        archive: ClassArchive | None = None,
    ) -> None:
        self._turn = Lock()
        self._java_home = java_home
        self._variables = dict(variables or {})
        self._jars = tuple(jar.resolve() for jar in jars)
        self._cache = cache
        self._archive = archive
        self._records = False
        self._printed: deque[str] = deque(maxlen=40)
        self._running: tuple[subprocess.Popen[str], Scratch] | None = None

    def start(self) -> None:
        """Start the process without waiting for it."""
        with self._turn:
            self._started()

    def _started(self) -> subprocess.Popen[str]:
        if self._running is None:
            scratch = Scratch("planner")
            shared, recorded = self._classes()
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "juncture.planner.worker"),
                    *(("--record", str(recorded)) if recorded else ()),
                    *(jar.as_uri() for jar in self._jars),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_java_environment(self._java_home, scratch.path, shared) | self._variables,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is for us: we close it in order
            )
            self._running = (process, scratch)
            Thread(target=self._drain, args=(process.stderr,), daemon=True).start()
        return self._running[0]

    def _classes(self) -> tuple[str, Path | None]:
        """JVM options about Flink's classes, and where the process is to record them."""
        if self._archive is None:
            return _SHARED, None
        if found := self._archive.find():
            return f"{_SHARED} -XX:SharedArchiveFile={found}", None
        recorded = self._archive.stem()
        self._records = recorded is not None
        return _SHARED, recorded

    def __enter__(self) -> Planner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def compile(self, rendered: RenderedJob) -> Compilation:
        """Compile a rendered job; what Flink refuses is in the answer, not raised."""
        answer = self._compiled(
            {
                "operation": "compile",
                "jars": [jar.file.resolve().as_uri() for jar in rendered.jars],
                "functions": rendered.functions,
                # Flink reads numbers of milliseconds here, and those from now alone are not known yet.
                "tables": [_NOW_MINUS.sub(r"\1", statement.text) for statement in rendered.statements[:-1]],
                "names": [statement.name for statement in rendered.statements[:-1]],
                "insert": rendered.insert.text,
                "select": rendered.insert.text.split("\n", 1)[1],
                "options": rendered.options,
                "authored": rendered.job.options,
            }
        )
        plan, error = answer["plan"], answer["error"]
        return Compilation(
            plan=read_plan(plan) if plan else None,
            error=PlannerError(**error) if error else None,
            lenient=answer["lenient"],
            explanation=answer["explanation"],
            options=_options(answer),
        )

    def examine(self, options: Mapping[str, str]) -> tuple[JobOption, ...]:
        """What Flink makes of a job's own options, in their order, without its SQL."""
        return _options(self._ask({"operation": "options", "authored": dict(options)}))

    def run(self, script: Path, options: Mapping[str, str], variables: Mapping[str, str]) -> None:
        """Run a rendered job.py until the cluster has taken its job.

        Args:
            script: the job.py of a bundle.
            options: Flink options for this start alone: target, address, job id, jars, savepoint.
            variables: values of the placeholders in its SQL. They stay in the planner's process, and are
                taken out of what it says.

        Raises:
            LaunchFailed: with the innermost cause that Flink gives. The cluster may have taken the job all
                the same; ask it for the job id.
        """
        answer = self._ask(
            {
                "operation": "run",
                "script": str(script),
                "arguments": [f"-D{key}={value}" for key, value in options.items()],
                "variables": dict(variables),
            }
        )
        if answer["error"] is not None:
            problem = answer["error"]
            for value in sorted(filter(None, variables.values()), key=len, reverse=True):
                problem = problem.replace(value, "***")
            raise LaunchFailed(problem)

    def read_offsets(self, path: str) -> dict[str, dict[int, int]]:
        """The next offset of each partition that a savepoint's or checkpoint's Kafka sources would read, by topic.

        Raises Refused if it is not there, or can't be read, in Flink's words.
        """
        answer = self._ask({"operation": "offsets", "path": path})
        if answer["error"] is not None:
            raise Refused(
                f"the offsets of {path} can't be read: {answer['error']}",
                remedy="name a savepoint or checkpoint that is complete, and can be read from this machine",
            )
        return {
            topic: {int(partition): offset for partition, offset in sorted(held.items())}
            for topic, held in sorted(answer["offsets"].items())
        }

    def read_watermark(self, path: str) -> int | None:
        """How far the watermark of a job's event joins has been, in ms of the epoch, by a savepoint or checkpoint.

        -2**63 if there was none yet; None if the job has no event join, or one of a Juncture that did not keep it.
        Raises Refused as `read_offsets` does.
        """
        answer = self._ask({"operation": "watermark", "path": path})
        if answer["error"] is not None:
            raise Refused(
                f"the watermark in {path} can't be read: {answer['error']}",
                remedy="name a savepoint or checkpoint that is complete, and can be read from this machine",
            )
        return None if answer["watermark"] is None else int(answer["watermark"])

    def read_metadata(self, path: str) -> SavepointMetadata:
        """What the metadata of a savepoint or checkpoint tells, without its state being looked at.

        Raises Refused, in Flink's words, if it is not there, or damaged.
        """
        answer = self._ask({"operation": "metadata", "path": path})
        if answer["error"] is not None:
            raise Refused(answer["error"])
        return SavepointMetadata.model_validate({"operators": answer["operators"], "files": answer["files"]})

    def open_transactions(self, properties: Mapping[str, str], prefix: str) -> dict[str, int]:
        """When each open transaction of a sink with that prefix began, in ms of the epoch, by transactional id.

        Those that the login may not see are left out.

        Args:
            properties: of the Java client, expanded.
            prefix: what the sink's transactional ids begin with.

        Raises Refused if the brokers don't tell, in the client's words.
        """
        answer = self._ask({"operation": "transactions", "properties": dict(properties), "prefix": prefix})
        if answer["error"] is not None:
            raise Refused(answer["error"])
        return {str(name): int(begun) for name, begun in sorted(answer["transactions"].items())}

    def describe_brokers(self, properties: Mapping[str, str], topics: Sequence[str], user: str) -> Brokers:
        """What brokers keep of topics, what is free on their disks, and the quotas that hold for a user.

        Args:
            properties: of the Java client, expanded.
            topics: that exist.
            user: who is logged in.

        Raises Refused if the brokers don't tell at all, in the client's words.
        """
        request = {
            "operation": "brokers", "properties": dict(properties), "topics": list(topics), "user": user,
        }  # fmt: skip
        answer = self._ask(request)
        if answer["error"] is not None:
            raise Refused(answer["error"])
        return Brokers.told(answer)

    def start_cluster(self, options: Mapping[str, str], slots: int) -> str:
        """Start a Flink cluster inside the process, which ends with it; the address of its REST service."""
        return str(self._ask({"operation": "cluster", "options": dict(options), "slots": slots})["address"])

    def close(self) -> None:
        """End the process and its JVM, if they were started."""
        if self._running is None:
            return
        process, scratch = self._running
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
        try:
            process.wait(timeout=_ENDING_RECORD if self._records else _ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        scratch.close()

    def _compiled(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._cache is None:
            return self._ask(request)
        answer = self._cache.find(request, self._jars)
        if answer is None:
            answer = self._ask(request)
            if answer["error"] is None:
                self._cache.keep(request, self._jars, answer)
        return answer

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._turn:
            return self._answer(request)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        watchdog = Timer(_PATIENCE, process.kill)
        watchdog.start()
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        finally:
            watchdog.cancel()
        if not line:
            process.wait(timeout=10)
            raise Unreachable(
                f"Flink's planner ended with exit code {process.returncode}",
                state="nothing was changed",
                remedy="`juncture doctor` examines Java and the packages; its last lines were:\n"
                + "".join(self._printed),
            )
        answer: dict[str, Any] = json.loads(line)
        if "crash" in answer:
            raise JunctureError(f"Flink's planner failed: {answer['crash'].splitlines()[0]}")
        return answer

    def _drain(self, stream: IO[str]) -> None:
        for line in stream:
            self._printed.append(line)


def _options(answer: Mapping[str, Any]) -> tuple[JobOption, ...]:
    return tuple(JobOption(**fields) for fields in answer["options"])


def _java_environment(java_home: Path, scratch: Path, shared: str) -> dict[str, str]:
    """The environment of a PyFlink process: its Java, its log folder, and no Flink installation of the user's."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FLINK_", "PYFLINK_", "HADOOP_", "HBASE_", "JAVA_TOOL_OPTIONS"))
    }
    return environment | {
        "JAVA_HOME": str(java_home),
        "FLINK_LOG_DIR": str(scratch),
        "JVM_ARGS": f"{_JVM} {shared} -Djava.io.tmpdir={scratch}",  # Flink unpacks its planner there
        "TMPDIR": str(scratch),  # PyFlink meets its JVM by a file there
        "PYTHONUTF8": "1",
        # Else a table environment starts a server for Python functions, whose imports take longer than a compilation.
        "_python_worker_execution_mode": "process",
    }
