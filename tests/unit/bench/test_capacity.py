"""What was foretold beside what was measured."""

from __future__ import annotations

from pathlib import Path

from bench.capacity.configurations import FITTED, HELD_OUT
from bench.capacity.outcome import Outcomes, Told


def test_twelve_and_more_are_held_out_of_every_fit() -> None:
    names = [each.name for each in (*FITTED, *HELD_OUT)]
    assert len(set(names)) == len(names)
    assert len(HELD_OUT) >= 12
    assert {each.engine for each in HELD_OUT} == {each.engine for each in FITTED}
    # Window, payload, matches, keys, kind of join: each is other than where it was fitted, somewhere.
    assert all(
        any(getattr(each, name) != getattr(FITTED[0], name) for each in HELD_OUT)
        for name in ("minutes", "payload", "match", "keys", "kind")
    )


def test_the_table_and_what_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "capacity.json"
    found = Outcomes.read(path)
    found.held["one"] = {
        "CPU a record": Told(8, 12, 16, 10),
        "state": Told(1 << 20, 2 << 20, 3 << 20, 4 << 20),
    }
    found.held["two"] = {"CPU a record": Told(8, 10, 12, 10)}
    found.fits["one"], found.loads = {}, {"one": 2.4}
    found.store(path)

    read = Outcomes.read(path)

    assert read.held == found.held
    assert read.table().splitlines()[2:] == [
        "| one | 12.0 µs / 10.0 µs (+20%) | 2.0 MiB / 4.0 MiB (-50%) \\* |  |  |  | 2 (fitted at 2) |",
        "| two | 10.0 µs / 10.0 µs (+0%) |  |  |  |  |  |",
        "| median error | 10% | 50% |  |  |  | |",
        "| worst | 20% | 50% |  |  |  | |",
    ]
