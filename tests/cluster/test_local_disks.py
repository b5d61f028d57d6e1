"""State on several local folders, and a task that is restored from the TaskManager's own copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.conftest import Make, Stack
from tests.cluster.example import until

from juncture.flink.rest import FlinkCluster
from juncture.planner.session import Planner


@contextmanager
def taken_away(folder: Path) -> Iterator[None]:
    """What is in the folder can't be read, and nothing written into it."""
    away = folder.with_name(f"{folder.name}.away")
    folder.rename(away)
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        away.rename(folder)


def test_a_task_that_failed_goes_on_without_reading_its_checkpoint(
    make: Make, stack: Stack, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    disks = [tmp_path / "disk1", tmp_path / "disk2"]
    (tmp_path / "no-disk").touch()
    options = {
        "execution.checkpointing.dir": (tmp_path / "checkpoints").as_uri(),
        # Flink leaves out the folder that it can't make.
        "state.backend.rocksdb.localdir": f"{disks[0]}:{disks[1]},{tmp_path}/no-disk/state",
        # All files of RocksDB are files of checkpoints, however small.
        "execution.checkpointing.data-inline-threshold": "0 b",
        "execution.checkpointing.tolerable-failed-checkpoints": "0",
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": "100",
        "restart-strategy.fixed-delay.delay": "500 ms",
    }
    lines = "".join(f"  {name}: {value}\n" for name, value in options.items())
    made = make(edit=lambda job: f"join_strategy: event_join\n{job.replace('hashmap', 'rocksdb')}{lines}")
    job_id = made.submit(planner).flink_job_id
    assert any(disk.is_dir() and list(disk.glob(f"job_{job_id}_*")) for disk in disks)
    made.write(100)
    made.write(1, first=100, clicks=False)
    until(lambda: len(made.joined()) == 100)

    log = next(stack.root.rglob("taskmanager-1.log"))
    said = log.stat().st_size
    with taken_away(tmp_path / "checkpoints" / job_id / "shared"):
        made.write(20, first=101)  # there is something to write into checkpoints
        # The second time it fails by that again: it ran in between.
        until(lambda: (cluster.restarts(job_id) or 0) >= 2)
    with log.open(errors="replace") as file:
        file.seek(said)
        assert "while restoring" not in file.read()

    made.write(1, first=100, impressions=False)  # its impression is in the state alone
    until(lambda: len(made.joined()) >= 121)
    assert made.joined() == sorted(f"c{number}" for number in range(121)), "nothing lost, nothing twice"
