"""What TaskManagers tell of the machines that they are on."""

from __future__ import annotations

from juncture.flink.subtasks import Worker, cores_of


def worker(name: str, host: str, cores: int) -> Worker:
    return Worker.model_validate(
        {
            "id": name,
            "path": f"pekko.tcp://flink@{host}:40233/user/rpc/taskmanager_0" if host else "",
            "slotsNumber": 2,
            "hardware": {"cpuCores": cores},
        }
    )


def test_cores_of_a_machine_count_once_however_many_taskmanagers_are_on_it() -> None:
    found = [worker("a", "10.0.0.1", 8), worker("b", "10.0.0.1", 8), worker("c", "10.0.0.2", 4)]
    assert cores_of(found) == 12
    assert cores_of([worker("a", "", 8), worker("b", "", 8)]) == 16, "without an address each is by itself"
