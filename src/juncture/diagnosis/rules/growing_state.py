"""Rule growing-state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.checks.timebound import is_endless, is_kept_forever
from juncture.checks.wording import listed, tables_of
from juncture.diagnosis.advice import alias_of, time_of
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.flow import JOINS
from juncture.model.observation import CheckpointSeen
from juncture.model.plan import PlanNode
from juncture.model.wording import size, span

_BOUNDED = ("changelog-normalize", "limit", "sort-limit", "sink")


class GrowingState(Rule):
    """State grows, and nothing removes it.

    A regular join keeps every row of both sides for ever, an aggregation something of every key, unless they have a
    time to live. The job gets slower and its checkpoints larger with each day, until it falls over.

    Seen by: operators whose state has no time to live in the plan, for a join of which side, and the size of the recent
    checkpoints. The cost is the share of the state that was not there in the oldest of these.

    Change: bound the join in time (an interval join); or a time to live: a STATE_TTL hint, or `state: {ttl: ...}` in
    the job.
    """

    id = "growing-state"
    effect = "grows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        done = sorted(
            (each for each in patient.seen.checkpoints if each.status == "COMPLETED"),
            key=lambda each: each.at,
        )
        if len(done) < 2 or done[-1].state <= done[0].state:
            return
        endless = [
            node
            for node in patient.plan.nodes
            if is_kept_forever(node) and node.kind not in _BOUNDED and node.uid not in patient.event_joins
        ]
        if not endless:
            return

        # Of several, the one whose vertex holds the most.
        def held(number: int) -> int:
            vertex = patient.seen.vertex(number)
            return (vertex.state or 0) if vertex is not None else 0

        node = max(endless, key=lambda each: (held(each.id), each.kind in JOINS))
        grown = done[-1].state - done[0].state
        sides = _endless_sides(patient, node)
        what = f"rows of {listed(list(sides))}" if sides else "it"
        yield self.diagnosis(
            grown / done[-1].state,
            patient.described(node),
            f"the state of {patient.described(node)} grows, and nothing removes {what}: {size(done[-1].state)} now,"
            f" {_a_day(done[0], done[-1])} a day at this rate",
            patient.place(node),
            (
                ("state now", size(done[-1].state), f"REST, checkpoint {done[-1].id}"),
                (
                    f"state {span(done[-1].at - done[0].at)} before",
                    size(done[0].state),
                    f"REST, checkpoint {done[0].id}",
                ),
                ("its own part", size(held(node.id)), "REST /jobs/JOB/checkpoints/details"),
                ("time to live", f"none of {listed(list(sides))}" if sides else "none", "the plan"),
                *(
                    (
                        f"rows of {side} since the last start",
                        f"{rows:,}",
                        "metric numRecordsIn of the sources",
                    )
                    for side, rows in sides.items()
                    if rows
                ),
            ),
            _remedy(patient, node),
        )


def _remedy(patient: Patient, node: PlanNode) -> str:
    ttl = f"`state: {{ttl: ...}}` in {patient.path}"
    if node.kind not in JOINS:
        return f"aggregate by windows, or set {ttl}"
    tables = [patient.plan.tables(up) for up in patient.plan.inputs(node)]
    times = [
        f"{alias_of(patient, table)}.{column}"
        for each in tables
        for table in each[-1:]
        if (column := time_of(patient, table))
    ]
    first, second = times if len(times) == len(tables) == 2 else ("a.time", "b.time")
    return (
        f"bound the join in time, by the columns that have a WATERMARK: `{second} BETWEEN {first} - INTERVAL ... AND"
        f" {first} + INTERVAL ...`; or set {ttl}"
    )


def _endless_sides(patient: Patient, node: PlanNode) -> dict[str, int]:
    """The sides of a join whose rows are kept for ever, in words, with the rows that were read of each."""
    ups, states = patient.plan.inputs(node), node.raw.get("state", ())
    if node.kind not in JOINS or len(ups) != 2 or len(states) != 2:
        return {}
    return {
        tables_of(patient.flow, up): sum(
            s.read for s in patient.seen.sources if s.table in patient.plan.tables(up)
        )
        for up, state in zip(ups, states, strict=True)
        if is_endless(state)
    }


def _a_day(first: CheckpointSeen, last: CheckpointSeen) -> str:
    return size((last.state - first.state) / max(last.at - first.at, 1) * 86_400_000)
