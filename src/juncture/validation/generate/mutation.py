"""Mutants of a job run under its cases: which of them the cases kill, and which they let live."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from juncture.errors import Refused
from juncture.validation.cases.case import Case
from juncture.validation.cases.schema import read_tables
from juncture.validation.generate.foresight import foresee
from juncture.validation.generate.mutants import Mutant, mutants_of
from juncture.validation.harness.compiling import Compiled
from juncture.validation.harness.medium import Session
from juncture.validation.harness.outcome import Outcome
from juncture.validation.harness.runner import run_case

Fate = Literal["killed", "lives", "equivalent", "same plan", "refused"]
Tell = Callable[["Tried"], None]


@dataclass(frozen=True)
class Tried:
    """What became of a mutant. `why` is the case that killed it, the mutant of the same plan, or a reason."""

    mutant: Mutant
    fate: Fate
    why: str = ""


@dataclass(frozen=True)
class Mutation:
    """All mutants of one job. `failing` are cases that fail on the job as it is: they can kill nothing.

    `unknown` are names that are listed as equivalent and are no mutant's that lives.
    """

    compiled: Compiled
    tried: tuple[Tried, ...]
    failing: tuple[Outcome, ...] = ()
    unknown: tuple[str, ...] = ()

    def of(self, *fates: Fate) -> tuple[Tried, ...]:
        return tuple(each for each in self.tried if each.fate in fates)

    @property
    def passed(self) -> bool:
        """No mutant lives that is not said to be equivalent, and every case passes on the job as it is."""
        return not self.of("lives") and not self.failing and not self.unknown


def mutate(
    session: Session,
    job: str,
    cases: Sequence[Case],
    equivalent: Mapping[str, str],
    tell: Tell = lambda tried: None,
) -> Mutation:
    """Run the cases of a job against each mutant of its join, until one kills it.

    Flink's refusals, and plans that are the job's or an earlier mutant's, are no mutants. Expected rows are those
    of the job as authored.

    Args:
        session: of a project that has the job.
        job: its name.
        cases: of that job.
        equivalent: reasons by a mutant's name, for those that change no row.
        tell: is told each mutant's fate.

    Raises Unreachable as `run_case` does.
    """
    authored = session.job(job)
    outcomes = [run_case(session, case) for case in cases]
    sound = [each.case for each in outcomes if each.passed]
    failing = tuple(each for each in outcomes if not each.passed)
    tried: list[Tried] = []

    def record(mutant: Mutant, fate: Fate, why: str = "") -> None:
        tried.append(Tried(mutant, fate, why))
        tell(tried[-1])

    plans = {authored.plan.text: "the join as it is"}
    mutants = mutants_of(authored.rendered)
    foreseen = foresee(authored.rendered, read_tables(authored.rendered), sound, mutants)
    kills = {case.id: 0 for case in sound}
    for mutant in mutants:
        try:
            version = session.compile(mutant.apply(authored.rendered))
        except Refused as error:
            record(mutant, "refused", error.problem)
            continue
        if version.plan.text in plans:
            record(mutant, "same plan", plans[version.plan.text])
            continue
        plans[version.plan.text] = mutant.name
        first = foreseen.get(mutant.name, ())
        order = sorted(sound, key=lambda case: (case.id not in first, -kills[case.id]))
        killer = next((case for case in order if _kills(session, case, version)), None)
        if killer is not None:
            kills[killer.id] += 1
            record(mutant, "killed", killer.name)
        elif mutant.name in equivalent:
            record(mutant, "equivalent", equivalent[mutant.name])
        else:
            record(mutant, "lives")
    excused = {each.mutant.name for each in tried if each.fate == "equivalent"}
    unknown = tuple(name for name in equivalent if name not in excused)
    return Mutation(authored, tuple(tried), failing, unknown)


def _kills(session: Session, case: Case, version: Compiled) -> bool:
    return not run_case(session, case, version).passed
