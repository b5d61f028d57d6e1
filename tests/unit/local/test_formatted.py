"""A broker's data folder is formatted once, for all that the tool is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from juncture.local.formatted import Formatted

FILES = {"meta.properties": b"node.id=1\n", "bootstrap.checkpoint": bytes(range(256))}


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    jar = tmp_path / "kafka.jar"
    jar.write_text("kafka")
    return jar


def formatted(jar: Path, **told: str) -> Formatted:
    return Formatted(jar.parent / "kept", [jar], {"process.roles": "broker", **told})


@pytest.fixture
def kept(jar: Path) -> Path:
    made = jar.parent / "made"
    made.mkdir()
    for name, content in FILES.items():
        (made / name).write_bytes(content)
    formatted(jar).keep(made)
    (path,) = (jar.parent / "kept").iterdir()
    return path


def test_what_was_kept_is_made_again(jar: Path, kept: Path) -> None:
    folder = jar.parent / "data" / "kafka"
    assert formatted(jar).put(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_it_is_made_anew_by_another_kafka_and_for_other_settings(jar: Path, kept: Path) -> None:
    folder = jar.parent / "data"
    assert not formatted(jar, other="setting").put(folder)
    jar.write_text("another kafka")
    assert not formatted(jar).put(folder)
    assert not folder.exists()


@pytest.mark.parametrize("content", ["", "{", "1", '["a"]', '{"a": 1}', '{"a": "%"}'])
def test_what_is_damaged_is_not_used(jar: Path, kept: Path, content: str) -> None:
    kept.write_text(content)
    assert not formatted(jar).put(jar.parent / "data")
    assert not (jar.parent / "data").exists()


def test_no_file_is_put_beside_the_folder(jar: Path, kept: Path) -> None:
    kept.write_text(json.dumps({"../outside": "QQ=="}))
    assert formatted(jar).put(jar.parent / "data")
    assert [path.name for path in (jar.parent / "data").iterdir()] == ["outside"]
    assert not (jar.parent / "outside").exists()


def test_a_folder_with_others_in_it_is_not_kept(jar: Path) -> None:
    made = jar.parent / "made"
    (made / "__cluster_metadata-0").mkdir(parents=True)
    (made / "meta.properties").write_text("node.id=1")
    formatted(jar).keep(made)
    assert not formatted(jar).put(jar.parent / "data")
