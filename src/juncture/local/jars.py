"""The jars on this machine: fetched once, verified against the lock before each use."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

from filelock import FileLock, Timeout

from juncture.errors import Refused
from juncture.local.jarlock import Coordinate, JarLock, read_lock
from juncture.model.wording import counted
from juncture.project.cache import cache_folder

_WORKERS = 8
Fetch = Callable[[Coordinate, Path, Callable[[], None]], Path]


class JarCache:
    """Verified jars under one folder, shared by all projects and processes of a user.

    A jar appears under its name only after its sha256 was found to be the lock's, by a rename, so
    that a broken download is never taken for a jar, and is hashed again before each use.

    Args:
        root: the folder; by default JUNCTURE_CACHE, else the user's cache folder.
        lock: by default the lock this package ships.
        fetch: downloads one jar into an empty folder, ending with whatever the function it is given
            raises; by default from Maven Central.
    """

    def __init__(
        self,
        root: Path | None = None,
        lock: JarLock | None = None,
        fetch: Fetch | None = None,
    ) -> None:
        self.root = root or cache_folder()
        self._lock = lock or read_lock()
        self._fetch = fetch or _from_maven

    def jars(self, group: str, progress: Callable[[str], None] | None = None) -> list[Path]:
        """The group's jars in the lock's order, fetching those that are missing.

        Raises Refused if a jar's content is not the lock's (the file is put aside, never used),
        Unreachable if one is missing and cannot be fetched.
        """
        locked = self._lock.group(group).jars
        if self.missing(group):
            self.root.mkdir(parents=True, exist_ok=True)
            with self._alone(progress):
                missing = self.missing(group)
                if missing and progress is not None:
                    progress(f"Fetching {len(missing)} of {counted(len(locked), 'jar')} ({group})")
                self._download(missing, locked)
        return self.paths(group)

    @contextlib.contextmanager
    def _alone(self, progress: Callable[[str], None] | None) -> Iterator[None]:
        """With the folder's lock held; whoever has to wait for it is told."""
        lock = FileLock(self.root / "lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            if progress is not None:
                progress("Waiting for another command that fetches jars")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def missing(self, group: str) -> list[Coordinate]:
        """The group's jars that are not here yet; those that are, are verified.

        Raises Refused if the content of some is not the lock's: they are put aside, and all are named.
        """
        missing: list[Coordinate] = []
        changed: list[Refused] = []
        for coordinate, digest in self._lock.group(group).jars.items():
            try:
                self._verify(coordinate, self.path(coordinate), digest)
            except FileNotFoundError:
                missing.append(coordinate)
            except Refused as refusal:
                changed.append(refusal)
        if changed:
            raise _together(changed)
        return missing

    def paths(self, group: str) -> list[Path]:
        """Where the group's jars are, or will be, in the lock's order."""
        return [self.path(coordinate) for coordinate in self._lock.group(group).jars]

    def path(self, coordinate: Coordinate) -> Path:
        """Where the jar is, or will be."""
        return self.root / "jars" / coordinate.group / coordinate.filename

    def _download(self, missing: list[Coordinate], locked: dict[Coordinate, str]) -> None:
        if not missing:
            return
        staging = self.root / "staging"
        # Whoever left something here was killed: we hold the lock.
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="jars")
        given_up = threading.Event()

        def tick() -> None:
            if given_up.is_set():
                raise CancelledError

        try:
            list(pool.map(lambda each: self._download_one(each, locked[each], staging, tick), missing))
        except BaseException:
            # An interrupt must not wait for downloads over a slow line.
            given_up.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            shutil.rmtree(staging, ignore_errors=True)

    def _download_one(
        self, coordinate: Coordinate, digest: str, staging: Path, tick: Callable[[], None]
    ) -> None:
        try:
            fetched = self._fetch(coordinate, Path(tempfile.mkdtemp(dir=staging)), tick)
        except OSError as error:
            raise OSError(error.errno, error.strerror, error.filename or str(self.root)) from error
        self._verify(coordinate, fetched, digest)
        target = self.path(coordinate)
        target.parent.mkdir(parents=True, exist_ok=True)
        fetched.replace(target)

    def _verify(self, coordinate: Coordinate, path: Path, digest: str) -> None:
        found = sha256(path)
        if found == digest:
            return
        aside = self.root / "quarantine" / f"{coordinate.filename}.{found[:12]}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another process has put it aside already
            path.replace(aside)
        raise Refused(
            f"{coordinate} is not the jar it should be: expected sha256 {digest}, found {found}",
            state=f"the file was put aside as {aside} and is not used",
            remedy="run the command that needs it (`juncture local up`, `juncture submit`) to fetch it anew; if it "
            "differs again, ask who runs the proxy or mirror between here and Maven Central",
        )


def _from_maven(coordinate: Coordinate, folder: Path, tick: Callable[[], None]) -> Path:
    # Imported where a jar is missing: jgo takes as long as a fifth of what else a command imports.
    from juncture.local import maven

    return maven.fetch(coordinate, folder, tick)


def sha256(path: Path) -> str:
    """The file's sha256 in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _together(changed: list[Refused]) -> Refused:
    if len(changed) == 1:
        return changed[0]
    return Refused(
        "; ".join(each.problem for each in changed),
        state="; ".join(each.state or "" for each in changed),
        remedy=changed[0].remedy,
    )
