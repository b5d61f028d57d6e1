"""Write the jar lock anew: `python -m juncture.local.lock`.

Resolves what each group asks for on Maven Central, fetches every jar and records its sha256. The
outcome depends on the groups' `with_dependencies` and `alone` only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from juncture.errors import JunctureError
from juncture.local import maven
from juncture.local.jarlock import LOCK_FILE, Coordinate, JarGroup, JarLock, read_lock, render_lock
from juncture.local.jars import sha256


def relock(lock: JarLock, folder: Path) -> JarLock:
    """The lock with every group resolved and hashed again, working in `folder`.

    Raises Unreachable if Maven Central cannot be reached, JunctureError if two jars of a group
    need different versions of a third.
    """
    return JarLock({name: _relock(group, folder) for name, group in lock.groups.items()})


def _relock(group: JarGroup, folder: Path) -> JarGroup:
    wanted: dict[tuple[str, str, str], Coordinate] = {}
    # Each root by itself: resolved together, jgo lets one root manage the versions of another.
    resolved = [each for root in group.with_dependencies for each in maven.resolve(root, folder / "poms")]
    for coordinate in [*group.alone, *resolved]:
        artifact = (coordinate.group, coordinate.artifact, coordinate.classifier)
        other = wanted.setdefault(artifact, coordinate)
        if other != coordinate:
            raise JunctureError(f"{group.name} would hold both {other} and {coordinate}")
    with ThreadPoolExecutor(8) as pool:
        digests = pool.map(lambda each: _digest(each, folder), wanted.values())
        return replace(group, jars=dict(zip(wanted.values(), digests, strict=True)))


def _digest(coordinate: Coordinate, folder: Path) -> str:
    return sha256(maven.fetch(coordinate, Path(tempfile.mkdtemp(dir=folder))))


def main(arguments: list[str] | None = None) -> int:
    """0 written or unchanged, 1 with --check and a difference, else the error's own exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m juncture.local.lock", description="Write jar locks anew."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if one would change")
    parser.add_argument("files", nargs="*", type=Path, help="the locks; by default Juncture's own jars.lock")
    given = parser.parse_args(arguments)
    changed = False
    for file in given.files or [LOCK_FILE]:
        try:
            with tempfile.TemporaryDirectory(prefix="juncture-lock-") as folder:
                text = render_lock(relock(read_lock(file), Path(folder)))
        except JunctureError as error:
            print(f"{error}\n{error.remedy or ''}".rstrip(), file=sys.stderr)
            return error.exit_code
        if text == file.read_text(encoding="utf-8"):
            print(f"{file.name} is as it should be", file=sys.stderr)
            continue
        changed = True
        if given.check:
            print(f"{file.name} would change: run `make lock-jars`", file=sys.stderr)
            continue
        file.write_text(text, encoding="utf-8")
        print(f"wrote {file.name}", file=sys.stderr)
    return 1 if given.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
