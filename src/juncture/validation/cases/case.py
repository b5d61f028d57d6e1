"""A join-validation case as a value: events in the order of their arrival, and the rows that must come out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from juncture.errors import Location

if TYPE_CHECKING:
    from juncture.validation.cases.timeline import Step


@dataclass(frozen=True)
class Arrival:
    """One record of a source's topic. `row` is what its value holds as JSON; `location` its line.

    One that `deletes` has no value: of its row only the key counts.
    """

    source: str
    row: dict[str, Any]
    location: Location
    partition: int = 0
    deletes: bool = False


@dataclass(frozen=True)
class ExpectedRow:
    """One row of the sink. `row` is what its record's value would hold as JSON."""

    row: dict[str, Any]
    location: Location


@dataclass(frozen=True)
class Expectation:
    """All rows of the sink, in any order. Only `columns` are compared."""

    columns: tuple[str, ...]
    rows: tuple[ExpectedRow, ...]


@dataclass(frozen=True)
class Case:
    """One case. `location` is where it begins in its file.

    `base` is the time that '+00:00' stands for. Without an `expectation` the oracle computes the rows; with one,
    `oracle` says that it does so besides.

    With `steps` the job stays, and each is confirmed, before the next, within `limit` seconds; `arrivals` are then
    all records that arrive in them. At the end the job is drained, and its rows are compared.
    """

    name: str
    job: str
    location: Location
    base: datetime
    arrivals: tuple[Arrival, ...]
    expectation: Expectation | None = None
    oracle: bool = False
    markers: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    limit: float = 30
    scenario: str | None = None
    """The scenario that the case was put into, which made its steps."""

    @property
    def id(self) -> str:
        """Unique among cases: 'tests/joins/clicks.yaml::a click at the bound'."""
        return f"{self.location.path}::{self.name}"
