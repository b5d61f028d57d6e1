"""What the joins of a rendered job run on, and which of them are one operator."""

from __future__ import annotations

from dataclasses import dataclass

from juncture.model.chains import Grouping, group_joins
from juncture.model.joins import JoinForm, join_forms
from juncture.model.plan import CompiledPlan
from juncture.model.rendered import RenderedJob


@dataclass(frozen=True)
class JoinOperators:
    """`forms` are all joins of the plan, in its order; `grouping` has those on the event join, by operator."""

    forms: tuple[JoinForm, ...]
    grouping: Grouping

    @property
    def taken(self) -> tuple[JoinForm, ...]:
        """The joins that run on the event join."""
        return tuple(each for each in self.forms if each.form == "event-join")

    @property
    def existence(self) -> tuple[JoinForm, ...]:
        """Those of them that are EXISTS, IN and their like with bounds: regular joins to Flink."""
        return tuple(each for each in self.taken if each.kind == "join")

    @property
    def chains(self) -> tuple[tuple[str, ...], ...]:
        """The plan's uids of the joins that are one operator, by operator."""
        return tuple(each.uids for each in self.grouping.chains)


def join_operators(rendered: RenderedJob, plan: CompiledPlan) -> JoinOperators:
    """Read them from the plan, as the job's `join_strategy` and `join_chains` say, and the version before."""
    forms = join_forms(plan, rendered.job.join_strategy, rendered.options, rendered.changelogs)
    taken = [each for each in forms if each.form == "event-join"]
    return JoinOperators(forms, group_joins(plan, taken, rendered.job.join_chains, rendered.apart))
