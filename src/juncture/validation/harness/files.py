"""Plain cases without a broker and a cluster: files in place of topics, Flink inside the planner's process."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.toolchain import find_toolchain, may_need_operators
from juncture.errors import Refused
from juncture.flink.rest import FlinkCluster
from juncture.kafka.reader import Record
from juncture.model.environment import Environment, Flink, Kafka
from juncture.model.project import Project
from juncture.model.rendered import RenderedJob, Statement
from juncture.planner.session import Planner
from juncture.project.scratch import Scratch
from juncture.validation.cases.case import Case
from juncture.validation.cases.options import with_options
from juncture.validation.cases.rendering import render_in_json
from juncture.validation.harness.compiling import Compiler
from juncture.validation.harness.medium import Written
from juncture.validation.harness.shared import SharedSession
from juncture.validation.oracle.records import require_duckdb
from juncture.validation.oracle.tables import Table, read_table

_CHECKPOINTS = "execution.checkpointing.interval"
_NO_WATERMARKS = {
    # Files are read one after the other: a watermark on the way would be ahead of those not read yet. With the
    # last row event time passes everything, which is all that a plain case may depend on.
    "pipeline.auto-watermark-interval": "36500 d",
}
_CLUSTER = {
    "rest.bind-address": "127.0.0.1",
    "slot.request.max-interval": "0 ms",
    "slotmanager.requirement-check.delay": "0 ms",
    "taskmanager.memory.managed.size": "64m",
    "taskmanager.memory.network.min": "48m",
    "taskmanager.memory.network.max": "48m",
}


class FileSession(SharedSession):
    """A planner with a cluster in its JVM for many plain cases. Use as a context manager, or `close()` it.

    The query is the deployed one, over tables of files: it is planned without the topics' options, and so with
    other operators for reading, watermarks and writing.

    Args:
        project: whose jobs are tested.
        environment: what they are rendered for.
        jobs: names of the jobs that the cases are about, first those that are needed first.

    Raises:
        JunctureError: DuckDB is not installed.
        Unreachable: the planner did not start.
        InvalidProject: a job can't be rendered.
    """

    def __init__(self, project: Project, environment: Environment, jobs: Iterable[str]) -> None:
        require_duckdb()
        self.project = project
        self._rendered = {name: render_in_json(project, name, environment) for name in dict.fromkeys(jobs)}
        self.jars: tuple[Path, ...] = ()
        self._closing = ExitStack()
        try:
            wanted = may_need_operators(self._rendered.values())
            self.toolchain = find_toolchain((), operators=wanted)
            self.jars = tuple(jar.path for jar in self.toolchain.jars)
            self._folder = self._closing.enter_context(Scratch("files"))
            # Without what was compiled before: its tables' paths are of this run alone.
            planner = Planner(self.toolchain.java_home, self.jars, archive=self.toolchain.archive)
            self.planner = self._closing.enter_context(planner)
            self._slots = 2 * max((each.job.parallelism for each in self._rendered.values()), default=1)
            scratch = {"io.tmp.dirs": str(self._folder), "blob.storage.directory": str(self._folder)}
            address = self.planner.start_cluster({**_CLUSTER, **scratch}, self._slots)
            usable = [each for each in self._rendered.values() if _refusal(each) is None]
            self._compiler = Compiler(self.planner, usable, lambda each: _over_files(each, self._folder))
            self._closing.callback(self._compiler.close)
            self.connection = Connection(
                environment.name, Kafka(bootstrap_servers="none"), Flink(rest=address)
            )
            self.cluster: FlinkCluster = self._closing.enter_context(self.connection.cluster())
        except BaseException:
            self.close()
            raise

    def has_room(self, *cases: Case) -> bool:
        """Whether the cluster has slots for the jobs of these cases at once."""
        return sum(self._rendered[case.job].job.parallelism for case in cases) <= self._slots

    def medium(self, case: Case) -> Files:
        """Where a case's rows lie. Raises Refused, at the case, for what can't be done with files."""
        rendered = self._rendered[case.job]
        problem = _refusal(rendered) or _timeless(rendered, case)
        if problem is not None:
            raise Refused(
                f"files can't stand for the topics of this case: {problem}",
                location=case.location,
                remedy="run it without --files",
            )
        return Files(self._folder / uuid.uuid4().hex)


class Files:
    """The files of one case, each source's and the sink's in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def own(self, rendered: RenderedJob) -> RenderedJob:
        """The job over these files."""
        return _over_files(rendered, self._folder)

    def write(self, own: RenderedJob, written: Written) -> None:
        """Write each source's records, a file for each partition."""
        for table in own.topics:
            (self._folder / table).mkdir(parents=True)
        for source, found in written.items():
            lines: dict[int, list[bytes]] = {}
            for record in found:
                lines.setdefault(record.partition, []).append(record.value or b"")
            for partition, values in lines.items():
                (self._folder / source / f"{partition}.json").write_bytes(b"\n".join(values) + b"\n")

    def read(self, own: RenderedJob, sink: Table) -> list[Record]:
        """The sink's rows as records."""
        return [
            Record(0, offset, 0, None, line) for offset, line in enumerate(_lines(self._folder / sink.name))
        ]

    def clear(self, own: RenderedJob) -> None:
        """Remove them."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _lines(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith((".", "_")):
            yield from path.read_bytes().splitlines()


def _refusal(rendered: RenderedJob) -> str | None:
    """What of a job's tables has no meaning without Kafka."""
    for statement in rendered.statements[:-1]:
        table = read_table(statement)
        if table.is_changelog:
            return f"'{table.name}' is a changelog topic"
        metadata = next((each.name for each in table.columns if each.metadata is not None), None)
        if metadata is not None:
            return f"the column '{metadata}' of '{table.name}' is the record's metadata"
        if table.value_format != "json":
            return f"the format of '{table.name}' is {table.value_format}, not json"
    return None


def _timeless(rendered: RenderedJob, case: Case) -> str | None:
    """Over files an operator of Flink's gives the watermarks, and fails where the Kafka source goes on."""
    times = {table.name: table.rowtime for table in map(read_table, rendered.statements[:-1])}
    for each in case.arrivals:
        time = times[each.source]
        if time in each.row and each.row[time] is None:
            return f"line {each.location.line}: over files Flink takes no record without {time}"
    return None


def _over_files(rendered: RenderedJob, folder: Path) -> RenderedJob:
    statements = tuple(
        each if each.kind == "insert" else _table(each, folder) for each in rendered.statements
    )
    texts = "".join(each.text for each in statements)
    options = {name: value for name, value in rendered.options.items() if name != _CHECKPOINTS}
    return rendered.model_copy(
        update={
            "statements": statements,
            "options": options | _NO_WATERMARKS,
            "placeholders": tuple(name for name in rendered.placeholders if f"${{{name}}}" in texts),
        }
    )


def _table(statement: Statement, folder: Path) -> Statement:
    table = read_table(statement)
    # Not escaped: Flink takes a path as it stands.
    options = {"connector": "filesystem", "path": f"file://{folder / table.name}", "format": "json"}
    for name, value in table.options.items():
        if name.startswith(("json.", "value.json.")):
            options[name.removeprefix("value.")] = value
    return with_options(statement, options)
