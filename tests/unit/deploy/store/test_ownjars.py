"""A job's own jars in the store: they come back as they were, and what an upgrade says of another build."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import Bundle, Manifest, read_manifest
from juncture.deploy.store.ownjars import bring_back, keep_own, rebuilt
from juncture.errors import JunctureError

CONTENT = b"a jar, as far as the store knows"


def files(*jars: tuple[str, bytes], functions: dict[str, str] | None = None) -> dict[str, str]:
    fields: dict[str, Any] = {
        "schema_version": 1, "job": "clicks", "environment": "local", "flink": "2.3", "variables": [], "options": {},
        "topics": {}, "parallelism": 1, "functions": functions or {},
        "own_jars": [{"path": path, "sha256": hashlib.sha256(content).hexdigest()} for path, content in jars],
    }  # fmt: skip
    return {"manifest.json": json.dumps(fields), "job.py": ""}


def manifest(*jars: tuple[str, bytes], functions: dict[str, str] | None = None) -> Manifest:
    return read_manifest(files(*jars, functions=functions))


class Deployed:
    """A job that was deployed with a jar of its own, from a machine that has it no more."""

    def __init__(self, root: Path) -> None:
        self.store, self.cache = Store(root / "store"), root / "cache"
        built = root / "a.jar"
        built.write_bytes(CONTENT)
        self.files = files(("lib/a.jar", CONTENT))
        for _ in range(2):  # the second time it is there already
            keep_own(Bundle(self.files, [root / "connector.jar", built]), self.store)
        built.unlink()

    def back(self) -> list[Path]:
        return list(bring_back(read_manifest(self.files), self.store))


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    monkeypatch.setenv("JUNCTURE_CACHE", str(tmp_path / "cache"))
    return Deployed(tmp_path)


def test_it_comes_back_with_the_bytes_that_it_had(deployed: Deployed) -> None:
    (found,) = deployed.back()
    assert (found.name, found.read_bytes()) == ("a.jar", CONTENT)
    shutil.rmtree(deployed.store.files.url)
    assert deployed.back() == [found]


@pytest.mark.parametrize("left", [None, CONTENT[:-1]], ids=["gone", "torn"])
def test_one_that_the_store_has_no_more_is_told_of(deployed: Deployed, left: bytes | None) -> None:
    (stored,) = Path(deployed.store.files.url).rglob("*.jar")
    stored.unlink()
    if left is not None:
        stored.write_bytes(left)
    with pytest.raises(JunctureError, match="no whole copy of lib/a") as caught:
        deployed.back()
    assert str(stored) in (caught.value.remedy or "")
    assert not list(deployed.cache.rglob("*.jar"))


def test_one_that_was_changed_in_the_store_is_not_taken_for_it(deployed: Deployed, tmp_path: Path) -> None:
    (stored,) = Path(deployed.store.files.url).rglob("*.jar")
    stored.write_bytes(CONTENT[:-1])
    built = tmp_path / "a.jar"
    built.write_bytes(CONTENT)
    with pytest.raises(JunctureError, match="was changed since it was stored") as caught:
        keep_own(Bundle(deployed.files, [built]), deployed.store)
    assert caught.value.remedy == "remove it; it will be written anew"


def test_another_build_of_a_jar_and_another_class_of_a_function_are_told_of() -> None:
    before = manifest(("lib/a.jar", b"1"), ("lib/b.jar", b"1"), functions={"f": "a.F", "g": "a.G"})
    after = manifest(
        ("lib/a.jar", b"2"),
        ("lib/b.jar", b"1"),
        ("lib/c.jar", b"1"),
        functions={"f": "b.F", "g": "a.G", "h": "a.H"},
    )
    jar, function = rebuilt(before, after, 3)
    assert jar.startswith("lib/a.jar is another build than version 3's: state is kept as it is")
    assert function.startswith("The function f is another class than version 3's: state is kept as it is")
    assert not list(rebuilt(after, after, 4))
