"""The benchmark of joins, at its smallest: it runs from an empty folder to its table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.joins.__main__ import main


def test_two_engines_write_the_rows_of_the_oracle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = "--events 5000 --engines ceiling,flink-rocksdb --memory 1536m --state-limit 128m --rate 0"
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
