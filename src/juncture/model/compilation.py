"""What Flink's planner made of a rendered job: a plan, an error, or both."""

from __future__ import annotations

from typing import Literal

from juncture.model.base import Value
from juncture.model.plan import CompiledPlan


class PlannerError(Value):
    """Flink's refusal, in its words and without its stack.

    `statement` is an index into RenderedJob.statements; with `function`, none of them is to blame, but that function of
    the job's own. Lines and columns count from 1 in that statement and
    are None where Flink names no place. `kind` says which step refused: reading the SQL, binding and
    optimizing it, or turning the plan into operators.
    """

    kind: Literal["parse", "validate", "translate"]
    message: str
    statement: int
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    function: str | None = None


class JobOption(Value):
    """What Flink makes of one of a job's own options.

    `known_as` is the key that Flink reads it by; None where it has no such option. Then `is_open` says that keys
    below its prefix are for others to define, `is_foreign` that no option of Flink's begins with its first word,
    and `nearest` are the keys near to it. `refusal` is what Flink says of a value that it can't convert to what
    is `expected`, or to one of `values`.
    """

    key: str
    value: str
    known_as: str | None
    is_open: bool = False
    is_foreign: bool = False
    nearest: tuple[str, ...] = ()
    refusal: str | None = None
    expected: str = ""
    values: tuple[str, ...] = ()


class Compilation(Value):
    """The planner's answer. With `lenient` the plan writes into a sink that takes everything.

    That is so where the authored INSERT was refused for its sink's sake: the rest can still be checked.
    `explanation` is Flink's text of the plan with the changelog mode of each operator. `options` are the job's
    own; those whose value Flink refuses are left out of the plan.
    """

    plan: CompiledPlan | None = None
    error: PlannerError | None = None
    lenient: bool = False
    explanation: str = ""
    options: tuple[JobOption, ...] = ()
