"""The Java operators: compiled as they are shipped, and their own tests, run in a Java of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from juncture.local.cluster import flink_home
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.operators import compile_java, operator_jar

TESTS = Path(__file__).parents[2] / "operators" / "test"


@pytest.fixture(scope="module")
def jar() -> Path:
    return operator_jar(find_java(), JarCache())


def test_the_same_sources_give_the_same_bytes(jar: Path, tmp_path: Path) -> None:
    downloads = JarCache()
    elsewhere = JarCache(root=tmp_path)
    for each in downloads.jars("compiler"):
        copy = tmp_path / each.relative_to(downloads.root)
        copy.parent.mkdir(parents=True)
        copy.write_bytes(each.read_bytes())
    again = operator_jar(find_java(), elsewhere)
    assert again != jar
    assert again.name == jar.name
    assert again.read_bytes() == jar.read_bytes()


def test_java_tests_pass(jar: Path, tmp_path: Path) -> None:
    java, cache = find_java(), JarCache()
    libraries = [*sorted((flink_home() / "lib").glob("*.jar")), *cache.jars("operator-tests")]
    classes = tmp_path / "classes"
    compile_java(java, cache.jars("compiler"), [jar, *libraries], sorted(TESTS.rglob("*.java")), classes)
    opened = ("java.lang", "java.util", "java.util.concurrent")
    done = subprocess.run(
        [
            str(java.executable),
            "-Xmx1g",
            *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in opened),
            *("-cp", ":".join(map(str, [classes, jar, *libraries]))),
            *("org.junit.platform.console.ConsoleLauncher", "execute", "--disable-banner"),
            *("--disable-ansi-colors", "--details=tree", "--scan-classpath", str(classes)),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
