from __future__ import annotations

import socket

import pytest

from juncture.errors import JunctureError
from juncture.local import doctor
from juncture.local.doctor import examine
from juncture.local.jarlock import Coordinate, read_lock
from juncture.local.jars import JarCache
from juncture.local.stack import LocalStack
from juncture.model.local import LocalSettings


def never(coordinate: Coordinate, folder: object, tick: object):
    raise AssertionError("the doctor downloads nothing")


@pytest.fixture
def cache(tmp_path) -> JarCache:
    return JarCache(tmp_path / "cache", read_lock(), never)


def by_name(checks):
    return {check.name: check for check in checks}


def test_every_check_that_is_not_ok_has_a_remedy(tmp_path, cache):
    checks = examine(tmp_path, cache=cache)
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.remedy for check in checks if check.status != "ok")


def test_it_changes_nothing(tmp_path, cache):
    before = sorted(tmp_path.rglob("*"))
    examine(tmp_path, cache=cache)
    assert sorted(tmp_path.rglob("*")) == before


def test_jars_that_are_not_here_yet_are_only_a_warning(tmp_path, cache):
    checks = by_name(examine(tmp_path, cache=cache))
    assert checks["jars kafka-broker"].status == "warn"
    assert "of 46 not fetched" in checks["jars kafka-broker"].detail
    assert (checks["event join"].status, checks["event join"].detail) == ("warn", "not built yet")


def test_a_jar_with_another_content_is_a_failure(tmp_path, cache):
    jar = next(iter(read_lock().group("kafka-connector").jars))
    cache.path(jar).parent.mkdir(parents=True)
    cache.path(jar).write_bytes(b"tampered")
    found = by_name(examine(tmp_path, cache=cache))["jars kafka-connector"]
    assert found.status == "fail"
    [aside] = (cache.root / "quarantine").iterdir()
    assert f"put aside as {aside}" in found.detail
    assert "juncture submit" in (found.remedy or "")
    again = by_name(examine(tmp_path, cache=cache))["jars kafka-connector"]
    assert (again.status, again.detail) == ("warn", "1 of 1 not fetched yet")


def test_of_several_jars_the_missing_and_the_changed_are_told(tmp_path, cache):
    first, second, _ = read_lock().group("jdbc-connector").jars
    for jar in (first, second):
        cache.path(jar).parent.mkdir(parents=True, exist_ok=True)
        cache.path(jar).write_bytes(b"tampered")
    found = by_name(examine(tmp_path, cache=cache))["jars jdbc-connector"]
    assert found.status == "fail"
    assert str(first) in found.detail
    assert str(second) in found.detail
    assert "\n" not in found.detail


def test_a_configured_port_in_use_is_a_failure(tmp_path, cache):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        settings = LocalSettings(kafka_port=listening.getsockname()[1])
        checks = by_name(examine(tmp_path, settings, cache))
    assert checks["kafka_port"].status == "fail"


def test_a_stack_larger_than_the_machine_is_a_failure(tmp_path, cache):
    settings = LocalSettings(taskmanagers=16, taskmanager_memory="900g")
    assert by_name(examine(tmp_path, settings, cache))["memory"].status == "fail"


def test_another_flink_is_a_failure(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(doctor, "_installed", {"apache-flink": "1.20.0"}.get)
    checks = by_name(examine(tmp_path, cache=cache))
    assert checks["apache-flink"].status == "fail"
    assert checks["duckdb"].status == "warn"


def test_without_a_project_the_machine_alone_is_examined(cache):
    assert "stack" not in by_name(examine(cache=cache))


@pytest.mark.parametrize("name", ["a,b", "a:b"])
def test_a_path_that_flink_would_split_is_a_failure_before_anything_starts(tmp_path, cache, name):
    project = tmp_path / name
    found = by_name(examine(project, cache=cache))["project path"]
    assert found.status == "fail"
    assert found.remedy == f"move the project to a path without '{name[1]}'"
    with pytest.raises(JunctureError, match="it would take the path for several") as error:
        LocalStack(project, cache=cache).up()
    assert error.value.state == "nothing was started"
    assert not project.exists()


def test_ports_on_which_the_stack_itself_runs_are_fine_though_a_part_of_it_died(sleeping, cache):
    kafka, rest = sleeping.state.ports.kafka, sleeping.state.ports.rest
    settings = LocalSettings(kafka_port=kafka, flink_port=rest)
    LocalStack(sleeping.project).kill("jobmanager")
    with socket.socket() as broker, socket.socket() as other:
        for listening, port in ((broker, kafka), (other, rest)):
            listening.bind(("127.0.0.1", port))
            listening.listen()
        checks = by_name(examine(sleeping.project, settings, cache))
    assert checks["kafka_port"].detail == f"{kafka}, used by this project's stack"
    assert checks["flink_port"].status == "fail"
