"""A planner: one warm JVM that compiles, and starts, any number of jobs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from juncture.errors import Refused, Unreachable
from juncture.model.brokers import Brokers
from juncture.model.compilation import Compilation, JobOption, PlannerError
from juncture.model.rendered import RenderedJob
from juncture.model.savepoint import SavepointMetadata
from juncture.model.startpoint import NOW_MINUS
from juncture.planner.compilations import CompilationCache
from juncture.planner.plan import read_plan
from juncture.planner.process import PlannerProcess
from juncture.project.archive import ClassArchive
from juncture.project.secrets import redact

_NOW_MINUS = re.compile(rf"\$\{{{NOW_MINUS}(\d+)\}}")


class LaunchFailed(Unreachable):
    """A job.py ended with an error."""


class Planner:
    """Flink's planner and client in a process of its own. Use as a context manager, or `close()` it.

    The process starts with the first question that needs it, or with `start()`. Threads may share a planner. What needs
    the process raises what its `ask` raises.

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
        self._process = PlannerProcess(java_home, jars, variables, archive)
        self._jars = tuple(jar.resolve() for jar in jars)
        self._cache = cache

    def start(self) -> None:
        """Start the process without waiting for it."""
        self._process.start()

    def close(self) -> None:
        """End the process and its JVM, if they were started."""
        self._process.close()

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
        return _options(self._process.ask({"operation": "options", "authored": dict(options)}))

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
        answer = self._process.ask(
            {
                "operation": "run",
                "script": str(script),
                "arguments": [f"-D{key}={value}" for key, value in options.items()],
                "variables": dict(variables),
            }
        )
        if answer["error"] is not None:
            raise LaunchFailed(redact(answer["error"], filter(None, variables.values())))

    def read_offsets(self, path: str) -> dict[str, dict[int, int]]:
        """The next offset of each partition that a savepoint's or checkpoint's Kafka sources would read, by topic.

        Raises Refused if it is not there, or can't be read, in Flink's words.
        """
        answer = self._process.ask({"operation": "offsets", "path": path})
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
        answer = self._process.ask({"operation": "watermark", "path": path})
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
        answer = self._process.ask({"operation": "metadata", "path": path})
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
        answer = self._process.ask(
            {"operation": "transactions", "properties": dict(properties), "prefix": prefix}
        )
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
        answer = self._process.ask(request)
        if answer["error"] is not None:
            raise Refused(answer["error"])
        return Brokers.told(answer)

    def start_cluster(self, options: Mapping[str, str], slots: int) -> str:
        """Start a Flink cluster inside the process, which ends with it; the address of its REST service."""
        return str(
            self._process.ask({"operation": "cluster", "options": dict(options), "slots": slots})["address"]
        )

    def _compiled(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._cache is None:
            return self._process.ask(request)
        answer = self._cache.find(request, self._jars)
        if answer is None:
            answer = self._process.ask(request)
            if answer["error"] is None:
                self._cache.keep(request, self._jars, answer)
        return answer


def _options(answer: Mapping[str, Any]) -> tuple[JobOption, ...]:
    return tuple(JobOption(**fields) for fields in answer["options"])
