from pathlib import Path

import pytest

from juncture.errors import Refused
from juncture.project.loader import load_project
from juncture.project.scaffold import create


def test_the_example_project_loads(tmp_path: Path) -> None:
    project = load_project(create(tmp_path / "mine"))
    assert list(project.jobs) == ["ad_funnel", "impression_clicks", "paid_orders"]
    cases = [path.stem for path in (project.root / "tests" / "joins").iterdir()]
    assert sorted(cases) == list(project.jobs)
    assert ".juncture/" in (project.root / ".gitignore").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_empty_folder_will_do_and_stays_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path.stat().st_ino
    assert load_project(create(Path())).name == "adstream"
    assert tmp_path.stat().st_ino == folder
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".gitignore", "jobs", "juncture.toml", "sql", "tests",
    ]  # fmt: skip


def test_what_is_there_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    with pytest.raises(Refused, match="not empty"):
        create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sql"]


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if self.name == "sql":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        create(tmp_path)
    assert list(tmp_path.iterdir()) == []
