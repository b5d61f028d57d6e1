"""What runs cases for one run of pytest: sessions that are kept warm, and share a broker and a cluster.

Nothing of Juncture is imported until a case needs it, as pytest loads this in every project.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from juncture.validation.cases.case import Case
    from juncture.validation.harness.ahead import Ahead
    from juncture.validation.harness.files import FileSession
    from juncture.validation.harness.outcome import Outcome
    from juncture.validation.harness.session import WarmSession
    from juncture.validation.report.html import Section


class SharedSessions:
    """The warm sessions of one run of pytest, one for each project, started by the first case that needs it.

    They share a broker and a cluster where they can.
    """

    def __init__(self, over_files: bool) -> None:
        self.cases: dict[Path, list[Case]] = {}
        self.whole: set[Path] = set()
        """Projects of which any job may be asked for, and killed."""
        self.sections: list[Section] = []
        """What the page shows, if one is asked for."""
        self.started = time.monotonic()
        self._over_files = over_files
        self._sessions: dict[Path, WarmSession | FileSession] = {}
        self._ahead: dict[Path, Ahead] = {}

    def session(self, root: Path) -> WarmSession | FileSession:
        if root not in self._sessions:
            from juncture.project.config import resolve_environment
            from juncture.project.loader import load_project
            from juncture.validation.cases.timeline import needs_spare, slots_of
            from juncture.validation.harness.files import FileSession
            from juncture.validation.harness.session import WarmSession

            project, cases = load_project(root), self.cases[root]
            environment, jobs = resolve_environment(project), [case.job for case in cases]
            jobs += sorted(project.jobs) if root in self.whole else []
            if self._over_files:
                self._sessions[root] = FileSession(project, environment, jobs)
            else:
                warm = [each for each in self._sessions.values() if isinstance(each, WarmSession)]
                beside = warm[0] if warm else None
                # Another project's cases may come to use this stack.
                every = [case for found in self.cases.values() for case in found]
                self._sessions[root] = WarmSession(
                    project,
                    environment,
                    jobs,
                    beside=beside,
                    spare=bool(self.whole) or any(map(needs_spare, every)),
                    slots=slots_of(every),
                )
        return self._sessions[root]

    def outcome(self, root: Path, case: Case, following: Case | None) -> Outcome:
        if root not in self._ahead:
            from juncture.validation.harness.ahead import Ahead

            self._ahead[root] = Ahead(self.session(root))
        return self._ahead[root].outcome(case, following)

    def close(self) -> None:
        while self._ahead:
            self._ahead.popitem()[1].close()
        while self._sessions:
            self._sessions.popitem()[1].close()
