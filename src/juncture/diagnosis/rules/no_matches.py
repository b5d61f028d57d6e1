"""Rule no-matches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.checks.wording import listed, tables_of
from juncture.diagnosis.drift import NEAR, apart_in_time
from juncture.diagnosis.matches import SURE, Suspect, most_that_match, suspects
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.flow import condition_of
from juncture.model.plan import PlanNode
from juncture.model.traffic import Matching
from juncture.model.wording import counted, decimal, lag, span

_HOUR = 3_600_000
_ZONES = 14 * _HOUR
_DECADES = 20 * 365 * 24 * _HOUR


class NoMatches(Rule):
    """A join gets rows on both sides, and none of them matches.

    An inner join gives out nothing then, and an outer join rows without a partner alone, and nothing fails: the job
    runs, reads, and looks healthy. Mostly keys are written differently on the two sides, or event times are: in
    seconds where the other's are in milliseconds, or in another time zone. Or the bounds miss the time that really lies
    between partners.

    Seen by: the rows that went into the join on each side, and those that came out (`numRecordsOut`), once it has run
    for longer than its bounds, or for ten minutes without any; and by what is in the topics: whether rows with equal
    keys are there, within the bounds, outside of them, or not at all. It takes 3,000 rows of which none matched, so
    that fewer than one in a thousand does, with 95 % confidence: of the side with fewer rows, or of those that were
    looked for in the topics; and 300 on each side where keys are alike but for how they are written. Of an outer join
    it is told only if the topics show it, and so it is where the join has a further condition, which may be what drops
    all. The cost is all of the rows.

    Change: have the keys written alike, or join on the columns that are meant; mend the times, in the columns of the
    WATERMARKs, or the join's bounds.
    """

    id = "no-matches"
    effect = "loses"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        late = {each.operator for each in found if each.rule == "late-records"}
        for each in suspects(patient.plan, patient.seen.vertices, patient.kept):
            met = patient.seen.matching.get(each.node.id)
            operator = patient.described(each.node)
            keys = met.keys if met is not None else "unknown"
            if keys == "meet" or (keys == "unknown" and (operator in late or _may_be(patient, each))):
                continue
            looked = each.looked_at(met)
            # Keys that are alike but for how they are written are no matter of how many were looked at.
            if looked < SURE and not (met is not None and met.alike_but_for):
                continue
            left, right = (tables_of(patient.flow, up) for up in patient.plan.inputs(each.node))
            came = "nothing but rows without a partner comes" if each.is_outer else "nothing comes"
            yield self.diagnosis(
                1.0,
                operator,
                f"{came} out of {operator}: in {span(each.lasted)} it got {counted(each.rows[0], 'row')} of {left} and"
                f" {each.rows[1]:,} of {right}{_why(met)}",
                patient.place(each.node),
                (
                    (
                        f"rows of {left} that went in",
                        f"{each.rows[0]:,}",
                        "metric numRecordsOut of its input",
                    ),
                    (f"rows of {right} that went in", f"{each.rows[1]:,}", "the same"),
                    ("rows that came out", f"{each.emitted:,}", "metric numRecordsOut"),
                    ("for", span(each.lasted), "the time of its tasks"),
                    (
                        "rows that match",
                        f"{decimal(100 * most_that_match(looked), 2)} % at the most, with 95 % confidence",
                        f"none of {looked:,} did",
                    ),
                    ("rows of a pair are apart", _apart(patient, each.node), "the plan: the join's bounds"),
                    *_in_topics(met),
                    *_keys(patient, each.node),
                ),
                _remedy(patient, each, met),
            )


def _may_be(patient: Patient, suspect: Suspect) -> bool:
    """Whether no row may come out though all is well, as far as is known."""
    apart = apart_in_time(patient, suspect.node)
    drifts = apart is not None and apart.drift > max(patient.kept(suspect.node) or 0, NEAR)
    return suspect.is_outer or condition_of(suspect.node) is not None or drifts


def _apart(patient: Patient, node: PlanNode) -> str:
    apart = patient.apart(node)
    if apart is not None:
        return f"{span(apart)} at most"
    return "no matter how far" if condition_of(node) is None else "as its condition says"


def _why(met: Matching | None) -> str:
    if met is None or met.keys == "unknown":
        return "; whether keys are alike is not known"
    if met.keys == "apart":
        return f"; rows of {met.right} are {lag(met.apart_by or 0.0)} than those of {met.left} with their key"
    but_for = f", and most are alike but for {met.alike_but_for}" if met.alike_but_for else ""
    return f"; no key of {met.right} is found in {met.left}{but_for}"


def _in_topics(met: Matching | None) -> Iterator[tuple[str, str, str]]:
    if met is None or met.keys == "unknown":
        return
    looked = f"samples of {met.sampled[0]:,} and {met.sampled[1]:,} records of its topics"
    if met.keys == "apart":
        yield (
            f"rows of {met.right} with the key of one of {met.left}",
            f"{met.apart:,}, none within the bounds",
            looked,
        )
        yield "the nearest of these", f"{lag(met.apart_by or 0.0)}, in the middle", "the same"
    else:
        yield f"rows of {met.right} with the key of one of {met.left}", f"0 of {met.searched:,.0f}", looked


def _keys(patient: Patient, node: PlanNode) -> tuple[tuple[str, str, str], ...]:
    tables = patient.plan.tables(node)
    return tuple(
        (f"a key of {source.table}", f"{key.column} = '{key.value}'", "a sample of the topic")
        for source in patient.seen.sources
        if source.table in tables and source.sample is not None
        for key in source.sample.keys
    )


def _remedy(patient: Patient, suspect: Suspect, met: Matching | None) -> str:
    left, right = (patient.plan.tables(up) for up in patient.plan.inputs(suspect.node))
    times = f"the columns of the WATERMARKs of {listed([*left, *right])}"
    if met is None or met.keys == "unknown":
        return f"see whether both sides write their keys alike, and {times}: their units, their time zones"
    if met.keys == "never":
        return (
            "have both sides write the key alike (capitals, blanks, zeros in front, a prefix), in a subquery below the"
            " join if not where it is written; or join on the columns that are meant"
        )
    by = abs(met.apart_by or 0.0)
    if by > _DECADES:
        return f"have one unit in {times}: one of them takes seconds, or microseconds, for milliseconds"
    widen = "where these times are right, widen the join's bounds to them"
    if by <= _ZONES and abs(by - round(by / (_HOUR / 2)) * (_HOUR / 2)) <= NEAR:
        return f"see {times}: that may be a time zone; {widen}"
    return f"see {times}; {widen}"
