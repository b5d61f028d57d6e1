"""What a job goes on from, for all that may have become of the deployment before."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from tests.unit.deploy.records import deployment

from juncture.deploy.state.resume import Resumption, last_that_ran
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.ledger import DRAINED
from juncture.errors import Refused
from juncture.model.deployment import Deployment, Phase
from juncture.model.verdict import Verdict

MANIFEST = {
    "schema_version": 1, "job": "clicks", "environment": "local", "flink": "2.3", "topics": {}, "variables": [],
    "options": {}, "parallelism": 1,
}  # fmt: skip
FILES = {"plan.json": "{}", "job.py": "", "manifest.json": json.dumps(MANIFEST)}
EVENT_JOIN = json.dumps(
    {**MANIFEST, "event_join": {"flink": "2.3.0", "joins": ["interval-join:pages+clicks"]}}
)

PAIR = ("interval-join:pages+clicks", "interval-join:pages+clicks+buys")
APART, TOGETHER = (
    json.dumps({**MANIFEST, "event_join": {"flink": "2.3.0", "joins": PAIR, "chains": chains}})
    for chains in ([], [PAIR])
)
KEPT_APART = json.dumps({**MANIFEST, "event_join": {"flink": "2.3.0", "joins": PAIR, "apart": PAIR[1:]}})


class Place:
    """A store with one plan, and the folders in which a cluster would keep state."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = Store(root / "store")
        self.bundle = self.store.put_bundle("clicks", "abc", FILES)
        (root / "checkpoints").mkdir()

    def ran(self, version: int, *phases: Phase, **last: object) -> Deployment:
        """Record a deployment of these phases; `last` is what its last record says beside."""
        folders = {"checkpoint_dir": f"{self.root}/checkpoints", "savepoint_dir": f"{self.root}/savepoints"}
        for phase in phases:
            said = last if phase == phases[-1] else {}
            record = deployment(version, phase).model_copy(update={**folders, **said})
            self.store.append(record)
        return record

    def snapshot(self, name: str, number: int = 1) -> str:
        folder = self.root / name
        folder.mkdir(parents=True)
        (folder / "_metadata").write_bytes(struct.pack(">IIq", 0x4960672D, 6, number))
        return f"file:{folder}"

    def resumption(self, plan: str = "{}") -> Resumption:
        return Resumption("clicks", {**FILES, "plan.json": plan}, self.store)

    def newest(self) -> str | None:
        found = self.resumption().newest(self.store.last("clicks"))
        return found.path if found else None


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_first_time_there_is_nothing(place: Place) -> None:
    assert place.newest() is None


def test_a_version_that_never_started_changed_nothing(place: Place) -> None:
    place.ran(1, "submitting", "failed")
    assert place.newest() is None


def test_one_whose_submission_was_killed_and_that_ran_on_until_its_cluster_was_lost(place: Place) -> None:
    place.ran(1, "submitting", "running", "stopped", savepoint=place.snapshot("savepoints/savepoint-1"))
    last = place.ran(2, "submitting", "failed", note="the cluster does not know the job")
    newest = place.snapshot(f"checkpoints/{last.flink_job_id}/chk-7", 7)
    assert place.newest() == newest.removeprefix("file:")
    assert last_that_ran("clicks", place.store, last) == last


def test_the_savepoint_it_was_stopped_with(place: Place) -> None:
    savepoint = place.snapshot("savepoints/savepoint-a")
    place.ran(1, "submitting", "running", "stopping", "stopped", savepoint=savepoint)
    place.ran(2, "submitting", "failed", note="no such host")
    assert place.newest() == savepoint


@pytest.mark.parametrize("phase", ["failed", "stopped"])
def test_the_checkpoint_that_the_cluster_told(place: Place, phase: Phase) -> None:
    checkpoint = place.snapshot("checkpoints/x/chk-4")
    place.ran(1, "submitting", "running", phase, checkpoint=checkpoint)
    assert place.newest() == checkpoint


@pytest.mark.parametrize("number", [4, 6])
def test_the_newest_that_a_lost_job_has_left(place: Place, number: int) -> None:
    record = place.ran(1, "submitting", "running", "stopping", "stopped", note="the stop was interrupted")
    checkpoint = place.snapshot(f"checkpoints/{record.flink_job_id}/chk-5", 5)
    savepoint = place.snapshot(f"savepoints/savepoint-{record.flink_job_id[:6]}-1f", number)
    found = place.newest()
    assert found is not None
    assert found.removeprefix("file:") == (savepoint if number > 5 else checkpoint).removeprefix("file:")


