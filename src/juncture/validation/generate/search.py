"""Generated examples of a job run against the oracle, many at a time; what differs is made small."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, seed, settings

from juncture.model.wording import counted
from juncture.validation.cases.case import Case
from juncture.validation.generate.example import Example, together
from juncture.validation.generate.shape import shape_of
from juncture.validation.generate.shrink import shrink
from juncture.validation.generate.strategies import examples_for
from juncture.validation.harness.compiling import Compiled
from juncture.validation.harness.medium import Session
from juncture.validation.harness.outcome import Outcome
from juncture.validation.harness.runner import run_case
from juncture.validation.oracle.oracle import Oracle

_AT_ONCE = 25
"""Examples that share a run: more make it longer, fewer make more of them."""
_DRAWN = 2
"""As many times the examples that are wanted, as some are drawn twice."""
_MOST_RUNS = 100
"""After which a failing example is not made smaller any more."""
_PREFIX = re.compile(r"(\d+)\.k\d")
"""A key of an example that shares a run, with its number in front."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Search:
    """What came of a search. `seed` repeats it; `runs` are jobs that ran.

    `case` is the smallest case found whose rows differ, `outcome` how they do; both None where there was none.
    """

    job: str
    seed: int
    examples: int
    runs: int
    case: Case | None = None
    outcome: Outcome | None = None


def search(
    session: Session,
    job: str,
    count: int,
    number: int | None = None,
    version: Compiled | None = None,
    tell: Progress = lambda message: None,
) -> Search:
    """Compare a job with the oracle over `count` generated examples, and make the first that differs small.

    Args:
        session: of a project that has the job.
        job: its name.
        count: of examples.
        number: the seed; one is chosen if it is None.
        version: what runs in place of the job, to be compared with the job's own rows.
        tell: is told each step.

    Raises:
        OracleUnsupported: the oracle does not compute this join.
        Unreachable: as `run_case` does.
    """
    authored = session.job(job)
    Oracle(authored.rendered)
    number = secrets.randbits(32) if number is None else number
    return _Search(session, authored, count, number, version, tell).result()


class _Search:
    def __init__(
        self,
        session: Session,
        authored: Compiled,
        count: int,
        number: int,
        version: Compiled | None,
        tell: Progress,
    ) -> None:
        self._session, self._authored, self._version, self._tell = session, authored, version, tell
        self._count, self._seed, self._job = count, number, authored.rendered.job.name
        self._runs = 0
        self._smallest: tuple[Example, Outcome]
        self._last_run = 0

    def result(self) -> Search:
        examples = self._generate()
        for first in range(0, len(examples), _AT_ONCE):
            batch = examples[first : first + _AT_ONCE]
            self._tell(f"{self._job}: examples {first + 1} to {first + len(batch)} of {len(examples)}")
            outcome = self._run(together(batch))
            if outcome is None:
                continue
            self._smallest = (together(batch), outcome)
            self._last_run = self._runs + _MOST_RUNS
            if (single := self._isolate(batch, outcome)) is not None:
                shrink(single, self._differs)
            example, outcome = self._smallest
            case = example.case(self._name())
            return Search(self._job, self._seed, len(examples), self._runs, case, outcome)
        return Search(self._job, self._seed, len(examples), self._runs)

    def _generate(self) -> list[Example]:
        """The examples, in the order in which hypothesis makes them: each once, and fewer only if there are no more."""
        found: dict[str, Example] = {}

        @seed(self._seed)
        @settings(
            max_examples=_DRAWN * self._count,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(examples_for(shape_of(self._authored.rendered, self._authored.plan)))
        def collect(example: Example) -> None:
            found.setdefault(repr(example), example)

        collect()
        return list(found.values())[: self._count]

    def _isolate(self, batch: Sequence[Example], outcome: Outcome) -> Example | None:
        """An example that differs alone; the fewest that differ together, where none does."""
        for number in _numbers(outcome):
            if number < len(batch) and self._differs(batch[number]):
                return batch[number]
        while len(batch) > 1:
            half = len(batch) // 2
            for part in (batch[:half], batch[half:]):
                if self._differs(together(part)):
                    batch = part
                    break
            else:
                return together(batch)
        # Alone it has keys and times of its own again.
        return next((each for each in (batch[0], together(batch)) if self._differs(each)), None)

    def _differs(self, example: Example) -> bool:
        if self._runs >= self._last_run:
            return False
        outcome = self._run(example)
        self._tell(
            f"{self._job}: {counted(len(example.events), 'event')}, {'differ' if outcome else 'do not differ'}"
        )
        if outcome is not None:
            self._smallest = (example, outcome)
        return outcome is not None

    def _run(self, example: Example) -> Outcome | None:
        """How the rows differ; None where they don't."""
        self._runs += 1
        outcome = run_case(self._session, example.case(self._name()), self._version)
        return None if outcome.passed else outcome

    def _name(self) -> str:
        return f"found by seed {self._seed}"


def _numbers(outcome: Outcome) -> list[int]:
    """Of the examples that share a run those whose keys stand in a row that differs, the first two."""
    found = outcome.difference
    cells = (
        cell
        for each in (found.deviations if found else ())
        for cell in (*(each.expected or ()), *(each.actual or ()))
    )
    numbers = (int(match[1]) for cell in cells if (match := _PREFIX.fullmatch(cell)))
    return list(dict.fromkeys(numbers))[:2]
