"""The folder in which a user's projects keep what can be made or fetched again."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_dir


def cache_folder() -> Path:
    """JUNCTURE_CACHE, else the user's cache folder; it need not be there yet."""
    # Absolute, as programs that run elsewhere look for jars in it.
    return Path(os.environ.get("JUNCTURE_CACHE") or user_cache_dir("juncture", appauthor=False)).absolute()
