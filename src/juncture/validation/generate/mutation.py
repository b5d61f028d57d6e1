"""Mutants of a job run under its cases: which of them the cases kill, and which they let live."""

from __future__ import annotations

from collections import Counter
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
    """All mutants of one job. `failing` are cases that fail on the job as it is: they kill nothing.

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
    return _Mutating(session, session.job(job), cases, equivalent, tell).result()


class _Mutating:
    def __init__(
        self,
        session: Session,
        authored: Compiled,
        cases: Sequence[Case],
        equivalent: Mapping[str, str],
        tell: Tell,
    ) -> None:
        self._session, self._authored, self._cases = session, authored, cases
        self._equivalent, self._tell = equivalent, tell
        self._kills: Counter[str] = Counter()
        self._as_it_is: dict[str, Outcome] = {}

    def result(self) -> Mutation:
        rendered = self._authored.rendered
        mutants = mutants_of(rendered)
        foreseen = foresee(rendered, read_tables(rendered), self._cases, mutants)
        plans = {self._authored.plan.text: "the join as it is"}
        tried: list[Tried] = []
        for mutant in mutants:
            each = self._try(mutant, foreseen.get(mutant.name, ()), plans)
            tried.append(each)
            self._tell(each)
        excused = {each.mutant.name for each in tried if each.fate == "equivalent"}
        return Mutation(
            self._authored,
            tuple(tried),
            failing=tuple(each for each in self._as_it_is.values() if not each.passed),
            unknown=tuple(name for name in self._equivalent if name not in excused),
        )

    def _try(self, mutant: Mutant, foreseen: Sequence[str], plans: dict[str, str]) -> Tried:
        try:
            version = self._session.compile(mutant.apply(self._authored.rendered))
        except Refused as error:
            return Tried(mutant, "refused", error.problem)
        if version.plan.text in plans:
            return Tried(mutant, "same plan", plans[version.plan.text])
        plans[version.plan.text] = mutant.name
        for case in sorted(self._cases, key=lambda case: self._rank(case, foreseen)):
            if self._is_sound(case) and not run_case(self._session, case, version).passed:
                self._kills[case.id] += 1
                return Tried(mutant, "killed", case.name)
        if mutant.name in self._equivalent:
            return Tried(mutant, "equivalent", self._equivalent[mutant.name])
        return Tried(mutant, "lives")

    def _rank(self, case: Case, foreseen: Sequence[str]) -> tuple[bool, bool, int]:
        """Those that will probably kill it first, of these the quick ones, of these what killed most."""
        return case.id not in foreseen, bool(case.steps), -self._kills[case.id]

    def _is_sound(self, case: Case) -> bool:
        """Whether the case passes on the job as it is: only then its failing says anything of a mutant."""
        if case.id not in self._as_it_is:
            self._as_it_is[case.id] = run_case(self._session, case)
        return self._as_it_is[case.id].passed
