"""What a case may write to and expect from: a job's tables, as authored."""

from __future__ import annotations

from dataclasses import dataclass

from juncture.model.environment import Environment
from juncture.model.project import Project
from juncture.model.rendered import RenderedJob
from juncture.validation.cases.rendering import render_in_json
from juncture.validation.oracle.tables import Table, read_table


@dataclass(frozen=True)
class JobTables:
    """The sources by name, and the sink, of one job."""

    job: str
    sources: dict[str, Table]
    sink: Table

    @property
    def sink_columns(self) -> tuple[str, ...]:
        """The columns that the job writes into its records."""
        return tuple(each.name for each in self.sink.columns if not each.virtual and each.metadata is None)


def tables_of(project: Project, job: str, environment: Environment) -> JobTables:
    """Render a job and read its tables. Raises InvalidProject, or OracleUnsupported for a table not on Kafka."""
    return read_tables(render_in_json(project, job, environment))


def read_tables(rendered: RenderedJob) -> JobTables:
    """The tables of a rendered job. Raises OracleUnsupported for one that does not lie on Kafka."""
    sources = {each.name: read_table(each) for each in rendered.statements if each.kind == "source"}
    sink = read_table(next(each for each in rendered.statements if each.kind == "sink"))
    for table in (*sources.values(), sink):
        assert table.topic  # raises where there is none
    return JobTables(rendered.job.name, sources, sink)


def writes_iso(table: Table) -> bool:
    """Whether timestamps in the table's JSON are as in ISO 8601, not as in SQL."""
    return (table.value_option("timestamp-format.standard") or "SQL").upper() == "ISO-8601"
