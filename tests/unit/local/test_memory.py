"""Flink is asked once how it divides memory, for all that it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from juncture.local.memory import Divided, MemorySizes

ANSWER: Divided = (["-Xmx1"], ["-D", "a=b"])


class Flink:
    def __init__(self, root: Path) -> None:
        self.root, self.asked = root, 0
        self.jar = root / "flink.jar"
        self.jar.write_text("flink")

    def __call__(self) -> Divided:
        self.asked += 1
        return ANSWER

    def sizes(self, **told: object) -> MemorySizes:
        return MemorySizes(self.root / "memory", [self.jar], {"size": "2g", **told})


@pytest.fixture
def flink(tmp_path: Path) -> Flink:
    return Flink(tmp_path)


def test_it_is_asked_once(flink: Flink) -> None:
    assert [flink.sizes().of("jobmanager", flink) for _ in range(2)] == [ANSWER, ANSWER]
    assert flink.asked == 1


def test_it_is_asked_anew_for_another_size_role_and_flink(flink: Flink) -> None:
    flink.sizes().of("jobmanager", flink)
    flink.sizes().of("taskmanager", flink)
    flink.sizes(size="3g").of("jobmanager", flink)
    flink.jar.write_text("another flink")
    flink.sizes().of("jobmanager", flink)
    assert flink.asked == 4


@pytest.mark.parametrize("content", ["", "{", "1", '["a"]'])
def test_what_is_damaged_is_made_anew(flink: Flink, content: str) -> None:
    flink.sizes().of("jobmanager", flink)
    (path,) = (flink.root / "memory").iterdir()
    path.write_text(content)
    assert flink.sizes().of("jobmanager", flink) == ANSWER
    assert flink.sizes().of("jobmanager", flink) == ANSWER
    assert flink.asked == 2
    assert [each.name for each in (flink.root / "memory").iterdir()] == [path.name]


def test_where_nothing_can_be_kept_it_is_asked_each_time(flink: Flink) -> None:
    (flink.root / "memory").write_text("no folder")
    assert [flink.sizes().of("jobmanager", flink) for _ in range(2)] == [ANSWER, ANSWER]
    assert flink.asked == 2
