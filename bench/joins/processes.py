"""What an engine's processes take: CPU and memory of each process tree, and files on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil


class Processes:
    """Some processes and all that descends from them, those that have ended included.

    Args:
        roots: their process ids.
    """

    def __init__(self, roots: Sequence[int]) -> None:
        self._roots = tuple(roots)
        self._cpu: dict[tuple[int, float], float] = {}

    def cpu(self) -> float:
        """Seconds of user and system time so far, as often as it is asked: a child is known from the first time on."""
        for process in self._members():
            try:
                times = process.cpu_times()
                self._cpu[process.pid, process.create_time()] = times.user + times.system
            except psutil.Error:
                continue
        return sum(self._cpu.values())

    def resident(self) -> int:
        """Bytes of memory that they hold at this moment."""
        held = 0
        for process in self._members():
            try:
                held += process.memory_info().rss
            except psutil.Error:
                continue
        return held

    def alive(self) -> bool:
        """Whether all of the roots run."""
        return all(_runs(pid) for pid in self._roots)

    def java_flags(self) -> tuple[str, ...]:
        """The -X options of the JVMs among the roots, one text for each JVM."""
        found = []
        for pid in self._roots:
            try:
                arguments = psutil.Process(pid).cmdline()
            except psutil.Error:
                continue
            flags = [each for each in arguments if each.startswith("-X") and "ErrorFile" not in each]
            if flags:
                found.append(" ".join(flags))
        return tuple(found)

    def _members(self) -> Iterable[psutil.Process]:
        for pid in self._roots:
            try:
                root = psutil.Process(pid)
                yield root
                yield from root.children(recursive=True)
            except psutil.Error:
                continue


def bytes_on_disk(folders: Iterable[Path]) -> int:
    """Bytes that the files in these folders take, as far as they stay while they are counted."""
    total = 0
    for top in folders:
        for folder, _, names in os.walk(top):
            for name in names:
                try:
                    total += Path(folder, name).stat().st_blocks * 512
                except OSError:
                    continue
    return total


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
