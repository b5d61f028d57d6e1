"""Functions in jars of a job's own, compiled from Java."""

from __future__ import annotations

from pathlib import Path

from juncture.local.cluster import flink_home
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.operators import compile_java, pack

JAR = "lib/functions.jar"
"""In the project."""


def build(root: Path, name: str, source: str) -> None:
    """Compile the class of this name, and put it into the project's jar instead of what is in it."""
    java, compiler = find_java(), JarCache().jars("compiler")
    file, classes = root / f"{name}.java", root / "classes"
    root.mkdir(exist_ok=True)
    file.write_text(source)
    compile_java(java, compiler, sorted((flink_home() / "lib").glob("*.jar")), [file], classes)
    (root / JAR).parent.mkdir(exist_ok=True)
    pack(classes, root / JAR)
