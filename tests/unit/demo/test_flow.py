"""What the demo says and refuses before anything is started."""

import pytest
from filelock import FileLock
from tests.projects import write_project

from juncture.demo.flow import run_demo
from juncture.demo.summary import summarise
from juncture.errors import JunctureError, Refused
from juncture.project.scaffold import create
from juncture.sample.examples import generate
from juncture.validation.oracle.compare import Comparison


def summary(**differences):
    counts = {"missing": 0, "extra": 0, "duplicated": 0, **differences}
    ledger = generate("impression_clicks", 1000).ledger
    return summarise(
        "impression_clicks",
        ledger,
        Comparison(expected=700, actual=700, **counts),
        malformed=ledger.malformed,
        late=ledger.late,
        unmatched=40,
        throughput=50_000.4,
        seconds={"start": 1.0},
        rendered="build/impression_clicks",
    )


def test_a_project_without_the_examples_job_is_told_how_to_get_one(tmp_path):
    with pytest.raises(JunctureError) as caught:
        run_demo(write_project(tmp_path))
    assert "juncture init" in (caught.value.remedy or "")
    assert not (tmp_path / ".juncture").exists()


def test_one_demo_at_a_time(tmp_path):
    create(tmp_path / "example")
    folder = tmp_path / "example" / ".juncture"
    folder.mkdir()
    with FileLock(folder / "demo.lock"), pytest.raises(Refused, match="already"):
        run_demo(tmp_path / "example", events=1000)
    assert [entry.name for entry in folder.iterdir()] == ["demo.lock"]


@pytest.mark.parametrize("kind", ["missing", "extra", "duplicated"])
def test_any_difference_is_a_failure(kind):
    assert summary().ok
    assert not summary(**{kind: 1}).ok


def test_the_lines_hold_what_is_asked_for():
    lines = dict(summary(extra=2, duplicated=3).lines)
    names = {"server events", "joined", "unmatched", "late", "duplicates", "malformed", "throughput"}
    assert names <= set(lines)
    assert lines["extra"] == "5"
    assert lines["server events"] == "1,000"
    assert summary().model_dump_json()
