from pathlib import Path

import pytest

from juncture.errors import InvalidProject
from juncture.project.loader import load_project

TOML = """\
[project]
name = "shop"
default_environment = "local"

[environments.local.local]
slots = 2
"""
JOB = """\
join: paid
sink: enriched
startpoints:
  orders: earliest
"""


class Disk:
    """A small valid project on disk, to be spoilt by a test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("juncture.toml", TOML)
        self.write("sql/sources/orders.sql", "CREATE TABLE orders (id INT)")
        self.write("sql/sources/payments.sql", "CREATE TABLE payments (id INT)")
        self.write("sql/joins/paid.sql", "SELECT 1")
        self.write("sql/sinks/enriched.sql", "CREATE TABLE enriched (id INT)")
        self.write("jobs/paid.yaml", JOB)

    def write(self, path: str, content: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def problems(self) -> dict[str, str]:
        """Place -> problem, with the remedy behind an arrow."""
        with pytest.raises(InvalidProject) as caught:
            load_project(self.root)
        return {str(p.location): f"{p.problem} -> {p.remedy}" for p in caught.value.problems}


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)
