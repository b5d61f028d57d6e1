"""Subtasks that get unlike numbers of records, or work for unlike times, and the key that is named for it."""

from __future__ import annotations

import pytest
from tests.unit.diagnosis.observations import JOIN, found, partition, source

from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import SubtaskSeen, VertexSeen
from juncture.model.sources_seen import KeySeen, SampleSeen


def task(index: int, records: int, busy: float | None) -> SubtaskSeen:
    return SubtaskSeen(
        index=index, seconds=10, busy=busy, backpressured=0, idle=0, records_in=records, records_out=0
    )


def told(*tasks: tuple[int, float | None], share: float = 0.5) -> list[Diagnosis]:
    """Of a join whose subtasks got so many records, and worked for such a share of the time."""
    key = KeySeen(column="id", value="x", share=share)
    sample = SampleSeen(records=200, unread=0, late=None, oldest=None, keys=(key,))
    join = VertexSeen(
        id="j",
        name="IntervalJoin[7]",
        nodes=(JOIN,),
        parallelism=len(tasks),
        subtasks=tuple(task(index, *each) for index, each in enumerate(tasks)),
    )
    rules = found(
        source("server", partition(), sample=sample),
        source("client", partition()),
        around={"vertices": (join,)},
    )
    return [each for each in rules if each.rule == "key-skew"]


@pytest.mark.parametrize(("share", "named"), [(0.13, True), (0.12, False)])
def test_a_key_is_named_that_explains_what_a_subtask_has_more(share: float, named: bool) -> None:
    (only,) = told((750, 0.9), (250, 0.3), share=share)
    assert "subtask 0 of the join of server with client gets 75 % of the records" in only.message
    assert ("server.id = 'x'" in only.message) is named
    assert ("most frequent id of server" in [each.what for each in only.evidence]) is named


def test_a_subtask_that_works_longer_with_as_many_records_is_told_by_its_time() -> None:
    (only,) = told((500, 0.3), (500, 0.9), share=0.005)
    assert only.message == (
        "subtask 1 of the join of server with client works 90 % of the time, where all do 60 % on average, and gets"
        " 50 % of the records"
    )
    assert "its TaskManager gets less of a core" in only.remedy


def test_a_subtask_of_which_nothing_is_known_does_not_idle() -> None:
    assert told((750, 0.9), (0, None)) == []
