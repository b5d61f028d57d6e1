from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from filelock import FileLock

from juncture.errors import Refused, Unreachable
from juncture.local import maven
from juncture.local.jarlock import Coordinate, JarGroup, JarLock
from juncture.local.jars import JarCache

JAR = Coordinate("org.example", "thing", "1.0")
CONTENT = b"the jar"


class Registry:
    """Serves `content` for every jar, and remembers which were asked for."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.asked: list[Coordinate] = []
        self._lock = threading.Lock()

    def fetch(self, coordinate: Coordinate, folder: Path, tick: Callable[[], None]) -> Path:
        with self._lock:
            self.asked.append(coordinate)
        assert list(folder.iterdir()) == []
        path = folder / coordinate.filename
        path.write_bytes(self.content)
        return path


def lock_of(*coordinates: Coordinate) -> JarLock:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return JarLock({"group": JarGroup("group", jars=dict.fromkeys(coordinates, digest))})


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def cache(tmp_path: Path, registry: Registry) -> JarCache:
    return JarCache(tmp_path / "cache", lock_of(JAR), registry.fetch)


def test_a_jar_is_fetched_once(cache, registry):
    [path] = cache.jars("group")
    assert path.read_bytes() == CONTENT
    assert cache.jars("group") == [path]
    assert registry.asked == [JAR]
    assert not (cache.root / "staging").exists()


def test_that_another_command_fetches_them_is_told(cache, registry):
    cache.root.mkdir()
    other, said = FileLock(cache.root / "lock"), []

    def told(message: str) -> None:
        said.append(message)
        other.release()

    with other:
        cache.jars("group", told)
    assert said == ["Waiting for another command that fetches jars", "Fetching 1 of 1 jar (group)"]
    assert registry.asked == [JAR]


def test_a_fetched_jar_with_another_content_is_refused_and_not_kept(cache, registry):
    registry.content = b"something else"
    with pytest.raises(Refused, match="thing") as refusal:
        cache.jars("group")
    message = str(refusal.value)
    assert hashlib.sha256(CONTENT).hexdigest() in message
    assert hashlib.sha256(b"something else").hexdigest() in message
    assert refusal.value.remedy is not None
    assert not cache.path(JAR).exists()
    registry.content = CONTENT
    assert cache.jars("group")[0].read_bytes() == CONTENT


def test_a_jar_changed_after_it_was_verified_is_refused_and_put_aside(cache, registry):
    [path] = cache.jars("group")
    path.write_bytes(b"tampered")
    with pytest.raises(Refused, match="expected sha256"):
        cache.jars("group")
    assert not path.exists()
    [aside] = (cache.root / "quarantine").iterdir()
    assert aside.read_bytes() == b"tampered"
    assert cache.jars("group") == [path]
    assert registry.asked == [JAR, JAR]


def test_a_jar_changed_under_the_same_size_and_time_is_refused(cache):
    [path] = cache.jars("group")
    before = path.stat()
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(Refused, match="expected sha256"):
        cache.jars("group")
    assert not path.exists()


def test_all_changed_jars_are_told_at_once(tmp_path, registry):
    other = Coordinate("org.example", "other", "1.0")
    cache = JarCache(tmp_path, lock_of(JAR, other), registry.fetch)
    for path in cache.jars("group"):
        path.write_bytes(b"tampered")
    with pytest.raises(Refused, match=r"thing:1\.0 is not .*other:1\.0 is not ") as refusal:
        cache.jars("group")
    assert str(refusal.value.state).count("was put aside as") == 2
    assert len(cache.jars("group")) == 2


def test_a_half_download_left_by_a_killed_process_is_not_taken_for_a_jar(cache, registry):
    left = cache.root / "staging" / "x" / "thing-1.0.jar"
    left.parent.mkdir(parents=True)
    left.write_bytes(CONTENT[:3])
    assert cache.jars("group")[0].read_bytes() == CONTENT
    assert not left.exists()


def test_one_bad_jar_does_not_keep_the_good_ones_from_staying(tmp_path):
    other = Coordinate("org.example", "other", "1.0")
    lock = lock_of(JAR)
    lock.groups["group"].jars[other] = "0" * 64
    cache = JarCache(tmp_path, lock, Registry().fetch)
    with pytest.raises(Refused, match="other"):
        cache.jars("group")
    assert cache.missing("group") == [other]


def test_when_one_download_fails_the_others_are_broken_off(tmp_path):
    other = Coordinate("org.example", "other", "1.0")

    def fetch(coordinate: Coordinate, folder: Path, tick: Callable[[], None]) -> Path:
        if coordinate == JAR:
            raise Unreachable("no connection")
        while True:
            tick()

    cache = JarCache(tmp_path, lock_of(JAR, other), fetch)
    with pytest.raises(Unreachable):
        cache.jars("group")
    assert cache.missing("group") == [JAR, other]
    assert not (tmp_path / "staging").exists()


def test_without_a_network_it_says_so(cache, monkeypatch, tmp_path):
    tries = []

    def refuse(*arguments, **keywords):
        tries.append(arguments)
        raise requests.ConnectionError

    monkeypatch.setattr("jgo.util.http.requests.request", refuse)
    monkeypatch.setattr(maven, "_PAUSE", 0)
    offline = JarCache(tmp_path / "cache", lock_of(JAR))
    with pytest.raises(Unreachable, match=r"org\.example:thing:1\.0.*no connection") as error:
        offline.jars("group")
    assert "proxy" in str(error.value.remedy)
    assert len(tries) == 3


def test_a_broken_download_is_tried_again_from_its_start(tmp_path, monkeypatch):
    class Answer:
        status_code = 200
        text = ""
        headers: dict[str, str] = {}

        def __init__(self, whole: bool) -> None:
            self._whole = whole

        def iter_content(self, chunk_size: int):
            yield CONTENT[:3]
            if not self._whole:
                raise requests.exceptions.ChunkedEncodingError
            yield CONTENT[3:]

    answers = iter([Answer(whole=False), Answer(whole=True)])

    def serve(method, url, **keywords):
        return next(answers) if url.endswith(".jar") else type("Missing", (), {"status_code": 404})

    monkeypatch.setattr("jgo.util.http.requests.request", serve)
    monkeypatch.setattr(maven, "_PAUSE", 0)
    [path] = JarCache(tmp_path, lock_of(JAR)).jars("group")
    assert path.read_bytes() == CONTENT


def test_the_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("JUNCTURE_CACHE", str(tmp_path))
    assert JarCache().root == tmp_path
