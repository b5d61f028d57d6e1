"""The Java of operators/test/, compiled, and the command that runs it in a Java of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from juncture.local.cluster import flink_home
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.operators import compile_java

_TESTS = Path(__file__).parents[2] / "operators" / "test"
_OPENED = ("java.lang", "java.util", "java.util.concurrent")


def short_lived(folder: Path) -> str:
    """JVM_ARGS of programs that end after seconds: compiled quickly, not well. What Flink leaves is in the folder."""
    return f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djava.io.tmpdir={folder}"


def java_command(jar: Path, classes: Path, main: Sequence[str]) -> list[str]:
    """Compile the tests of the operators' jar into a folder; the command that runs this main class with arguments."""
    java, cache = find_java(), JarCache()
    # Flink's test harness leaves a folder of each task.
    temporary = classes.with_name("java-tmp")
    temporary.mkdir()
    libraries = [*sorted((flink_home() / "lib").glob("*.jar")), *cache.jars("operator-tests")]
    compile_java(java, cache.jars("compiler"), [jar, *libraries], sorted(_TESTS.rglob("*.java")), classes)
    return [
        str(java.executable),
        *("-Xmx1g", *short_lived(temporary).split()),
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
        *("-cp", ":".join(map(str, [classes, _TESTS, jar, *libraries]))),
        *main,
    ]
