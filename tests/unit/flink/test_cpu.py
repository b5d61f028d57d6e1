"""CPU that TaskManagers tell of, or don't."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from juncture.deploy.measuring.watching import cores_in_use
from juncture.errors import Refused
from juncture.flink import cpu
from juncture.flink.cpu import CpuUntold, cpu_times
from juncture.flink.http import NotFound
from juncture.flink.rest import FlinkCluster


def cluster(told: list[dict[str, str]] | Exception) -> FlinkCluster:
    """One TaskManager, which answers so when asked for its CPU."""

    def get(path: str, query: Any = None) -> Any:
        if path == "/taskmanagers":
            return {"taskmanagers": [{"id": "tm"}]}
        if isinstance(told, Exception):
            raise told
        return told

    return cast(FlinkCluster, SimpleNamespace(http=SimpleNamespace(get=get)))


def test_seconds_by_taskmanager() -> None:
    found = cluster([{"id": "Status.JVM.CPU.Time", "value": "2500000000"}])
    assert cpu_times(found) == {"tm": 2.5}
    assert cpu_times(found, only=()) == {}


def test_one_that_does_not_tell_is_another_thing_than_one_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cpu, "_KNOWN_WITHIN", 0.0)
    with pytest.raises(CpuUntold, match=r"tm does not tell the CPU time.*Status\.JVM\.CPU\.Time"):
        cpu_times(cluster([]))
    assert cores_in_use(cluster([])) == {}
    with pytest.raises(Refused, match="was lost") as lost:
        cpu_times(cluster(NotFound("gone")))
    assert not isinstance(lost.value, CpuUntold)
