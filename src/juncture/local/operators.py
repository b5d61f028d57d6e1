"""The jar of Juncture's Flink operators, compiled here from the sources that the package ships."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

from juncture.errors import JunctureError
from juncture.local.cluster import flink_home
from juncture.local.jars import JarCache
from juncture.local.java import Java

_PACKAGED = Path(__file__).parent / "operators"
_CHECKOUT = Path(__file__).parents[3] / "operators" / "src"
_CONNECTOR = "kafka-connector"
_RELEASE = "11"  # the oldest Java that Flink 2.3 runs on


def operator_sources() -> Path:
    """The folder of the Java sources: the package's, or the checkout's."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def operator_jar(java: Java, cache: JarCache, progress: Callable[[str], None] | None = None) -> Path:
    """The jar of the operators, compiled once for these sources, this Flink and this compiler.

    The same sources give the same bytes on every machine.
    Raises Unreachable if the compiler could not be fetched, JunctureError if the sources do not compile.
    """
    target = operator_jar_path(cache)
    if not target.exists():
        compiler = cache.jars("compiler", progress)
        libraries = [*_flink_jars(), *cache.jars(_CONNECTOR, progress)]
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_suffix(".lock")), tempfile.TemporaryDirectory(dir=target.parent) as folder:
            if not target.exists():
                if progress is not None:
                    progress("Compiling Juncture's Flink operators")
                classes = Path(folder, "classes")
                compile_java(java, compiler, libraries, _sources(), classes)
                for path in _services():
                    copied = classes / path.relative_to(operator_sources())
                    copied.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, copied)
                packed = Path(folder, "operators.jar")
                pack(classes, packed)
                packed.replace(target)
    return target


def operator_jar_path(cache: JarCache) -> Path:
    """Where the jar of the operators is, or will be."""
    digest = _digest(
        [*cache.paths("compiler"), *cache.paths(_CONNECTOR), *_flink_jars()], [*_sources(), *_services()]
    )
    return cache.root / "operators" / f"juncture-operators-{digest}.jar"


def compile_java(
    java: Java, compiler: Sequence[Path], libraries: Sequence[Path], sources: Sequence[Path], classes: Path
) -> None:
    """Compile Java sources into a folder of classes. Raises JunctureError with the compiler's words."""
    done = subprocess.run(
        [
            str(java.executable),
            *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
            *("-cp", ":".join(map(str, compiler)), "org.eclipse.jdt.internal.compiler.batch.Main"),
            *("-source", _RELEASE, "-target", _RELEASE, "-encoding", "UTF-8", "-nowarn", "-g"),
            *("-cp", ":".join(map(str, libraries)), "-d", str(classes)),
            *map(str, sources),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise JunctureError(
            "Juncture's Flink operators do not compile",
            state=(done.stderr + done.stdout).strip(),
            remedy="reinstall juncture with the apache-flink that it asks for; in a checkout, mend operators/",
        )


def pack(classes: Path, jar: Path) -> None:
    """Zip a folder; equal content gives equal bytes."""
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(each for each in classes.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(classes).as_posix())  # dated 1980
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


def _flink_jars() -> list[Path]:
    return sorted((flink_home() / "lib").glob("*.jar"))


def _sources() -> list[Path]:
    return sorted(operator_sources().rglob("*.java"))


def _services() -> list[Path]:
    """By which Flink finds the formats."""
    return sorted((operator_sources() / "META-INF" / "services").iterdir())


def _digest(jars: Sequence[Path], sources: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for jar in jars:
        digest.update(jar.name.encode())
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
