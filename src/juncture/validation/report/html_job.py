"""What a picture of a case must know of its job: the join as written, its windows, where its columns come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from juncture.model.flow import Flow
from juncture.validation.generate.shape import HARMLESS, Bound, Name, shape_of
from juncture.validation.harness.compiling import Compiled
from juncture.validation.oracle.unsupported import OracleUnsupported


@dataclass(frozen=True)
class JobPicture:
    """One job.

    Args:
        path: the file of its join, relative to the project.
        sql: what that holds, as its author wrote it.
        sources: in the order of the job.
        sink: the table that it writes to.
        keys: columns that are compared for equality, each group's with one another.
        bounds: how times of two sources are bounded by each other.
        delays: the event time's column of each source that has one, and how many ms its watermark stays behind.
        columns: the source and column that a column of the sink holds unchanged, where that is known.
        flink: the version that compiled it.
    """

    path: str = ""
    sql: str = ""
    sources: tuple[str, ...] = ()
    sink: str = ""
    keys: tuple[frozenset[Name], ...] = ()
    bounds: tuple[Bound, ...] = ()
    delays: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    columns: Mapping[str, Name] = field(default_factory=dict)
    flink: str = ""


def job_picture(compiled: Compiled, root: Path) -> JobPicture:
    """Read it from a job's plan, and its SQL from the project in `root`."""
    rendered = compiled.rendered
    path = rendered.insert.spans[0].path
    file = root / path
    sql = file.read_text(encoding="utf-8") if file.is_file() else rendered.insert.text
    try:
        shape = shape_of(rendered, compiled.plan)
    except OracleUnsupported:
        return JobPicture(path, sql, flink=compiled.plan.flink_version)
    tables = shape.tables
    flow = Flow(compiled.plan, lambda name: name in tables.sources and tables.sources[name].is_changelog)
    columns: dict[str, Name] = {}
    for sink in compiled.plan.of_kind("sink"):
        for up in compiled.plan.inputs(sink):
            # INSERT INTO goes by position.
            for index, name in enumerate(tables.sink_columns[: len(up.fields)]):
                found = flow.origins(up, index)
                if len(found) == 1 and not set(found[0].through) - set(HARMLESS):
                    columns[name] = found[0].table, found[0].column
    return JobPicture(
        path,
        sql,
        tuple(tables.sources),
        tables.sink.name,
        shape.keys,
        shape.bounds,
        shape.delays,
        columns,
        compiled.plan.flink_version,
    )
