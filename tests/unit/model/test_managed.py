"""Who gets how much of a slot's managed memory, as Flink divides it."""

from __future__ import annotations

import pytest

from juncture.model.managed import WEIGHTS, backend_memory, share_of_operators

ROCKSDB = "state.backend.rocksdb.memory"


@pytest.mark.parametrize(
    ("options", "backend", "share"),
    [
        ({}, "hashmap", 1.0),
        ({WEIGHTS: "OPERATOR:20,STATE_BACKEND:980"}, "hashmap", 1.0),
        ({WEIGHTS: "STATE_BACKEND:70"}, "hashmap", 0.0),
        ({}, "rocksdb", 0.5),
        ({WEIGHTS: "OPERATOR:20, STATE_BACKEND:980"}, "forst", 0.02),
        ({WEIGHTS: "STATE_BACKEND:70"}, "rocksdb", 0.0),
        ({WEIGHTS: "PYTHON:30"}, "rocksdb", 0.0),
        ({f"{WEIGHTS}.OPERATOR": "30", f"{WEIGHTS}.STATE_BACKEND": "70"}, "rocksdb", 0.3),
        ({WEIGHTS: "{OPERATOR: 30, STATE_BACKEND: 70}"}, "rocksdb", 0.3),
        ({WEIGHTS: "OPERATOR:${OPERATOR},STATE_BACKEND:70"}, "rocksdb", 0.5),
    ],
)
def test_the_part_of_managed_memory_that_operators_get(
    options: dict[str, str], backend: str, share: float
) -> None:
    assert share_of_operators(options, backend) == pytest.approx(share)


@pytest.mark.parametrize(
    ("options", "beside", "found"),
    [
        ({}, False, 1_000),
        ({}, True, 500),
        ({WEIGHTS: "OPERATOR:1,STATE_BACKEND:3"}, True, 750),
        ({WEIGHTS: "OPERATOR:1,STATE_BACKEND:3"}, False, 1_000),
        ({f"{ROCKSDB}.fixed-per-slot": "8 mb"}, True, 8 * 2**20),
        ({f"{ROCKSDB}.managed": "false"}, True, None),
    ],
)
def test_what_the_backend_has_of_a_slot(options: dict[str, str], beside: bool, found: float | None) -> None:
    assert backend_memory(options, "rocksdb", 1_000, beside) == found
