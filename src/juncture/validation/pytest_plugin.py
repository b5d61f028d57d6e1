"""Join-validation cases as pytest's tests: every case of a YAML file is an item.

Loaded by pytest in every project where Juncture is installed, so nothing but pytest is imported until there
is a file of cases.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from juncture.validation.shared_sessions import SharedSessions

if TYPE_CHECKING:
    from juncture.validation.cases.case import Case
    from juncture.validation.harness.files import FileSession
    from juncture.validation.harness.outcome import Outcome
    from juncture.validation.harness.session import WarmSession

_CONFIG = "juncture.toml"


_SHARED = pytest.StashKey[SharedSessions]()


@pytest.fixture
def juncture_session(request: pytest.FixtureRequest) -> WarmSession | FileSession:
    """The warm session of the project that the test lies in, for cases that the test makes itself.

    Every job of the project may be tested, and TaskManagers killed.
    """
    root = _project_of(request.path)
    if root is None:
        pytest.fail(f"there is no {_CONFIG} above {request.path}", pytrace=False)
    return _session(request.config, request.session, root)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("juncture").addoption(
        "--juncture-files",
        action="store_true",
        help="run plain join-validation cases over files, without a broker: quick, and not quite what is deployed",
    )
    parser.getgroup("juncture").addoption(
        "--juncture-orders",
        metavar="N",
        type=int,
        default=0,
        help="run each plain join-validation case also in N other orders that have the same rows by right",
    )
    parser.getgroup("juncture").addoption(
        "--juncture-seed", metavar="NUMBER", type=int, default=0, help="which orders these are; 0 by default"
    )
    parser.getgroup("juncture").addoption(
        "--juncture-scenario",
        action="append",
        default=[],
        metavar="NAME",
        help="run each plain join-validation case also with this in its middle: taskmanager, savepoint, rescale, "
        "exactly-once, broker, or all; may be given several times",
    )
    parser.getgroup("juncture").addoption(
        "--juncture-html",
        metavar="FILE",
        type=Path,
        help="write a page that draws each join-validation case; pytest-xdist's workers write one each, FILE-gw0",
    )
    parser.addini(
        "juncture_cases",
        "folders of a project whose YAML files hold join-validation cases",
        "args",
        ["tests/joins"],
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SHARED] = SharedSessions(config.getoption("--juncture-files"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    try:
        _write_page(session.config)
    finally:
        # A worker of pytest-xdist is ended ten seconds after this, whatever it still stops.
        session.config.stash[_SHARED].close()


def _write_page(config: pytest.Config) -> None:
    path, shared = config.getoption("--juncture-html"), config.stash[_SHARED]
    if path is None or not shared.sections:
        return
    from juncture.render.pages import write_page
    from juncture.validation.report.html import page

    worker = getattr(config, "workerinput", {}).get("workerid")
    named = path.with_stem(f"{path.stem}-{worker}") if worker else path
    write_page(named, page(shared.sections, time.monotonic() - shared.started))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if isinstance(item, CaseItem) and isinstance(nextitem, CaseItem) and nextitem.root == item.root:
        skipped = nextitem.get_closest_marker("skip") is not None
        item.following = None if skipped else nextitem.case


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    root = _project_of(file_path)
    if root is None:
        return None
    folders = (root / folder for folder in parent.config.getini("juncture_cases"))
    if not file_path.name.startswith("test_") and not any(map(file_path.is_relative_to, folders)):
        return None
    found: CaseFile = CaseFile.from_parent(parent, path=file_path)
    found.root = root
    return found


def _project_of(path: Path) -> Path | None:
    return next((folder for folder in path.parents if (folder / _CONFIG).is_file()), None)


def _session(config: pytest.Config, run: pytest.Session, root: Path) -> WarmSession | FileSession:
    """The session of a project, for all of its cases and tests that were collected."""
    shared = config.stash[_SHARED]
    if root not in shared.cases:
        items: list[Any] = run.items
        mine = (each for each in items if isinstance(each, CaseItem) and each.root == root)
        shared.cases[root] = [each.case for each in mine]
        named = (each for each in items if "juncture_session" in getattr(each, "fixturenames", ()))
        shared.whole |= {root} & {_project_of(each.path) for each in named}
    return shared.session(root)


class CaseFile(pytest.File):
    """A file of cases."""

    root: Path

    def collect(self) -> Iterable[pytest.Item]:
        from juncture.errors import InvalidProject, JunctureError
        from juncture.project.config import resolve_environment
        from juncture.project.loader import load_project
        from juncture.validation.cases.case import Case
        from juncture.validation.cases.case_file import read_cases
        from juncture.validation.generate.orders import with_orders
        from juncture.validation.harness.scenarios import NotApplicable, with_scenarios

        try:
            project = load_project(self.root)
            environment = resolve_environment(project)
            stepped = not self.config.getoption("--juncture-files")
            jobs = {name: each.job for name, each in project.jobs.items()}
            authored = read_cases(project, environment, self.path)
            found = with_scenarios(jobs, authored, self._scenarios(), over_files=not stepped)
            listed = [each for each in found if isinstance(each, Case)]
            orders, seed = (self.config.getoption(f"--juncture-{each}") for each in ("orders", "seed"))
            cases = with_orders(project, environment, listed, orders, seed, stepped) if orders else listed
        except InvalidProject as error:
            raise self.CollectError("\n".join(_lines(each) for each in error.problems)) from None
        except JunctureError as error:
            raise self.CollectError(_lines(error)) from None
        for case in cases:
            item: CaseItem = CaseItem.from_parent(self, name=case.name)
            item.case, item.root, item.listed = case, self.root, case in listed
            for marker in case.markers:
                item.add_marker(marker)
            yield item
        for each in found:
            if isinstance(each, NotApplicable):
                excluded: CaseItem = CaseItem.from_parent(self, name=each.name)
                excluded.case, excluded.root = each.case, self.root
                excluded.add_marker(pytest.mark.skip(reason=f"not applicable: {each.reason}"))
                yield excluded

    def _scenarios(self) -> Iterable[str]:
        from juncture.validation.harness.scenarios import SCENARIOS

        wanted: list[str] = self.config.getoption("--juncture-scenario")
        for name in wanted:
            if name not in (*SCENARIOS, "all"):
                raise pytest.UsageError(f"there is no scenario '{name}': use {', '.join(SCENARIOS)}, or all")
        return SCENARIOS if "all" in wanted else wanted


class CaseFailed(Exception):
    """A case's rows are not as expected; `outcome` says which."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.case.name)
        self.outcome = outcome