def test_a_lost_job_that_has_left_nothing(place: Place) -> None:
    place.ran(1, "submitting", "running", "failed", note="lost", restored_from="file:/s/0")
    with pytest.raises(Refused, match="no checkpoint of it is left") as caught:
        place.newest()
    assert "--from file:/s/0" in (caught.value.remedy or "")
    assert "--anew" in (caught.value.remedy or "")


def test_a_lost_job_whose_checkpoints_are_not_seen_from_here(place: Place) -> None:
    place.ran(1, "submitting", "running", "failed", checkpoint_dir="nosuch://bucket/c")
    with pytest.raises(
        Refused, match="can't be looked for: ValueError: Protocol not known: nosuch"
    ) as caught:
        place.newest()
    assert "nosuch://bucket/c/" in (caught.value.remedy or "")


def test_a_savepoint_that_is_gone(place: Place) -> None:
    place.ran(1, "submitting", "running", "stopped", savepoint=f"file:{place.root}/checkpoints/gone")
    with pytest.raises(Refused, match="the savepoint of version 1 is not there") as caught:
        place.newest()
    assert "--from PATH" in (caught.value.remedy or "")


def test_a_savepoint_that_is_not_seen_from_here_is_for_flink_to_judge(place: Place) -> None:
    place.ran(1, "submitting", "running", "stopped", savepoint="nosuch://bucket/s")
    found = place.resumption().newest(place.store.last("clicks"))
    assert found is not None
    assert "can't be looked at from here" in found.told


@pytest.mark.parametrize("asked", [None, "", "/_metadata"])
def test_state_of_another_plan_or_that_was_drained(place: Place, asked: str | None) -> None:
    savepoint = place.snapshot("savepoints/savepoint-a")
    last = place.ran(1, "submitting", "running", "stopped", savepoint=savepoint)
    other = place.resumption("[]")
    with pytest.raises(Refused, match="differs from that of version 1"):
        other.newest(last) if asked is None else other.asked(savepoint.removeprefix("file:") + asked)
    place.store.append(last.model_copy(update={"note": DRAINED}))
    with pytest.raises(Refused, match="can't go on from version 1: drained"):
        place.newest() if asked is None else place.resumption().asked(savepoint + asked)


def test_what_was_asked_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = place.snapshot("elsewhere/savepoint-b")
    assert place.resumption().asked(unknown).path == unknown
    monkeypatch.chdir(place.root)
    assert place.resumption().asked("elsewhere/savepoint-b").path == unknown.removeprefix("file:")
    record = place.ran(1, "submitting", "running")
    with pytest.raises(Refused, match="differs from that of version 1"):
        place.resumption("[]").asked(f"file:/c/{record.flink_job_id}/chk-3")
    with pytest.raises(Refused, match="the state that was asked for is not there"):
        place.resumption().asked(f"{place.root}/elsewhere/savepoint-c")


@pytest.mark.parametrize(
    ("before", "now", "remedy"),
    [
        (FILES["manifest.json"], EVENT_JOIN, "`join_strategy: flink`"),
        (EVENT_JOIN, FILES["manifest.json"], "`join_strategy: event_join`"),
        (APART, TOGETHER, "`join_chains: separate`"),
        (KEPT_APART, TOGETHER, "`juncture upgrade clicks`"),
        (TOGETHER, APART, "`join_chains: fused`"),
        (TOGETHER, FILES["manifest.json"], "`join_strategy: event_join`"),
    ],
)
def test_the_state_of_a_join_s_other_form(place: Place, before: str, now: str, remedy: str) -> None:
    savepoint = place.snapshot("savepoints/savepoint-a")
    bundle = place.store.put_bundle("clicks", "def", {**FILES, "manifest.json": before})
    place.ran(1, "submitting", "running", "stopping", "stopped", savepoint=savepoint, bundle=bundle)
    same = Resumption("clicks", {**FILES, "manifest.json": before}, place.store)
    other = Resumption("clicks", {**FILES, "manifest.json": now}, place.store)
    found = same.newest(place.store.last("clicks"))
    assert found is not None
    assert found.path == savepoint
    with pytest.raises(
        Refused, match=r"kept the rows of interval-join:pages.clicks.* in .* neither reads"
    ) as caught:
        other.newest(place.store.last("clicks"))
    assert remedy in (caught.value.remedy or "")
    assert "--anew" in (caught.value.remedy or "")
    with pytest.raises(Refused, match="neither reads"):
        other.asked(savepoint)


