"""Flink's classes as some planner before has recorded them: with them, a Java of one's own starts sooner."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.operator_classes import short_lived

from juncture.deploy.environment.toolchain import Toolchain, find_toolchain
from juncture.project.archive import ClassArchive


def recorded(tools: Toolchain) -> ClassArchive | None:
    """For a planner that is to record none: those that come after it are few, or none."""
    return tools.archive if tools.archive.find() else None


def program(folder: Path) -> str:
    """JVM_ARGS of a PyFlink program that ends after seconds, and leaves what it leaves in the folder."""
    return " ".join((short_lived(folder), "-Xshare:auto -Xlog:disable", *find_toolchain([]).archive.mapped()))
