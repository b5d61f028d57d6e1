"""Cases one after the other, each plain one begun while the one before it still runs."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType

from juncture.validation.cases.case import Case
from juncture.validation.harness.medium import Session
from juncture.validation.harness.outcome import Outcome
from juncture.validation.harness.runner import run_case

_AT_A_TIME = 2
"""More wait for each other: what a case needs most is a processor."""


class Ahead:
    """Runs cases as they are asked for. While the cluster works on one, the next is written and submitted.

    A case with steps is not begun ahead, and has the cluster for itself. Use as a context manager, within the
    session's.

    Args:
        session: what they run on.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._begun: dict[str, Future[Outcome]] = {}
        self._warm = False
        self._pool = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="case")

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def outcome(self, case: Case, following: Case | None = None) -> Outcome:
        """What became of a case.

        Args:
            case: was begun already, if it was `following` the last time.
            following: what will be asked for next, if that is known.

        Raises Unreachable, as `run_case` does, for this case alone.
        """
        if case.steps:
            wait(self._begun.values())
            return run_case(self._session, case)
        self._begin(case)
        # The first case loads and compiles every class: two at once would do that twice, and each take as long.
        if self._warm and following is not None and self._may_begin(case, following):
            self._begin(following)
        self._warm = True
        return self._begun.pop(case.id).result()

    def close(self) -> None:
        """Wait for a case that was begun and not asked for."""
        self._pool.shutdown(cancel_futures=True)

    def _may_begin(self, case: Case, following: Case) -> bool:
        return not following.steps and self._session.has_room(case, following)

    def _begin(self, case: Case) -> None:
        if case.id not in self._begun:
            self._begun[case.id] = self._pool.submit(run_case, self._session, case)
