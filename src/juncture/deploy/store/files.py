"""Files that are created once and whole, in a folder or at any address fsspec knows."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import fsspec

from juncture.errors import JunctureError, Unreachable

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems say that have none, such as FAT; the folder itself can be written when it comes to a link."""
_TEMPORARY = ".tmp-"


class StoreFull(JunctureError):
    """The store takes nothing more; what is in it can be read."""


class Files:
    """A tree of small files under one address. No file is ever changed once it is there.

    Args:
        url: a path, or an address such as 's3://bucket/folder' whose fsspec package is installed.

    Every method raises StoreFull, JunctureError if the place may not be used or lacks its package, and
    Unreachable for other failures of a remote one.
    """

    def __init__(self, url: str | Path) -> None:
        self.url = str(url).rstrip("/")
        with self._told("be opened"):
            self._fs, root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        self._root = str(root).rstrip("/")
        self._local = "file" in _protocols(self._fs)

    def address(self, name: str) -> str:
        """Where a file is, to show to people."""
        return f"{_without_user(self.url)}/{name}"

    def create(self, name: str, data: bytes) -> None:
        """Create a file with all of its content, or not at all. Raises FileExistsError if it is there.

        Of several who try at once, one succeeds. That holds for local folders and for stores with
        conditional writes (S3, GCS, memory among them); others look first and then write. One that is there with this
        very content was created now: the answer was lost, and the request sent again.
        """
        with self._told(f"take '{name}'"):
            try:
                if self._local:
                    self._link(Path(self._root, name), data)
                else:
                    self._fs.pipe_file(f"{self._root}/{name}", data, mode="create")
            except OSError as error:
                # Of some stores that speak S3's language, that it is there comes as any other error.
                found = self.read(name)
                if found is None:
                    raise error from None
                if found != data:
                    raise FileExistsError(errno.EEXIST, f"{name} is there") from None

    def read(self, name: str) -> bytes | None:
        """A file's content; None if there is no such file."""
        with self._told(f"give '{name}'"):
            try:
                return bytes(self._fs.cat_file(f"{self._root}/{name}"))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def names(self, folder: str) -> tuple[str, ...]:
        """Names of the files in a folder, without the folder, sorted; none if it does not exist."""
        with self._told(f"list '{folder}'"):
            try:
                entries = self._fs.ls(f"{self._root}/{folder}", detail=False)
            except (FileNotFoundError, NotADirectoryError):
                return ()
            names = (str(entry).rstrip("/").rsplit("/", 1)[-1] for entry in entries)
            return tuple(sorted(name for name in names if not name.startswith(_TEMPORARY)))

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens if it is gone."""
        with self._told(f"remove '{name}'"):
            try:
                self._fs.rm_file(f"{self._root}/{name}")
            except FileNotFoundError:
                return

    def _link(self, target: Path, data: bytes) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, f"{target.parent} is not a folder") from None
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=_TEMPORARY)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), 0o644)
            # Unlike a rename, a link fails if the name is taken.
            try:
                os.link(temporary, target)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                raise JunctureError(
                    f"the store {self.url} lies on a file system without hard links, by which its files are made",
                    state="nothing was written",
                    remedy="set another `store` for the environment in juncture.toml, on another file system or in S3",
                ) from None
            _sync_folder(target.parent)
        finally:
            Path(temporary).unlink(missing_ok=True)

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        shown = _without_user(self.url)
        try:
            yield
        except (JunctureError, FileExistsError):
            raise
        except ImportError as error:
            raise JunctureError(
                f"the store {shown} needs a package that is not installed: {error}",
                remedy="pip install 'juncture[s3]' for s3:// addresses, or the package that is named here for others",
            ) from None
        except ValueError as error:
            raise JunctureError(
                f"the store {shown} cannot be used: {error}",
                remedy="correct `store` of the environment in juncture.toml",
            ) from None
        except OSError as error:
            raise _failure(shown, doing, error) from None
        except Exception as error:  # each fsspec package has exceptions of its own
            raise Unreachable(
                f"the store {shown} could not {doing}: {type(error).__name__}: {error}",
                remedy="check `store` of the environment in juncture.toml, and your access to it",
            ) from None


def _failure(shown: str, doing: str, error: OSError) -> JunctureError:
    if error.errno in _FULL:
        return StoreFull(
            f"the store {shown} could not {doing}: it is full ({error.strerror})",
            state="nothing was written",
            remedy="make room, then run the command again",
        )
    if error.errno in _DENIED or isinstance(error, PermissionError):
        return JunctureError(
            f"the store {shown} could not {doing}: it may not be used ({error.strerror or error})",
            state="nothing was written",
            remedy="mend its permissions, or set another `store` for the environment in juncture.toml",
        )
    return Unreachable(
        f"the store {shown} could not {doing}: {error.strerror or error}",
        remedy="check `store` of the environment in juncture.toml, and your access to it",
    )


def _protocols(fs: Any) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rsplit("@", 1)[1]))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
