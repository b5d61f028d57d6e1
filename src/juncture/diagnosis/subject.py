"""What is observed: one version of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from juncture.checks.tables import Table
from juncture.model.plan import CompiledPlan, table_names


@dataclass(frozen=True)
class Subject:
    """What is to be observed: a version of a job, its plan, its topics by table, its tables and its options."""

    job: str
    version: int
    flink_job_id: str
    plan: CompiledPlan
    topics: Mapping[str, str]
    tables: Mapping[str, Table]
    options: Mapping[str, str]

    @property
    def read_topics(self) -> dict[str, str]:
        """The topics that it reads, by table."""
        read = {name for scan in self.plan.of_kind("table-source-scan") for name in table_names(scan.raw)}
        return {table: topic for table, topic in self.topics.items() if table in read}
