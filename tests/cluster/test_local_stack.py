"""A real broker and a real session cluster, one stack at a time."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from juncture.errors import Refused
from juncture.local import ports, processes
from juncture.local.doctor import examine
from juncture.local.stack import LocalStack
from juncture.local.state import StackState, StateFolder
from juncture.model.local import LocalSettings

SMALL = LocalSettings(slots=2, taskmanager_memory="1280m", jobmanager_memory="768m", broker_heap="256m")

# Says on stdout what `up` says, and at the end that it is up.
UP = f"""
import sys
from pathlib import Path
from juncture.model.local import LocalSettings
from juncture.local.stack import LocalStack
settings = LocalSettings.model_validate_json({SMALL.model_dump_json()!r})
LocalStack(Path(sys.argv[1]), settings).up(lambda message: print(message, flush=True))
print("up", flush=True)
"""


def strays(project: Path) -> list[int]:
    return [process.pid for process in processes.find_strays(StateFolder.of(project).marker)]


def listening(pids: Iterator[int]) -> set[tuple[str, int]]:
    found = set()
    for pid in pids:
        for connection in psutil.Process(pid).net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN:
                found.add((connection.laddr.ip, connection.laddr.port))
    return found


def produce(address: str, topic: str, value: bytes, timestamp: int) -> None:
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    producer = Producer({"bootstrap.servers": address, "acks": "all"})
    producer.produce(topic, value=value, timestamp=timestamp)
    assert producer.flush(30) == 0


def consume(address: str, topic: str) -> bytes | None:
    consumer = Consumer({"bootstrap.servers": address, "group.id": "test", "auto.offset.reset": "earliest"})
    try:
        consumer.subscribe([topic])
        message = consumer.poll(30)
        assert message is not None
        assert message.error() is None
        return message.value()
    finally:
        consumer.close()


def slots(state: StackState) -> int:
    overview = httpx2.get(f"{state.web_url}/overview", trust_env=False).json()
    return int(overview["slots-total"])


@pytest.fixture(scope="class")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    stack = LocalStack(tmp_path_factory.mktemp("a project"), SMALL)
    try:
        stack.up()
        yield stack
    finally:
        stack.down(purge=True)


@contextmanager
def starting_up(project: Path, role: str) -> Iterator[subprocess.Popen[str]]:
    """A process half-way through `up`: it has just started this one, which does not answer yet."""
    program = [sys.executable, "-c", UP, str(project)]
    child = subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    deadline = time.monotonic() + 60
    try:
        while not started(project, role):
            assert time.monotonic() < deadline
            assert child.poll() is None, child.communicate()
            time.sleep(0.02)
        yield child
    finally:
        child.kill()
        child.communicate()


def started(project: Path, role: str) -> bool:
    state = StateFolder.of(project).read()
    return state is not None and state.phase == "starting" and role in state.pids


def test_it_starts_on_other_ports_where_one_was_taken_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    pick, stack = ports.pick, LocalStack(tmp_path, SMALL, only="kafka")
    with socket.socket() as other:

        def taken_at_once(taken: Collection[int] = ()) -> int:
            port = pick(taken)
            if not other.getsockname()[1]:
                other.bind(("127.0.0.1", port))
                other.listen()
            return port

        monkeypatch.setattr(ports, "pick", taken_at_once)
        try:
            started = stack.up(said.append)
            assert other.getsockname()[1] not in started.ports.every
        finally:
            stack.down(purge=True)
    assert any(each.endswith("starting on others") for each in said)


class TestRunning:
    """One stack for the whole class; each test but the last leaves it up."""

    @pytest.fixture
    def state(self, stack: LocalStack) -> StackState:
        return stack.up()

    def test_a_record_of_long_ago_is_kept_and_read(self, state):
        produce(state.kafka_address, "old", b"hello", timestamp=1000)
        assert consume(state.kafka_address, "old") == b"hello"

    def test_the_slots_are_there(self, state):
        assert slots(state) == 2

    def test_it_listens_on_the_loopback_interface_only(self, state):
        addresses = listening(state.pids.values())
        assert {address.removeprefix("::ffff:") for address, _ in addresses} == {"127.0.0.1"}
        assert {state.ports.kafka, state.ports.rest} <= {port for _, port in addresses}

    def test_each_process_logs_to_a_file_of_its_own(self, state):
        assert all((state.logs / f"{role}.log").stat().st_size > 0 for role in state.pids)

    def test_a_second_up_starts_nothing(self, stack, state):
        messages: list[str] = []
        assert stack.up(messages.append) == state
        assert messages == []

    def test_the_doctor_sees_it(self, stack, state):
        [check] = [check for check in examine(state.root.parents[1]) if check.name == "stack"]
        assert check.status == "ok"
        assert state.kafka_address in check.detail

    def test_another_project_is_not_touched_and_gets_other_ports(self, state, tmp_path):
        other = LocalStack(tmp_path, SMALL)
        assert other.status() is None
        other.down(purge=True)
        with pytest.raises(Refused, match=f"port {state.ports.kafka} is in use by pid {state.pids['kafka']}"):
            LocalStack(tmp_path, SMALL.model_copy(update={"kafka_port": state.ports.kafka})).up()
        assert all(psutil.pid_exists(pid) for pid in state.pids.values())

    def test_a_killed_broker_comes_back_with_its_records_even_after_a_killed_up(self, stack, state):
        produce(state.kafka_address, "kept", b"still here", timestamp=1000)
        stack.kill("kafka")
        status = stack.status()
        assert status.dead == ("kafka",)
        assert not status.alive
        with starting_up(state.root.parents[1], "kafka") as killed:
            killed.kill()
            out, _ = killed.communicate()
        assert "Not running any more: kafka" in out.splitlines()
        half_started = stack.status().pids["kafka"]
        assert half_started != state.pids["kafka"]
        messages: list[str] = []
        again = stack.up(messages.append)
        assert messages[0].endswith("starting what it lacks beside jobmanager, taskmanager-1")
        assert again.ports == state.ports
        assert again.pids["jobmanager"] == state.pids["jobmanager"]
        assert again.pids["taskmanager-1"] == state.pids["taskmanager-1"]
        assert again.pids["kafka"] not in (state.pids["kafka"], half_started)
        assert sorted(strays(state.root.parents[1])) == sorted(again.pids.values())
        assert consume(again.kafka_address, "kept") == b"still here"

    def test_a_killed_taskmanager_is_replaced_even_after_an_interrupted_up(self, stack, state):
        stack.kill_taskmanager(1)
        assert stack.status().dead == ("taskmanager-1",)
        with starting_up(state.root.parents[1], "taskmanager-1") as interrupted:
            interrupted.send_signal(signal.SIGINT)
            interrupted.communicate(timeout=30)
        assert stack.status().dead == ("taskmanager-1",)
        again = stack.up()
        assert again.pids["jobmanager"] == state.pids["jobmanager"]
        assert again.pids["taskmanager-1"] != state.pids["taskmanager-1"]
        assert stack.status().alive

    def test_a_killed_taskmanager_is_replaced_by_one_with_the_settings_of_the_rest(self, stack, state):
        stack.kill_taskmanager(1)
        other = LocalStack(state.root.parents[1], SMALL.model_copy(update={"slots": 3}))
        messages: list[str] = []
        again = other.up(messages.append)
        assert again.pids["jobmanager"] == state.pids["jobmanager"]
        assert "with the settings of what runs" in messages[1]
        workers = httpx2.get(f"{again.web_url}/taskmanagers", trust_env=False).json()["taskmanagers"]
        assert {each["slotsNumber"] for each in workers} == {2}
        assert other.up(messages.append) == again
        assert messages[-1].startswith("Already up with other settings")

    def test_a_killed_jobmanager_takes_its_taskmanagers_along(self, stack, state):
        stack.kill("jobmanager")
        again = stack.up()
        assert again.pids["kafka"] == state.pids["kafka"]
        assert slots(again) == 2
        assert len(strays(state.root.parents[1])) == 3

    def test_down_leaves_no_process_and_no_port_and_keeps_the_topics(self, stack, state):
        produce(state.kafka_address, "down", b"still here", timestamp=1000)
        stack.down()
        assert strays(state.root.parents[1]) == []
        assert stack.status() is None
        assert all(ports.is_free(port) for port in (state.ports.kafka, state.ports.rest, state.ports.rpc))
        stack.down()
        assert consume(stack.up().kafka_address, "down") == b"still here"
        stack.down(purge=True)
        assert [entry.name for entry in state.root.iterdir()] == ["lock"]


def test_a_process_that_cannot_start_says_why_and_leaves_nothing(tmp_path):
    # The format tool makes the folder a log directory: a file in its place cannot be one.
    folder = StateFolder.of(tmp_path)
    folder.create()
    (folder.data / "kafka").write_text("in the way")
    (folder.data / "kafka.formatted").touch()
    stack = LocalStack(tmp_path, SMALL)
    with pytest.raises(Exception, match="kafka ended with") as error:
        stack.up()
    assert "Exception" in str(error.value)
    assert strays(tmp_path) == []
    assert stack.status() is None


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process half-way through `up`: the first JVMs run, nothing answers yet."""
    try:
        with starting_up(tmp_path, "jobmanager") as child:
            yield child
    finally:
        LocalStack(tmp_path).down()


