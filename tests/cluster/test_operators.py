"""The Java operators: compiled as they are shipped, and their own tests, run in a Java of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from tests.cluster.operator_classes import java_command
from tests.cluster.recorded import program

from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.operators import operator_jar

PROGRAM = Path(__file__).parent / "event_join_program.py"


@pytest.fixture(scope="module")
def jar() -> Path:
    return operator_jar(find_java(), JarCache())


def test_the_same_sources_give_the_same_bytes(jar: Path, tmp_path: Path) -> None:
    downloads = JarCache()
    elsewhere = JarCache(root=tmp_path)
    for each in (*downloads.jars("compiler"), *downloads.jars("kafka-connector")):
        copy = tmp_path / each.relative_to(downloads.root)
        copy.parent.mkdir(parents=True)
        copy.write_bytes(each.read_bytes())
    again = operator_jar(find_java(), elsewhere)
    assert again != jar
    assert again.name == jar.name
    assert again.read_bytes() == jar.read_bytes()


def test_java_tests_pass(jar: Path, tmp_path: Path) -> None:
    classes = tmp_path / "classes"
    run = [
        "org.junit.platform.console.ConsoleLauncher",
        "execute",
        "--disable-banner",
        "--disable-ansi-colors",
    ]
    done = subprocess.run(
        java_command(jar, classes, [*run, "--details=tree", "--scan-classpath", str(classes)]),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    random = Random(5)  # noqa: S311
    for name in ("left", "right"):
        lines = []
        for number in range(3000):
            key = "~" if random.random() < 0.05 else f"id{random.randrange(400)}"
            region = random.choice(["north", "south", "~"])
            lines.append(f"{key},{region},{random.randrange(3)},{1_700_000_000_000 + number * 10}")
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_compiled_plan_gives_the_same_rows_with_the_operator(jar: Path, rows: Path, tmp_path: Path) -> None:
    java = {
        "JAVA_HOME": str(find_java().home),
        "FLINK_LOG_DIR": str(tmp_path),
        "JVM_ARGS": program(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(jar), str(rows), str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | java,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = {
        form: {
            kind: sorted(
                line
                for part in (tmp_path / form / kind).iterdir()
                if part.is_file()
                for line in part.read_text().splitlines()
            )
            for kind in ("INNER", "LEFT", "RIGHT", "FULL")
        }
        for form in ("flink", "operator")
    }
    assert all(len(lines) > 1000 for lines in results["flink"].values())
    assert results["operator"] == results["flink"]
