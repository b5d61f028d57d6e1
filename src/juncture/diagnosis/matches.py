"""Joins that seem to match nothing: by what went into them and came out, and by how their rows meet in the topics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from juncture.checks.wording import describe
from juncture.diagnosis.flowing import rows_into
from juncture.diagnosis.subject import Subject
from juncture.errors import JunctureError
from juncture.model.environment import Kafka
from juncture.model.flow import Flow, is_event_time, join_type
from juncture.model.observation import Missing, VertexSeen
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.sources_seen import SourceSeen
from juncture.model.timed import interval_bounds
from juncture.model.traffic import ENOUGH, Matching
from juncture.pairing.look import matchings
from juncture.pairing.meeting import RULE_OF_THREE
from juncture.pairing.sides import sides_of_joins

_UNBOUNDED = 600_000
"""Milliseconds after which a join without bounds should have had a match."""
_PADDING = {"LEFT": (0,), "RIGHT": (1,), "FULL": (0, 1)}
"""The sides whose rows an outer join gives out without a partner."""


SURE = 3_000
"""Rows that were looked at, and none of them matched, from which on fewer than one in a thousand does: with less, a
join that matches seldom is taken for one that never does."""


@dataclass(frozen=True)
class Suspect:
    """A join out of which no more rows came, since its tasks began, than there are without a match.

    `rows` are those that were handed on to it, left and right, `lasted` is in ms.
    """

    node: PlanNode
    rows: tuple[int, int]
    emitted: int
    lasted: float

    @property
    def is_outer(self) -> bool:
        return join_type(self.node) in _PADDING

    def looked_at(self, met: Matching | None) -> int:
        """The rows none of which has matched: those of the side with fewer, as none came out, or those that partners
        were looked for in the topics, where these are more.

        What comes out of an outer join may all be rows without a partner, or not.
        """
        searched = round(met.searched) if met is not None and not met.pairs else 0
        return searched if self.is_outer else max(searched, min(self.rows))


def most_that_match(rows: int) -> float:
    """The share that matches at the most, with 95 % confidence, where none of so many rows did."""
    return min(RULE_OF_THREE / max(rows, 1), 1.0)


def suspects(
    plan: CompiledPlan, vertices: Sequence[VertexSeen], kept: Callable[[PlanNode], int | None]
) -> Iterator[Suspect]:
    """The joins that ran for longer than the rows of a pair may be apart, and got enough rows on both sides.

    Args:
        plan: the job's.
        vertices: what was seen of them.
        kept: for how many ms a join keeps a row by its bounds; None where it has none.
    """
    for node in plan.of_kind("interval-join", "join"):
        vertex = next((each for each in vertices if node.id in each.emitted), None)
        kind = join_type(node)
        if vertex is None or len(node.inputs) != 2 or kind == "ANTI":
            continue
        left, right = rows_into(plan, vertices, node)
        emitted, unmatched = (
            vertex.emitted[node.id],
            sum((left, right)[side] for side in _PADDING.get(kind, ())),
        )
        lasted = vertex.age * 1000
        if min(left, right) >= ENOUGH and emitted <= unmatched and lasted > _longest(kept(node)):
            yield Suspect(node, (left, right), emitted, lasted)


def _longest(kept: int | None) -> int:
    return kept if kept is not None else _UNBOUNDED


def _kept(node: PlanNode) -> int | None:
    if node.kind != "interval-join" or not is_event_time(node):
        return None
    bounds = interval_bounds(node)
    return bounds.upper - bounds.lower


def matching_of_suspects(
    subject: Subject,
    kafka: Kafka,
    vertices: Sequence[VertexSeen],
    sources: Sequence[SourceSeen],
    missing: list[Missing],
) -> dict[int, Matching]:
    """How rows of joins meet in their topics that seem to match nothing, by the join's id."""
    ids = {each.node.id for each in suspects(subject.plan, vertices, _kept)}
    joins = [each for each in sides_of_joins(subject.plan) if each.node.id in ids]
    if not joins:
        return {}
    logs = {
        each.table: (
            each.topic,
            {part.partition: part.begin or 0 for part in each.partitions},
            {part.partition: part.end for part in each.partitions},
        )
        for each in sources
        if each.partitions
    }
    flow = Flow(subject.plan, lambda table: False)
    try:
        # What matched once is no sign that it does now.
        return matchings(kafka, joins, logs, lambda node: describe(flow, node), only_ends=logs)
    except JunctureError as error:
        missing.append(
            Missing(
                what=f"how rows match in the topics ({error.problem})",
                assumed="nothing of keys that never meet",
            )
        )
        return {}
