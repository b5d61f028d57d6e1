"""The benchmarks, at their smallest: they run from an empty folder to their tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.join_operator.__main__ import main as operators
from bench.joins.__main__ import main
from bench.nexmark.__main__ import main as nexmark

pytestmark = pytest.mark.usefixtures("one_planner")


def test_two_engines_write_the_rows_of_the_oracle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = "--events 5000 --engines ceiling,flink-rocksdb --memory 1536m --state-limit 128m --rate 0 --checkpoint 1"
    assert main([*asked.split(), "--result", "report.json"]) == 0
    printed = capsys.readouterr().out
    stored = json.loads(Path("report.json").read_text())
    assert [each["engine"] for each in stored["outcomes"]] == ["ceiling", "flink-rocksdb"]
    for outcome in stored["outcomes"]:
        assert outcome["rows"]["found"] == outcome["rows"]["expected"] > 1500
        assert outcome["rows"]["missing"] == outcome["rows"]["extra"] == 0
        assert outcome["measures"]["cpu_seconds"] > 0
        assert outcome["measures"]["peak_resident"] > 1 << 20
        assert "-Xmx" in outcome["java_flags"][0]
    assert printed.count(", the same") == 2
    assert stored["outcomes"][1]["measures"]["peak_disk"] > 0
    assert not any(Path(".juncture/bench/stack/.juncture/local").glob("data*"))


def test_a_query_of_nexmark_has_the_rows_of_its_published_form_on_the_event_join(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = (
        "--events 20000 --queries q8 --engines event-join --memory 1536m --state-limit 128m --checkpoint 1"
    )
    assert nexmark([*asked.split(), "--results", "."]) == 0
    (stored,) = [json.loads(path.read_text()) for path in tmp_path.glob("nexmark-q8-*.json")]
    (outcome,) = stored["outcomes"]
    assert outcome["rows"]["found"] == outcome["rows"]["expected"] > 100
    assert outcome["rows"]["missing"] == outcome["rows"]["extra"] == 0


def test_the_operators_alone_join_the_same_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert operators(["flink", "event-join", "heap", "--events", "4000", "--every", "1000"]) == 0
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()
    ]
    assert lines[0][0] == "variant"
    figures = {line[0]: line[1:] for line in lines[2:]}
    assert list(figures) == ["flink", "event-join", "heap"]
    results = {each[5] for each in figures.values()}
    assert len(results) == 1
    assert int(results.pop().replace(",", "")) > 200
    assert all(float(each[0]) > 0 for each in figures.values())
