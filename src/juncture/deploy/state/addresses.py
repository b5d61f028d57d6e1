"""Addresses as Flink writes them: of folders, and of stores, for some of which fsspec has other names."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import fsspec

_FLINKS_OWN = {"s3p": "s3"}
"""Schemes by which Flink names one of several plugins for the same storage; fsspec knows `s3a`, of Hadoop's."""


def opened(address: str) -> tuple[Any, str]:
    """The file system of a folder or a file, and its path there.

    Raises whatever the package for it raises: ImportError without one, ValueError for a scheme that nobody knows.
    """
    scheme, colon, rest = address.partition(":")
    known = f"{_FLINKS_OWN.get(scheme, scheme)}{colon}{rest}"
    # What lies there is changed by Flink, so that listings of before say nothing.
    fs, path = fsspec.core.url_to_fs(known, use_listings_cache=False)
    return fs, str(path)


def is_local(address: str) -> bool:
    """Whether it is a path of the machine that reads it, and no address of a store."""
    return urlsplit(address).scheme in ("", "file")


def plain(address: str) -> str:
    """The path of what is local, else the address. Flink writes file:/a, people file:///a or /a, and none escapes.

    So a '#' or '?' is a part of the path.
    """
    address = address.rstrip("/")
    if not is_local(address):
        return address
    path = re.sub("^file:", "", address, flags=re.IGNORECASE)
    return re.sub("^//[^/]*", "", path) if path != address else path
