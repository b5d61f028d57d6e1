"""What the figures of a benchmark were measured on."""

from __future__ import annotations

import os
import platform

import psutil


def machine() -> str:
    """Cores, memory and system of this machine."""
    return f"{os.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GiB, {platform.platform()}"
