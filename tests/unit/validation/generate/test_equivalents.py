"""Mutants that a case file says are equivalent."""

from __future__ import annotations

from pathlib import Path

import pytest

from juncture.errors import InvalidProject
from juncture.validation.generate.equivalents import read_equivalents


def write(root: Path, text: str) -> Path:
    path = root / "cases.yaml"
    path.write_text(text)
    return path


def test_reasons_are_read_by_job_and_mutant(tmp_path: Path) -> None:
    path = write(tmp_path, 'job: j\nequivalent: {"JOIN -> LEFT JOIN": every click has its page}\ncases: []\n')

    assert read_equivalents(tmp_path, [path]) == {"j": {"JOIN -> LEFT JOIN": "every click has its page"}}


def test_each_entry_needs_a_reason_and_the_file_a_job(tmp_path: Path) -> None:
    path = write(tmp_path, "job: j\nequivalent:\n  a -> b: no\n  c -> d:\ncases: []\n")
    with pytest.raises(InvalidProject) as caught:
        read_equivalents(tmp_path, [path])
    assert [str(each) for each in caught.value.problems] == [
        "cases.yaml:3:3: 'a -> b' has no reason",
        "cases.yaml:4:3: 'c -> d' has no reason",
    ]
    path = write(tmp_path, "equivalent: {a -> b: it changes nothing}\ncases: []\n")
    with pytest.raises(InvalidProject, match="1 problem"):
        read_equivalents(tmp_path, [path])
