"""The job that measures: the one that it measures, but for what would disturb that one; and where results are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.projects import small_project
from tests.unit.capacity.test_calibrated import calibrated, stage
from tests.unit.deploy.upgrading.test_builder import blueprint

from juncture.deploy.measuring.calibrator import calibrator_files
from juncture.deploy.store.calibrations import best_for, keep, newest
from juncture.deploy.store.deployments import Store, calibration_of, is_over
from juncture.deploy.store.manifest import read_manifest
from juncture.errors import JunctureError, Refused
from juncture.render.renderer import render


def test_it_has_a_group_transactions_and_topics_of_its_own(tmp_path: Path) -> None:
    made = blueprint(tmp_path)
    manifest = read_manifest(calibrator_files(made))
    assert manifest.job == "matches__calibration"
    changed = {
        key: value for key, value in manifest.options.items() if made.rendered.options.get(key) != value
    }
    topic = f"{made.rendered.topics['matches']}.juncture-calibration"
    assert changed == {
        "execution.checkpointing.externalized-checkpoint-retention": "DELETE_ON_CANCELLATION",
        "execution.checkpointing.interval": "10000 ms",
        "juncture.table.client.properties.commit.offsets.on.checkpoint": "false",
        "juncture.table.client.properties.group.id": "shop.local.matches.client.calibration",
        "juncture.table.client.scan.bounded.mode": "unbounded",
        "juncture.table.server.properties.commit.offsets.on.checkpoint": "false",
        "juncture.table.server.properties.group.id": "shop.local.matches.server.calibration",
        "juncture.table.server.scan.bounded.mode": "unbounded",
        "juncture.table.matches.sink.transactional-id-prefix": "shop.local.matches.matches.calibration",
        "juncture.table.matches.topic": topic,
        "pipeline.name": "shop.matches.calibration",
        "restart-strategy.type": "none",
    }
    assert manifest.topics == {**made.rendered.topics, "matches": topic}


def test_rocksdb_counts_there_and_not_in_the_job_itself(tmp_path: Path) -> None:
    made = blueprint(tmp_path, "state: {backend: rocksdb}\n")
    option = "state.backend.rocksdb.metrics.bytes-written"
    for checkpoints in (True, False):
        assert read_manifest(calibrator_files(made, checkpoints)).options[option] == "true"
    assert option not in made.rendered.options


def test_a_job_whose_rows_go_elsewhere_is_refused(tmp_path: Path) -> None:
    sink = "CREATE TABLE matches (id STRING) WITH ('connector' = 'print')\n"
    project = small_project(tmp_path, {"sql/sinks/matches.sql": sink})
    rendered = render(project, "matches", project.environments["local"])
    with pytest.raises(Refused, match=r"writes to matches, which is not on Kafka \(print\)"):
        calibrator_files(replace(blueprint(tmp_path / "other"), rendered=rendered))


def test_the_last_calibration_of_a_job_counts(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert newest(store, "matches") is None
    first, second = (calibrated(stage(micros, None)).calibration for micros in (100, 200))
    for each in (first, second):
        where = keep(store, each)
    assert newest(store, "matches") == second
    # It is no deployment.
    assert store.jobs() == ()
    assert not is_over(calibration_of("matches"), store)
    Path(where).write_text("{}")
    with pytest.raises(JunctureError, match=r"000002\.json is damaged"):
        newest(store, "matches")


def test_another_jobs_calibration_that_is_damaged_keeps_nobody_from_his_own(tmp_path: Path) -> None:
    store, manifest = Store(tmp_path / "store"), read_manifest(calibrator_files(blueprint(tmp_path)))
    kept = calibrated(stage(100, None)).calibration
    fitting = kept.model_copy(update={"job": "views", "engine": manifest.engine})
    damaged = Path(keep(store, kept.model_copy(update={"job": "clicks"})))
    keep(store, fitting)
    damaged.write_text("{}")
    assert best_for(store, manifest) == fitting
    Path(keep(store, fitting.model_copy(update={"job": manifest.job}))).write_text("{}")
    with pytest.raises(JunctureError, match="is damaged"):
        best_for(store, manifest)
