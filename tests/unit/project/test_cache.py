"""Where jars and archives are kept."""

from pathlib import Path

import pytest

from juncture.project.cache import cache_folder


def test_a_cache_named_from_here_is_found_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUNCTURE_CACHE", ".cache/juncture")
    assert cache_folder() == tmp_path / ".cache/juncture"
