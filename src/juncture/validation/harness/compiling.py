"""Jobs compiled as they are needed, once each, beside what else takes time to start."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from juncture.checks.engine import explained
from juncture.errors import Location, Refused
from juncture.model.plan import CompiledPlan
from juncture.model.rendered import RenderedJob
from juncture.planner.session import Planner


@dataclass(frozen=True)
class Compiled:
    """A job as it would be deployed."""

    rendered: RenderedJob
    plan: CompiledPlan


class Compiler:
    """Compiles jobs in the background, first the first. Close it before its planner.

    Args:
        planner: is asked.
        jobs: those that will be needed.
        variant: what of a job is compiled, where it is not the job itself.
    """

    def __init__(
        self,
        planner: Planner,
        jobs: Iterable[RenderedJob],
        variant: Callable[[RenderedJob], RenderedJob] = lambda rendered: rendered,
    ) -> None:
        self._planner, self._variant = planner, variant
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="compile-cases")
        self._jobs = {each.job.name: self._ahead.submit(self.compile, each) for each in jobs}

    def job(self, name: str) -> Compiled:
        """One of the jobs. Raises Refused as `compile` does."""
        return self._jobs[name].result()

    def compile(self, rendered: RenderedJob) -> Compiled:
        """Any version of a job. Raises Refused, with the first thing that is wrong, if Flink does not take it."""
        name = rendered.job.name
        compiled = self._variant(rendered)
        compilation = self._planner.compile(compiled)
        if compilation.plan is None or compilation.error is not None:
            why = explained(compiled, compilation)
            if why:
                raise Refused(
                    f"Flink refuses the job '{name}': {why[0].message}",
                    location=why[0].location,
                    remedy=why[0].remedy,
                )
            said = compilation.error.message if compilation.error else "no plan"
            raise Refused(
                f"Flink refuses the job '{name}': {said}",
                location=Location(f"jobs/{name}.yaml"),
                remedy=f"run `juncture check {name}`, which shows the place",
            )
        for option in compilation.options:
            if option.refusal is not None:
                raise Refused(
                    f"Flink refuses the value of the job's option {option.key}",
                    location=Location(f"jobs/{name}.yaml"),
                    remedy=f"run `juncture check {name}`, which shows what it takes",
                )
        return Compiled(rendered, compilation.plan)

    def close(self) -> None:
        """Compile no more."""
        self._ahead.shutdown(cancel_futures=True)
