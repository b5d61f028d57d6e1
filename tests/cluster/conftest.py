"""One broker and one Flink cluster for all tests that don't need their own; one planner."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cluster.example import Example, example
from tests.cluster.recorded import recorded
from tests.s3 import S3

from juncture.deploy.environment.toolchain import Toolchain, find_toolchain
from juncture.flink.rest import FlinkCluster
from juncture.local.jarlock import read_lock
from juncture.local.jars import JarCache
from juncture.local.stack import LocalStack
from juncture.model.environment import Flink, Kafka
from juncture.model.local import LocalSettings
from juncture.planner.compilations import CompilationCache
from juncture.planner.session import Planner
from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.validation.harness.session import WarmSession

Make = Callable[..., Example]
Instead = Callable[[], AbstractContextManager[None]]
REPOSITORY = Path(__file__).parents[2]
LONGEST = (
    "test_change_under_load",
    "test_hand_over",
    "test_upgrade",
    "test_diagnosis",
    "test_docs",
    "test_verdicts",
    "test_bench",
    "test_startpoints_applied",
    "test_capacity",
    "test_demo",
    "test_deploy_resume",
    "test_deploy_interrupted",
    "test_local_stack",
    "test_secured",
    "test_operators",
    "test_upgrade_event_time",
    "test_diagnosis_of_surroundings",
    "test_own_jars",
    "test_cli_deploy",
    "test_oracle_lateness",
    "test_deploy",
    "test_validation_generated",
    "test_event_join",
    "test_operator_streams",
    "test_oracle",
    "test_oracle_kinds",
    "test_harness",
    "test_kubernetes",
    "test_s3",
    "test_forst",
    "test_diagnosis_of_topics",
    "test_monitoring",
    "test_planner",
    "test_savepoints_refused",
    "test_lookup",
)
"""Modules that start jobs, or take more than some seconds, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No worker must begin a long module last: what comes then are those that start nothing, or little."""
    last = len(LONGEST)
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else last)


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let programs be interrupted: one that a shell starts in the background inherits that SIGINT is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def short_lived() -> Iterator[None]:
    """Have each JVM compile quickly, not well: none that a test starts lives long enough for the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
        yield


@dataclass(frozen=True)
class Stack:
    """A running stack of 6 slots: `root` is the folder of the project it belongs to.

    Tasks that fail are restored from the TaskManager's own copy of their state. State may be put into `s3`, which is up
    once somebody enters it.
    """

    root: Path
    local: LocalStack
    kafka: Kafka
    flink: Flink
    s3: S3


@pytest.fixture(scope="session")
def stack(
    tmp_path_factory: pytest.TempPathFactory, toolchain: Toolchain, loaded: dict[str, set[str]]
) -> Iterator[Stack]:
    root = tmp_path_factory.mktemp("stack")
    settings = LocalSettings(slots=6, taskmanager_memory="2g", jobmanager_memory="1g", broker_heap="512m")
    # As `juncture local up` does it: the connector is loaded once, and not for each job that brings it along.
    libraries = [jar.path for jar in toolchain.jars]
    # A session cluster has it as a plugin; the class path does as well.
    libraries += JarCache(lock=read_lock(Path(__file__).with_name("jars.lock"))).jars("s3")
    s3 = S3()
    options = {
        **s3.options,
        "execution.state-recovery.from-local": "true",
        # Whenever somebody asks for metrics Flink goes through those of all jobs that it has in store: of hundreds
        # that have ended, that takes more than those that run.
        "jobstore.max-capacity": "20",
    }
    # Nor does it record classes for those that come after it.
    local = LocalStack(root, settings, libraries=libraries, options=options, short_lived=True, records=False)
    state = local.up()
    loaded[str(state.ports.rest)] = {jar.resolve().as_uri() for jar in libraries}
    try:
        yield Stack(
            root=root,
            local=local,
            kafka=Kafka(bootstrap_servers=state.kafka_address),
            flink=Flink(rest=state.web_url),
            s3=s3,
        )
    finally:
        local.down(purge=True)


@pytest.fixture(scope="session")
def examples(stack: Stack) -> Path:
    """The examples as a project, in the root of the stack that they run on."""
    for folder in ("sql", "jobs", "templates"):
        shutil.copytree(REPOSITORY / folder, stack.root / folder)
    shutil.copy(REPOSITORY / "juncture.toml", stack.root)
    return stack.root


@pytest.fixture(scope="session")
def warm(examples: Path, instead: Instead) -> Iterator[WarmSession]:
    """A session on the stack, to put others beside; its project is the examples."""
    job = (REPOSITORY / "jobs/impression_clicks.yaml").read_text()
    (examples / "jobs/on_event_join.yaml").write_text(f"{job}join_strategy: event_join\n")
    project = load_project(examples)
    with instead():
        session = WarmSession(project, resolve_environment(project), ["on_event_join"])
    with session:
        yield session


@pytest.fixture
def cluster(stack: Stack) -> Iterator[FlinkCluster]:
    """The stack's Flink; jobs that the test leaves running are cancelled."""
    with FlinkCluster(stack.flink.rest) as cluster:
        yield cluster
        left = [job.id for job in cluster.jobs() if not job.ended]
        for job in left:
            cluster.cancel(job)
        for job in left:
            cluster.wait_ended(job, 180)


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """Java and the jars of the Kafka connector."""
    return find_toolchain(["kafka"])


@pytest.fixture(scope="session")
def loaded() -> dict[str, set[str]]:
    """Addresses of the jars on a cluster's class path, by the port of its REST service."""
    return {}


@pytest.fixture(scope="session")
def planner(loaded: dict[str, set[str]]) -> Iterator[Planner]:
    """A warm planner that knows Kafka, Protobuf, JDBC and Juncture's operators: it compiles jobs, and starts them."""

    class Sparing(Planner):
        """Sends no jar that the cluster has loaded. It takes a second of CPU, and no class of it would be used."""

        def run(self, script: Path, options: Mapping[str, str], variables: Mapping[str, str]) -> None:
            there, sent = loaded.get(options.get("rest.port", ""), set()), dict(options)
            left = [each for each in sent.pop("pipeline.jars", "").split(";") if each and each not in there]
            super().run(script, sent | ({"pipeline.jars": ";".join(left)} if left else {}), variables)

    tools = find_toolchain(["kafka", "protobuf", "jdbc"], operators=True)
    cache = CompilationCache(JarCache().root / "compilations")
    jars = [jar.path for jar in tools.jars]
    with Sparing(tools.java_home, jars, cache=cache, archive=recorded(tools)) as planner:
        yield planner


@pytest.fixture(scope="session")
def instead(planner: Planner) -> Instead:
    """Within it, what runs in this process and would start a planner of its own uses the warm one."""

    @contextmanager
    def _instead() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Toolchain, "planner", lambda self, variables=None: nullcontext(planner))
            yield

    return _instead


@pytest.fixture
def one_planner(instead: Instead) -> Iterator[None]:
    """Let commands that run in this process use the warm planner, instead of starting one each."""
    with instead():
        yield


@pytest.fixture
def make(
    stack: Stack,
    cluster: FlinkCluster,
    planner: Planner,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Make:
    """Makes the test's example; its topics exist unless it says otherwise."""

    def _make(topics: bool = True, **more: Callable[[str], str]) -> Example:
        name = f"t{abs(hash(request.node.nodeid)) % 10**8}"
        made = example(tmp_path / "project", name, stack.kafka, stack.flink, planner, **more)
        if topics:
            made.create_topics()
        return made

    return _make
