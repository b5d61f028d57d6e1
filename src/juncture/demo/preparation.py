"""Render, compile and check the job, beside the start of the stack."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from juncture.checks.engine import check
from juncture.deploy.environment.toolchain import Toolchain, toolchain_for, toolchain_of
from juncture.errors import InvalidProject, JunctureError, Refused
from juncture.model.environment import Environment
from juncture.model.project import Project
from juncture.model.rendered import RenderedJob
from juncture.model.wording import counted
from juncture.planner.session import Planner
from juncture.render.bundle import bundle, write
from juncture.render.renderer import render

Report = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """A job that is ready to be submitted: its files, and the planner whose JVM is warm."""

    rendered: RenderedJob
    files: Mapping[str, str]
    folder: Path
    toolchain: Toolchain
    planner: Planner


class Preparation:
    """Prepares in a thread of its own. `result` waits for it, `close` breaks it off and ends its JVM.

    Args:
        project: the project.
        job: a job of it.
        environment: what to render for.
        report: is told each step.
    """

    def __init__(self, project: Project, job: str, environment: Environment, report: Report) -> None:
        self._project = project
        self._job = job
        self._environment = environment
        self._report = report
        self._planner: Planner | None = None
        self._prepared: Prepared | None = None
        self._error: BaseException | None = None
        self._closed = False
        self._lock = threading.Lock()
        # A daemon: a download that hangs must not keep an interrupted demo from ending.
        self._thread = threading.Thread(target=self._run, name="demo-preparation", daemon=True)
        self._thread.start()

    def result(self) -> Prepared:
        """What was prepared. Raises what went wrong: InvalidProject, Refused for findings, Unreachable."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._prepared is not None
        return self._prepared

    def close(self) -> None:
        """End the planner; what is still being prepared is given up. May be called again."""
        with self._lock:
            self._closed = True
            planner, self._planner = self._planner, None
        if planner is not None:
            planner.close()

    def _run(self) -> None:
        try:
            self._prepared = self._prepare()
        except BaseException as error:
            self._error = error

    def _prepare(self) -> Prepared:
        rendered = render(self._project, self._job, self._environment)
        toolchain = toolchain_of([rendered], self._report)
        with self._lock:
            if self._closed:
                raise JunctureError("the demo was given up")
            planner = self._planner = toolchain.planner()
            planner.start()
        compilation = planner.compile(rendered)
        findings = check(rendered, compilation)
        errors = [each for each in findings if each.severity == "error" and each.silenced is None]
        if errors:
            raise InvalidProject(
                [JunctureError(each.message, location=each.location, remedy=each.remedy) for each in errors]
            )
        if compilation.plan is None:
            raise Refused(f"Flink refuses the job '{self._job}'", remedy=f"run `juncture check {self._job}`")
        toolchain = toolchain_for(rendered, compilation.plan)
        warnings = sum(each.severity == "warning" and each.silenced is None for each in findings)
        files = bundle(rendered, compilation.plan, toolchain.pinned, self._project.template_dirs)
        folder = write(files, self._project.root / "build" / self._job, toolchain.beside)
        found = counted(warnings, "warning") if warnings else "no findings"
        self._report(
            f"Rendered and compiled {self._job}: {counted(len(compilation.plan.nodes), 'operator')}, {found}"
        )
        return Prepared(rendered, files, folder, toolchain, planner)
