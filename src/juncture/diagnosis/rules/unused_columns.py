"""Rule unused-columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.checks.case import Case
from juncture.checks.rules.unused_column_in_state import Unused, UnusedColumnInState, unused
from juncture.checks.silences import silenced, silences
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.flow import Flow
from juncture.model.plan import PlanNode
from juncture.model.wording import percent, size


class UnusedColumns(Rule):
    """A column takes room in a join's state, though nothing needs it there as it is.

    Every column that enters a join is stored with each row, read and written with it, and part of every checkpoint.
    Flink leaves out columns that the query does not name, but computes expressions after the join: a payload of which
    one field is selected is kept whole.

    Seen by: the plan, as `juncture check` does it (unused-column-in-state; a silence of that rule holds here, too),
    and the width of each column in the last records of the topics. The cost is the column's share of the bytes that
    the join keeps, with as many rows of each side as were read of it; without samples, its share of the columns.

    Change: compute what is needed of it in a subquery below the join, and leave the column there.
    """

    id = "unused-columns"
    effect = "grows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        case = patient.case
        if case is None:
            return
        rule, known = UnusedColumnInState(), silences(case)
        for each in unused(case):
            (finding,) = silenced(known, [rule.of(case, each)])
            vertex = patient.seen.vertex(each.join.id)
            if finding.silenced or vertex is None or (not vertex.records_in and not vertex.state):
                continue
            share, source = _share(patient, case, each)
            state = vertex.state
            yield self.diagnosis(
                share,
                patient.described(each.join),
                f"{finding.message}: {percent(share)} of what it keeps",
                finding.location,
                (
                    ("its share of what is kept", percent(share), source),
                    *(
                        (("state of the join", size(state), "REST /jobs/JOB/checkpoints/details"),)
                        if state
                        else ()
                    ),
                ),
                finding.remedy,
            )


def _share(patient: Patient, case: Case, found: Unused) -> tuple[float, str]:
    """The column's share of the bytes that the join keeps, and where that is from."""
    ups = patient.plan.inputs(found.join)
    widths = [_widths(patient, found.flow, up) for up in ups]
    if any(width is None for width in widths):
        return 1 / sum(len(up.fields) for up in ups), "the plan: one of its columns, as there is no sample"
    rows = [sum(s.read for s in patient.seen.sources if s.table in patient.plan.tables(up)) for up in ups]
    if not any(rows):
        rows = [1 for _ in ups]  # it is not told how many came: each side alike
    total = sum(count * sum(width or ()) for count, width in zip(rows, widths, strict=True))
    side = ups.index(found.up)
    own = rows[side] * (widths[side] or ())[found.index]
    return (own / total if total else 0.0), "samples of the topics: bytes of each column as JSON"


def _widths(patient: Patient, flow: Flow, up: PlanNode) -> list[float] | None:
    """The mean bytes of each column of a join's input; None where one is not known."""
    samples = {each.table: each.sample for each in patient.seen.sources}
    found = []
    for index in range(len(up.fields)):
        origins = flow.origins(up, index)
        taken = samples.get(origins[0].table) if len(origins) == 1 else None
        if taken is None or not taken.widths:
            return None
        found.append(taken.widths.get(origins[0].column, 0.0))
    return found