ACCEPTED: tuple[Verdict | None, ...] = (None, "KEEP", "LOST")


def with_options(**options: str) -> dict[str, str]:
    named = {name.replace("_", "."): value for name, value in options.items()}
    return {**FILES, "manifest.json": json.dumps({**MANIFEST, "options": named})}


def test_state_of_another_number_of_key_groups(place: Place) -> None:
    savepoint = place.snapshot("savepoints/savepoint-a")
    files = {
        **FILES,
        "manifest.json": json.dumps({**MANIFEST, "options": {"pipeline.max-parallelism": "128"}}),
    }
    bundle = place.store.put_bundle("clicks", "def", files)
    place.ran(1, "submitting", "running", "stopping", "stopped", savepoint=savepoint, bundle=bundle)
    assert Resumption("clicks", files, place.store).newest(place.store.last("clicks")) is not None
    files["manifest.json"] = files["manifest.json"].replace("128", "256")
    for accept in ACCEPTED:
        with pytest.raises(Refused, match=r"max_parallelism of 128, and can't .* under one of 256"):
            Resumption("clicks", files, place.store, accept).newest(place.store.last("clicks"))


def test_a_checkpoint_is_read_by_its_own_backend_alone_and_a_savepoint_by_any(place: Place) -> None:
    checkpoint, savepoint = place.snapshot("checkpoints/chk-7"), place.snapshot("savepoints/savepoint-a")
    bundle = place.store.put_bundle("clicks", "def", with_options(state_backend_type="hashmap"))
    rocksdb = Resumption("clicks", with_options(state_backend_type="rocksdb"), place.store)
    place.ran(1, "submitting", "running", "failed", checkpoint=checkpoint, bundle=bundle)
    for find in (
        lambda: rocksdb.newest(place.store.last("clicks")),
        lambda: rocksdb.asked(checkpoint),
        lambda: rocksdb.asked(f"{checkpoint}/_metadata"),
    ):
        with pytest.raises(Refused, match="by the backend 'hashmap', and 'rocksdb' can't read it"):
            find()
    place.ran(2, "submitting", "running", "stopping", "stopped", savepoint=savepoint, bundle=bundle)
    found = rocksdb.newest(place.store.last("clicks"))
    assert found is not None
    assert found.path == savepoint


@pytest.mark.parametrize(
    ("before", "now"), [("rocksdb", "forst"), ("forst", "rocksdb"), ("forst", "hashmap")]
)
def test_no_savepoint_goes_to_forst_or_from_it(place: Place, before: str, now: str) -> None:
    savepoint = place.snapshot("savepoints/savepoint-a")
    bundle = place.store.put_bundle("clicks", "def", with_options(state_backend_type=before))
    place.ran(1, "submitting", "running", "stopping", "stopped", savepoint=savepoint, bundle=bundle)
    changed = Resumption("clicks", with_options(state_backend_type=now), place.store)
    for find in (lambda: changed.newest(place.store.last("clicks")), lambda: changed.asked(savepoint)):
        with pytest.raises(Refused, match=f"of the backend '{before}', and '{now}' can't read it") as caught:
            find()
        assert f"`backend: {before}`" in (caught.value.remedy or "")
    same = Resumption("clicks", with_options(state_backend_type=before), place.store)
    found = same.newest(place.store.last("clicks"))
    assert found is not None
    assert found.path == savepoint


def test_a_submission_that_is_known_to_have_failed_has_not_run_though_it_is_not_recorded_yet(
    place: Place,
) -> None:
    before = place.ran(1, "submitting", "running", "stopping", "stopped", savepoint="/savepoints/1")
    interrupted = place.ran(2, "submitting")
    as_it_is = interrupted.model_copy(update={"phase": "failed"})
    assert last_that_ran("clicks", place.store, as_it_is) == before
    assert last_that_ran("clicks", place.store, before) == before
    assert last_that_ran("clicks", place.store, None) is None
