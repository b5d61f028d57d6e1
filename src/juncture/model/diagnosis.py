"""What is wrong with a running job, by what it costs."""

from __future__ import annotations

from typing import Literal

from juncture.errors import Location
from juncture.model.base import Value
from juncture.model.observation import Observation, VertexSeen
from juncture.model.wording import percent

Effect = Literal["stops", "loses", "slows", "grows"]
"""The job stands still, or what waits for event time does; rows are lost; it is slower than it could be; its state
grows without end. What comes first in this list is told first."""
EFFECTS: tuple[Effect, ...] = ("stops", "loses", "slows", "grows")


class Evidence(Value):
    """A number, and where it comes from."""

    what: str
    value: str
    source: str


class Diagnosis(Value):
    """One cause. `cost` is the share that it takes: of the job's time, of the rows, of the state, by its effect.

    `operator` says in words what of the plan it is about, `location` where its author wrote that; None where the
    project's files are not those of the version that runs. `past`: it cost that before, and was not
    there any more in the seconds that were watched.
    """

    rule: str
    effect: Effect
    cost: float
    operator: str
    message: str
    location: Location | None
    evidence: tuple[Evidence, ...]
    remedy: str
    past: bool = False

    @property
    def told_cost(self) -> str:
        """'costs 98 %'."""
        if self.past:
            return f"cost {percent(self.cost)} before, and next to nothing while it was watched"
        return f"costs {percent(self.cost)}"


class PlacedOperator(Value):
    """An operator of the plan, the vertex of Flink's graph that it runs in, and where it is authored.

    A vertex is there for its `main` operator; others run with it. `operator` is what it is in words.
    """

    node: int
    vertex: str
    main: bool
    operator: str
    location: Location | None


class DiagnosisReport(Value):
    """All that was found, the worst first and what is past last, and what it was found in. `operators` are all of
    Flink's graph."""

    findings: tuple[Diagnosis, ...]
    operators: tuple[PlacedOperator, ...] = ()
    observation: Observation

    def place(self, vertex: str) -> Location | None:
        """Where what a vertex is there for is authored."""
        return next((each.location for each in self.operators if each.vertex == vertex and each.main), None)

    def named(self, vertex: VertexSeen) -> str:
        """What a vertex is there for, in words, and the sink if that runs in it; else as Flink names it."""
        run = [each for each in self.operators if each.vertex == vertex.id]
        words = [each.operator for each in run if each.main]
        words += [each.operator for each in run if not each.main and each.operator == "the sink"]
        return ", ".join(each.removeprefix("the ") for each in words) or vertex.name
