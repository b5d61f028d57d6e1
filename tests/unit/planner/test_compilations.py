"""Kept compilations: found by all that goes into them, and by nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from juncture.planner.compilations import CompilationCache

REQUEST = {"insert": "INSERT INTO a SELECT 1", "options": {"b": "2", "a": "1"}}
ANSWER = {"plan": "{}", "error": None}


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    path = tmp_path / "connector.jar"
    path.write_bytes(b"one")
    return path


@pytest.fixture
def cache(tmp_path: Path, jar: Path) -> CompilationCache:
    cache = CompilationCache(tmp_path / "cache")
    cache.keep(REQUEST, (jar,), ANSWER)
    return cache


def test_the_same_request_has_its_answer(cache: CompilationCache, jar: Path) -> None:
    assert cache.find({"options": {"a": "1", "b": "2"}, "insert": REQUEST["insert"]}, (jar,)) == ANSWER


def test_another_request_has_none(cache: CompilationCache, jar: Path) -> None:
    assert cache.find({**REQUEST, "insert": "INSERT INTO a SELECT 2"}, (jar,)) is None
    assert cache.find(REQUEST, ()) is None


def test_a_jar_that_changed_has_none(cache: CompilationCache, jar: Path) -> None:
    jar.write_bytes(b"two!")
    assert cache.find(REQUEST, (jar,)) is None


def test_what_is_broken_is_not_there(cache: CompilationCache, jar: Path, tmp_path: Path) -> None:
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_text('{"plan": ')
    assert cache.find(REQUEST, (jar,)) is None


def test_what_is_not_used_for_long_goes(cache: CompilationCache, jar: Path, tmp_path: Path) -> None:
    (entry,) = (tmp_path / "cache").iterdir()
    two_months_ago = time.time() - 60 * 24 * 3600
    os.utime(entry, (two_months_ago, two_months_ago))
    cache.keep({**REQUEST, "insert": "other"}, (jar,), ANSWER)
    assert cache.find(REQUEST, (jar,)) is None
    assert cache.find({**REQUEST, "insert": "other"}, (jar,)) == ANSWER


def test_a_folder_that_can_t_be_made_holds_nothing(jar: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = CompilationCache(tmp_path / "file" / "cache")
    cache.keep(REQUEST, (jar,), ANSWER)
    assert cache.find(REQUEST, (jar,)) is None
