"""Subtasks of sources without a partition: one finding for all sources."""

from __future__ import annotations

import pytest
from tests.unit.diagnosis.observations import found, partition, source

from juncture.model.observation import VertexSeen


def reader(table: str, subtasks: int) -> VertexSeen:
    return VertexSeen(id=table, name=table, nodes=(), parallelism=subtasks, subtasks=())


def test_sources_with_too_few_partitions_are_one_finding() -> None:
    sources = source("server", partition()), source("client", partition(), partition(1))
    vertices = reader("server", 3), reader("client", 3)
    (told,) = [each for each in found(*sources, vertices=vertices) if each.rule == "silent-subtasks"]
    assert told.effect == "stops"
    assert told.operator == "the sources server and client"
    assert told.message == (
        "2 of the 3 subtasks of the source server have no partition of the 1 of 'topic-server' and 1 of the 3 subtasks"
        " of the source client has no partition of the 2 of 'topic-client' to read, and hold back the join of server"
        " with client without a watermark"
    )
    assert "to 1, or give 'topic-server' 3 partitions and 'topic-client' 3 partitions;" in told.remedy


@pytest.mark.parametrize(
    ("subtasks", "timeout", "effect"), [(1, None, []), (2, 1_000, ["slows"]), (2, None, ["stops"])]
)
def test_an_idle_timeout_lets_the_others_go_on(subtasks: int, timeout: int | None, effect: list[str]) -> None:
    quiet = source("client", partition(), idle_timeout=timeout)
    rules = found(source("server", partition()), quiet, vertices=(reader("client", subtasks),))
    assert [each.effect for each in rules if each.rule == "silent-subtasks"] == effect
