"""How long a savepoint is waited for, and what is told meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.deploy.records import deployment

from juncture.deploy.state.patience import savepoint_told, savepoint_within
from juncture.deploy.store.deployments import Store


def told_until(seconds: int) -> list[str]:
    said: list[str] = []
    waiting = savepoint_told("clicks", 600, said.append)
    for second in range(seconds + 1):
        waiting(float(second))
    return said


def test_it_is_told_less_often_as_it_goes_on() -> None:
    said = [each for each in told_until(573) if each.startswith("Taking a savepoint")]
    times = [int(each.split(", ")[1].removesuffix(" s")) for each in said]
    assert times == [5, 10, 15, 20, 25, *range(30, 573, 30)]


def test_after_a_minute_it_is_told_once_what_may_be_done() -> None:
    assert not any("diagnose" in each for each in told_until(59))
    (advice,) = [each for each in told_until(573) if "diagnose" in each]
    assert advice in told_until(60)
    for part in (
        "`juncture diagnose clicks`",
        "After 600 s",
        "`juncture stop clicks --no-savepoint`",
        "checkpoint",
    ):
        assert part in advice


@pytest.mark.parametrize(
    ("options", "seconds"), [({}, 660), ({"execution.checkpointing.timeout": "2 h"}, 7_260), (None, 660)]
)
def test_it_is_waited_for_as_long_as_flink_goes_on_with_it(
    tmp_path: Path, options: dict[str, str] | None, seconds: int
) -> None:
    store = Store(tmp_path)
    if options is not None:
        manifest = {
            "schema_version": 1, "job": "clicks", "environment": "local", "flink": "2.3", "variables": [],
            "options": options, "topics": {}, "sources": {}, "parallelism": 1,
        }  # fmt: skip
        store.put_bundle("clicks", "abc", {"manifest.json": json.dumps(manifest), "job.py": ""})
    assert savepoint_within(deployment(1, "running"), store) == seconds
