"""The store: whole or not at all, and one wins."""

from __future__ import annotations

import errno
import json
import os
import sys
import uuid
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from tests.unit.deploy.records import deployment, python

from juncture.deploy.store.deployments import Store
from juncture.deploy.store.lock import locked
from juncture.errors import JunctureError, Refused


@pytest.fixture(params=["folder", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Store(tmp_path / "store")
    address = "memory:/" if request.param == "memory" else request.getfixturevalue("bucket")
    return Store(f"{address}/{uuid.uuid4().hex}")


def test_a_job_that_was_never_deployed(store: Store) -> None:
    assert store.last("clicks") is None
    assert store.history("clicks") == ()
    assert store.jobs() == ()


def test_phases_are_appended_and_the_last_one_counts(store: Store) -> None:
    store.append(deployment(1, "submitting"))
    store.append(deployment(1, "running"))
    store.append(deployment(1, "stopping"))
    store.append(deployment(1, "stopped", savepoint="file:/s/1"))
    store.append(deployment(2, "submitting"))
    assert [each.phase for each in store.history("clicks")] == ["submitting", "stopped"]
    assert [each.phase for each in store.phases("clicks", 1)] == [
        "submitting", "running", "stopping", "stopped",
    ]  # fmt: skip
    last = store.last("clicks")
    assert last == deployment(2, "submitting")
    assert store.history("clicks")[1].savepoint == "file:/s/1"


def test_jobs_do_not_meet(store: Store) -> None:
    store.append(deployment(job="clicks"))
    store.append(deployment(job="clicks2"))
    store.put_bundle("never_deployed", "abc", {"job.py": ""})
    assert len(store.history("clicks")) == len(store.history("clicks2")) == 1
    assert store.jobs() == ("clicks", "clicks2")


@pytest.mark.parametrize("lost", [False, True])
def test_stores_that_say_in_their_own_words_that_a_file_is_there(
    monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    """As MinIO does; and S3's client does where it sends a request again whose answer was lost."""
    pipe_file, exists = MemoryFileSystem.pipe_file, MemoryFileSystem.exists

    def grudging(fs: MemoryFileSystem, path: str, value: bytes, mode: str = "overwrite") -> None:
        if exists(fs, path):
            raise OSError(errno.EINVAL, "At least one of the pre-conditions you specified did not hold")
        pipe_file(fs, path, value, mode=mode)
        if lost:
            grudging(fs, path, value, mode)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", grudging)
    store = Store(f"memory://{uuid.uuid4().hex}")
    for _ in range(2):
        store.put_bundle("clicks", "abc", {"job.py": "a"})
    with pytest.raises(JunctureError, match="was changed since it was stored"):
        store.put_bundle("clicks", "abc", {"job.py": "b"})
    store.append(deployment(1))
    before = store._records("clicks")
    monkeypatch.setattr(store, "_records", lambda job: before)
    store.append(deployment(1, "running"))
    with pytest.raises(Refused, match="somebody else"):
        store.append(deployment(1, "failed"))
    with (
        locked(store.files, "clicks", "stop"),
        pytest.raises(Refused),
        locked(store.files, "clicks", "submit"),
    ):
        pass


@pytest.mark.parametrize("version", [0, 1, 4])
def test_a_version_that_does_not_follow_is_refused(store: Store, version: int) -> None:
    store.append(deployment(1, "failed"))
    store.append(deployment(2))
    with pytest.raises(Refused, match="somebody else"):
        store.append(deployment(version))
    assert len(store.history("clicks")) == 2


def test_a_bundle_is_kept_once(store: Store) -> None:
    files = {"job.py": "print('ö')\n", "manifest.json": "{}"}
    folder = store.put_bundle("clicks", "abc", files)
    assert store.put_bundle("clicks", "abc", files) == folder
    assert store.get_bundle(folder) == files
    with pytest.raises(JunctureError, match="was changed"):
        store.put_bundle("clicks", "abc", {**files, "job.py": "other"})


def test_what_is_left_of_an_interrupted_write_is_not_seen(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append(deployment())
    (tmp_path / "clicks" / "history" / ".tmp-abc").write_text('{"half')
    assert len(store.history("clicks")) == 1


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda text: text[: len(text) // 2], "not a JSON object"),
        (lambda text: "[]", "not a JSON object"),
        (lambda text: text.replace('"submitting"', '"sleeping"'), "phase"),
        (lambda text: text.replace('"version": 1,', '"version": 7,'), "it tells of clicks 7"),
        (lambda text: "\x00" * len(text), "not a JSON object"),
    ],
)
def test_a_damaged_record_is_named(tmp_path: Path, damage, told: str) -> None:
    store = Store(tmp_path)
    store.append(deployment())
    [path] = (tmp_path / "clicks" / "history").iterdir()
    path.write_text(damage(path.read_text()))
    with pytest.raises(JunctureError, match=told) as caught:
        store.last("clicks")
    assert str(path) in caught.value.problem
    assert caught.value.remedy


def test_a_record_of_a_newer_juncture(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append(deployment())
    [path] = (tmp_path / "clicks" / "history").iterdir()
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 2, "region": "eu"}))
    with pytest.raises(JunctureError, match="newer Juncture") as caught:
        store.last("clicks")
    assert "upgrade" in (caught.value.remedy or "")


def test_a_version_belongs_to_the_start_that_took_it(store: Store) -> None:
    store.append(deployment(1, flink_job_id="a"))
    with pytest.raises(Refused, match="somebody else"):
        store.append(deployment(1, "running", flink_job_id="b"))
    store.append(deployment(1, "running", flink_job_id="a"))


APPEND = """
import sys
from pathlib import Path
from tests.unit.deploy.records import deployment
from juncture.deploy.store.deployments import Store
from juncture.errors import Refused
store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
wins = 0
for version in range(1, 31):
    try:
        store.append(deployment(version, flink_job_id=sys.argv[2], note="x" * 20000))
        wins += 1
    except Refused:
        while (last := store.last("clicks")) is None or last.version < version:
            pass
print(wins)
"""


def test_of_two_who_record_the_same_version_at_once_one_wins(tmp_path: Path) -> None:
    processes = [python(APPEND, tmp_path, name) for name in ("ada", "bob")]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    wins = [int(process.communicate(timeout=30)[0]) for process in processes]
    versions = [each.version for each in Store(tmp_path).history("clicks")]
    assert versions == list(range(30, 0, -1))
    assert sum(wins) == 30
    assert len(list((tmp_path / "clicks" / "history").glob("*.json"))) == 30


FOREVER = """
import sys
from tests.unit.deploy.records import deployment
from juncture.deploy.store.deployments import Store
store = Store(sys.argv[1])
version = 0
while True:
    version += 1
    store.append(deployment(version, note="x" * 200000))
    if version == 3:
        print("going", flush=True)
"""


def test_killed_while_it_writes_every_record_is_whole(tmp_path: Path) -> None:
    process = python(FOREVER, tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "going\n"
    process.kill()
    process.communicate(timeout=10)
    history = Store(tmp_path).history("clicks")
    assert len(history) >= 3
    assert all(len(each.note or "") == 200000 for each in history)
    Store(tmp_path).append(deployment(history[0].version + 1))


FULL = """
import resource, signal, sys
from tests.unit.deploy.records import deployment
from juncture.deploy.store.deployments import Store
from juncture.errors import JunctureError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(sys.argv[1])
store.append(deployment(1))
store.put_bundle("clicks", "abc", {"job.py": "a" * 200})
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    store.append(deployment(2))
except JunctureError as error:
    print(error.problem, "|", error.state, "|", error.remedy)
print(store.put_bundle("clicks", "abc", {"job.py": "a" * 200}))
"""


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    said, _ = python(FULL, tmp_path).communicate(timeout=20)
    assert "it is full" in said
    assert "nothing was written" in said
    assert "make room" in said
    assert said.splitlines()[-1] == "clicks/bundles/abc"
    assert [path.name for path in (tmp_path / "clicks" / "history").iterdir()] == ["000001-001.json"]


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(JunctureError, match="may not be used"):
        Store(tmp_path).append(deployment())


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As FAT answers."""

    def refuse(source: str, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(JunctureError, match="without hard links") as caught:
        Store(tmp_path).append(deployment())
    assert "set another `store`" in (caught.value.remedy or "")
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(JunctureError) as caught:
        Store(tmp_path / "store").append(deployment())
    assert "juncture.toml" in (caught.value.remedy or "")


def test_an_address_of_a_kind_that_nothing_knows() -> None:
    with pytest.raises(JunctureError, match="nosuch") as caught:
        Store("nosuch://bucket/x")
    assert "juncture.toml" in (caught.value.remedy or "")


def test_an_address_whose_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of s3:// the class is known for good once it was used.
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(JunctureError, match="gcsfs") as caught:
        Store("gs://bucket/x")
    assert "pip install 'juncture[s3]'" in (caught.value.remedy or "")


def test_a_password_in_the_address_is_not_shown() -> None:
    with pytest.raises(JunctureError) as caught:
        Store("nosuch://user:hunter22@host/x")
    assert "hunter22" not in f"{caught.value!r} {caught.value.remedy}"