class CaseItem(pytest.Item):
    """One case."""

    case: Case
    root: Path
    listed: bool = True
    """Whether the file has it, not another order of it."""
    following: Case | None = None
    """The case that is the next item, if it is one of the same project."""

    def setup(self) -> None:
        _session(self.config, self.session, self.root)

    def runtest(self) -> None:
        outcome = self.config.stash[_SHARED].outcome(self.root, self.case, self.following)
        if self.config.getoption("--juncture-html") is not None:
            from juncture.validation.report.html import section

            session = _session(self.config, self.session, self.root)
            self.config.stash[_SHARED].sections.append(section(outcome, session))
        for step, seconds in outcome.seconds.items():
            self.user_properties.append((f"seconds_{step}", seconds))
        if not outcome.passed:
            raise CaseFailed(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from juncture.errors import InvalidProject, JunctureError
        from juncture.validation.report.text import failure_lines

        error = excinfo.value
        if isinstance(error, CaseFailed):
            return "\n".join([*failure_lines(error.outcome), *([] if self.listed else self._copy())])
        if isinstance(error, InvalidProject):
            return "\n".join(_lines(each) for each in error.problems)
        if isinstance(error, JunctureError):
            return _lines(error)
        return super().repr_failure(excinfo, style)

    def _copy(self) -> list[str]:
        from juncture.validation.cases.case_writer import write_cases
        from juncture.validation.cases.schema import read_tables

        job = _session(self.config, self.session, self.root).job(self.case.job)
        return ["", "This order as a case:", "", write_cases([self.case], read_tables(job.rendered))]

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, (self.case.location.line or 1) - 1, self.name


def _lines(error: Any) -> str:
    return f"{error}\n  {error.remedy}" if error.remedy else str(error)
