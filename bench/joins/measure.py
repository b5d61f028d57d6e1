"""One run of one engine, watched from its start until its last row."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from bench.joins.engine import Checkpoints, EngineFailed, Running
from bench.joins.processes import Processes, bytes_on_disk
from bench.joins.topics import Topics

from juncture.kafka.admin import Admin

_PERIOD = 0.25
_ASK_EVERY, _DISK_EVERY = 8, 8
_SETTLED = 2.0
_IDLE = 20.0
_SILENT = 60.0
_HALF_AT_MOST = 0.75
"""Rows that come in few bursts have no half."""
_IDLE_CORES = 0.1


@dataclass(frozen=True)
class _Sample:
    at: float
    cpu: float
    broker: float
    rows: int
    read: int | None


@dataclass(frozen=True)
class CheckpointFigures:
    """The checkpoints of a run: median and longest time in seconds, bytes. None where there are none.

    `uploaded` is the median of a checkpoint, `uploaded_per_event` of all together. `size` is the whole of what one
    refers to: the median of the last half of them, as it goes up and down with compaction.
    """

    seconds: float | None = None
    longest: float | None = None
    uploaded: float | None = None
    uploaded_per_event: float | None = None
    size: float | None = None

    @classmethod
    def of(cls, taken: Checkpoints | None, events: int) -> CheckpointFigures:
        """`events` is how many were read."""
        if taken is None:
            return cls()
        return cls(
            seconds=statistics.median(taken.seconds) if taken.seconds else None,
            longest=max(taken.seconds, default=None),
            uploaded=statistics.median(taken.uploaded) if taken.uploaded else None,
            uploaded_per_event=sum(taken.uploaded) / events if taken.uploaded else None,
            size=statistics.median(taken.sizes[len(taken.sizes) // 2 :]) if taken.sizes else None,
        )


@dataclass(frozen=True)
class Measures:
    """A run in figures. `steady_us` is of the last half of the events, or of the rows where the engine does not tell,
    and None where those came in few bursts.

    CPU is user and system time, in seconds or in microseconds an event, and of the engine unless it says broker;
    memory and disk are in bytes.
    """

    seconds: float
    cpu_seconds: float
    events_per_second: float
    events_per_core_second: float
    whole_us: float
    steady_us: float | None
    broker_us: float
    peak_resident: int
    peak_disk: int
    checkpoints: CheckpointFigures


def watch(
    running: Running,
    topics: Topics,
    broker: Processes,
    events: int,
    expected: int,
    timeout: float,
) -> tuple[Measures, Processes]:
    """Watch until the expected rows are there, or nothing moves any more; then the figures, to the last row.

    The clock starts with the call: the engine is up. Raises EngineFailed if it ends before that.
    """
    processes, admin = Processes(running.pids), Admin(topics.kafka, timeout=60)
    samples: list[_Sample] = []
    resident = disk = 0
    moved = idle_since = begin = time.monotonic()
    while True:
        number = len(samples)
        # Answering is work, and is counted with the engine's.
        asked = number % _ASK_EVERY == 0
        now = time.monotonic()
        sample = _Sample(
            now,
            processes.cpu(),
            broker.cpu(),
            topics.rows(admin),
            running.read() if asked else None,
        )
        resident = max(resident, processes.resident())
        if number % _DISK_EVERY == 0:
            disk = max(disk, bytes_on_disk(running.state_folders))
        if asked:
            running.check()
        if not processes.alive():
            raise EngineFailed("one of its processes has ended")
        if samples and sample.rows > samples[-1].rows:
            moved = idle_since = now
        samples.append(sample)
        if _cores(samples, 2.0) > _IDLE_CORES:
            idle_since = now
        if sample.rows >= expected and now - moved > _SETTLED:
            break
        silent = sample.rows > 0 and now - moved > _SILENT
        if silent or now - idle_since > _IDLE or now - begin > timeout:
            break
        time.sleep(max(_PERIOD - (time.monotonic() - now), 0))
    disk = max(disk, bytes_on_disk(running.state_folders))
    return _measures(samples, events, resident, disk, running.checkpoints()), processes


def _cores(samples: list[_Sample], seconds: float) -> float:
    """CPU a second over the last seconds; a core and more at first, when there is nothing to judge by."""
    last = samples[-1]
    before = next((each for each in reversed(samples) if last.at - each.at >= seconds), None)
    return 1.0 if before is None else (last.cpu - before.cpu) / (last.at - before.at)


def _measures(
    samples: list[_Sample], events: int, resident: int, disk: int, checkpoints: Checkpoints | None
) -> Measures:
    first = samples[0]
    last = next(each for each in samples if each.rows == samples[-1].rows)
    seconds = max(last.at - first.at, _PERIOD)
    cpu = max(last.cpu - first.cpu, 1e-6)
    told = [each for each in samples if each.read is not None]
    if told and told[-1].read == events:
        middle = next(each for each in told if (each.read or 0) * 2 >= events)
        left = events - (middle.read or 0) if middle.at < last.at else 0
    else:
        middle = next(each for each in samples if each.rows * 2 >= last.rows)
        share = middle.rows / last.rows if last.rows else 1
        left = round(events * (1 - share)) if share < _HALF_AT_MOST else 0
    return Measures(
        seconds=seconds,
        cpu_seconds=cpu,
        events_per_second=events / seconds,
        events_per_core_second=events / cpu,
        whole_us=cpu / events * 1e6,
        steady_us=(last.cpu - middle.cpu) / left * 1e6 if left else None,
        broker_us=(last.broker - first.broker) / events * 1e6,
        peak_resident=resident,
        peak_disk=disk,
        checkpoints=CheckpointFigures.of(checkpoints, events),
    )
