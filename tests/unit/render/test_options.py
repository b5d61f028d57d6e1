"""Flink's options by state backend."""

from __future__ import annotations

import pytest

from juncture.model.job import Job
from juncture.render.options import event_join_options, flink_options


def job(backend: str, **options: str) -> Job:
    kept = {"state": {"backend": backend}, "options": options}
    return Job.model_validate({"name": "clicks", "join": "clicks", "sink": "matches", **kept})


@pytest.mark.parametrize("backend", ["rocksdb", "forst"])
def test_backends_that_have_files(backend: str) -> None:
    options = flink_options(job(backend), "clicks")
    assert options["state.backend.type"] == backend
    assert options["execution.checkpointing.incremental"] == "true"
    assert options[f"state.backend.{backend}.use-bloom-filter"] == "true"
    assert event_join_options(job(backend)) == {
        f"state.backend.{backend}.compaction.style": "UNIVERSAL",
        f"state.backend.{backend}.compression.per.level": "ZSTD_COMPRESSION",
    }


def test_the_heap_has_none() -> None:
    assert event_join_options(job("hashmap")) == {}
    assert "execution.checkpointing.incremental" not in flink_options(job("hashmap"), "clicks")


def test_with_forst_all_state_is_where_checkpoints_are_and_waited_for_where_it_must_be() -> None:
    found = flink_options(job("forst"), "clicks")
    assert found["state.backend.forst.sync.enforce-local"] == "false"
    assert found["table.exec.async-state.enabled"] == "true"
    assert "table.exec.async-state.enabled" not in flink_options(job("rocksdb"), "clicks")
    changed = job("forst", **{"table.exec.async-state.enabled": "false"})
    assert flink_options(changed, "clicks")["table.exec.async-state.enabled"] == "false"
