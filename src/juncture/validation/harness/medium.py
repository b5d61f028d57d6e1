"""Where the records of a plain case lie while its job runs, and what a session must offer to run one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.toolchain import Toolchain
from juncture.flink.rest import FlinkCluster
from juncture.kafka.reader import Record
from juncture.model.project import Project
from juncture.model.rendered import RenderedJob
from juncture.planner.session import Planner
from juncture.validation.cases.case import Case
from juncture.validation.harness.compiling import Compiled
from juncture.validation.oracle.tables import Table

Written = Mapping[str, Sequence[Record]]
"""The records of each source, by its name."""


class Medium(Protocol):
    """One case's sources and sink."""

    def own(self, rendered: RenderedJob) -> RenderedJob:
        """The job over these sources and this sink, reading all there is and ending then."""
        ...

    def write(self, own: RenderedJob, written: Written) -> None:
        """Fill the sources."""
        ...

    def read(self, own: RenderedJob, sink: Table) -> list[Record]:
        """What the job wrote."""
        ...

    def clear(self, own: RenderedJob) -> None:
        """Remove sources and sink."""
        ...


class Session(Protocol):
    """A planner and a cluster, kept for many cases."""

    project: Project
    toolchain: Toolchain
    planner: Planner
    connection: Connection
    cluster: FlinkCluster

    def jars_of(self, rendered: RenderedJob) -> tuple[Path, ...]:
        """What a job must bring along."""
        ...

    def job(self, name: str) -> Compiled:
        """A job, compiled once. Raises Refused, with Flink's words, if Flink does not take it."""
        ...

    def compile(self, rendered: RenderedJob) -> Compiled:
        """Another version of a job. Raises Refused, with Flink's words."""
        ...

    def has_room(self, *cases: Case) -> bool:
        """Whether the cluster has slots for the jobs of these cases at once."""
        ...

    def medium(self, case: Case) -> Medium:
        """What a case is run over. Raises Refused, at the case, where it can't be run so."""
        ...