def test_an_up_that_is_ended_stops_what_it_started(starting, tmp_path):
    assert strays(tmp_path)
    os.kill(starting.pid, signal.SIGTERM)
    out, err = starting.communicate(timeout=30)
    assert starting.returncode != 0
    assert "up" not in out.splitlines(), err
    assert strays(tmp_path) == []
    assert LocalStack(tmp_path).status() is None


def test_what_a_killed_up_left_is_cleared_by_down(starting, tmp_path):
    starting.kill()
    starting.communicate()
    assert strays(tmp_path)
    status = LocalStack(tmp_path).status()
    assert status is not None
    assert not status.alive
    [check] = [check for check in examine(tmp_path) if check.name == "stack"]
    assert check.status == "warn"
    LocalStack(tmp_path).down()
    assert not StateFolder.of(tmp_path).tmp.exists()
    assert strays(tmp_path) == []
    assert LocalStack(tmp_path).status() is None


def test_what_a_killed_up_left_is_replaced_by_up(starting, tmp_path):
    starting.kill()
    starting.communicate()
    left = set(strays(tmp_path))
    with LocalStack(tmp_path, SMALL) as stack:
        state = stack.status()
        assert state is not None
        assert state.alive
        assert left.isdisjoint(strays(tmp_path))
        assert sorted(strays(tmp_path)) == sorted(state.pids.values())
        # Even with its record lost, the processes are found.
        StateFolder.of(tmp_path).forget()
    assert strays(tmp_path) == []
