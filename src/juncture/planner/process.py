"""The process that a planner's JVM runs in: started when it is needed, asked one question at a time, ended in order."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Lock, Thread, Timer
from typing import IO, Any

from juncture.errors import JunctureError, Unreachable
from juncture.project.archive import ClassArchive
from juncture.project.scratch import Scratch

_PATIENCE = 300
"""Seconds after which an answer is not waited for any more."""
_PRINTED_WITHIN = 2
"""Seconds in which the last lines of one that has ended are read."""
_ENDING, _ENDING_RECORD = 5, 60
"""Seconds in which the process ends by itself: at once, or after it has written an archive."""
# A planner lives for seconds: start-up counts, peak speed does not.
_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx1g"
# What a JVM warns of while it records, or where an archive does not fit, would hide what Flink says.
_SHARED = "-Xshare:auto -Xlog:disable"


class PlannerProcess:
    """A juncture.planner.worker, which starts with the first question, and anew with the one after it has failed.

    Args:
        java_home: the Java to run it with.
        jars: on its class path.
        variables: what its environment holds besides.
        archive: Flink's classes from a process before; they are recorded if there are none.
    """

    def __init__(
        self,
        java_home: Path,
        jars: Sequence[Path],
        variables: Mapping[str, str] | None = None,
        archive: ClassArchive | None = None,
    ) -> None:
        self._turn = Lock()
        self._java_home = java_home
        self._variables = dict(variables or {})
        self._jars = tuple(jar.resolve() for jar in jars)
        self._archive = archive
        self._records = False
        self._printed: deque[str] = deque(maxlen=40)
        self._running: tuple[subprocess.Popen[str], Scratch] | None = None
        self._drained = Thread()

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
                errors="replace",  # what a JVM prints is in the locale's encoding
                start_new_session=True,  # Ctrl-C is for us: we close it in order
            )
            self._running = (process, scratch)
            self._drained = Thread(target=self._drain, args=(process.stderr,), daemon=True)
            self._drained.start()
        return self._running[0]

    def _classes(self) -> tuple[str, Path | None]:
        """JVM options about Flink's classes, and where the process is to record them."""
        if self._archive is None:
            return _SHARED, None
        if mapped := self._archive.mapped():
            return " ".join((_SHARED, *mapped)), None
        recorded = self._archive.stem()
        self._records = recorded is not None
        return " ".join((_SHARED, *self._archive.beneath())), recorded

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one question of juncture.planner.worker's, after those that other threads have asked before.

        Raises:
            Unreachable: the process ended or was silent for too long, with the last lines it printed.
            JunctureError: it could not answer.
        """
        with self._turn:
            return self._answer(request)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        silent = Event()
        watchdog = Timer(_PATIENCE, _end_silent, (process, silent))
        watchdog.start()
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        except BaseException:
            self._forget()  # its answer, which nobody waits for, would be taken for that to the next question
            raise
        finally:
            watchdog.cancel()
        if not line.endswith("\n"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)  # for its exit code
            self._forget()
            self._drained.join(_PRINTED_WITHIN)
            ended = f"ended with exit code {process.returncode}"
            how = f"gave no answer within {_PATIENCE} s" if silent.is_set() else ended
            raise Unreachable(
                f"Flink's planner {how}",
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

    def close(self) -> None:
        """End the process and its JVM, if they were started."""
        if self._running is None:
            return
        process, _ = self._running
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_ENDING_RECORD if self._records else _ENDING)
        self._forget()

    def _forget(self) -> None:
        """End what is left of the process, whose JVM may outlive it; the next question starts a new one."""
        assert self._running is not None
        process, scratch = self._running
        _kill(process)
        process.wait()
        scratch.close()
        self._running = None


def _end_silent(process: subprocess.Popen[str], silent: Event) -> None:
    silent.set()
    _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """With its JVM: it leads a session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def classes_of_planners(root: Path, java_home: Path) -> ClassArchive:
    """The archive of the classes that planners use."""
    found = find_spec("pyflink")
    homes = (found.submodule_search_locations or ()) if found else ()
    jars = [jar for home in homes for of in ("lib", "opt") for jar in sorted(Path(home, of).glob("*.jar"))]
    return ClassArchive(root, java_home, "planner", jars)


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
        "JVM_ARGS": f"{_JVM} {shared}",
        # Flink unpacks its planner there. PyFlink would part a path with a blank in it.
        "JDK_JAVA_OPTIONS": f'"-Djava.io.tmpdir={scratch}"',
        "TMPDIR": str(scratch),  # PyFlink meets its JVM by a file there
        "PYTHONUTF8": "1",
        # A project may have a queue.py, which `-m` would take for Python's; from 3.11 on.
        "PYTHONSAFEPATH": "1",
        # Else a table environment starts a server for Python functions, whose imports take longer than a compilation.
        "_python_worker_execution_mode": "process",
    }
