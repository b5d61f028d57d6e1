"""Addresses of Flink's, opened with fsspec, which has other names for some."""

from __future__ import annotations

from typing import Any

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
