from __future__ import annotations

import pytest
from pydantic import ValidationError

from juncture.model.local import LocalSettings, mebibytes


def test_the_defaults_fit_a_small_machine():
    assert LocalSettings().total_memory == 512 + 256 + 1024 + 2048


@pytest.mark.parametrize(("size", "expected"), [("512m", 512), ("2g", 2048)])
def test_a_size(size, expected):
    assert mebibytes(size) == expected


@pytest.mark.parametrize("size", ["2", "2gb", "2 g", "1.5g", "0m", "-1g", ""])
def test_another_spelling_is_no_size(size):
    with pytest.raises(ValueError, match="is not a memory size"):
        mebibytes(size)


@pytest.mark.parametrize(
    "given",
    [
        {"kafka_port": 80},
        {"kafka_port": 70000},
        {"kafka_port": 9092, "flink_port": 9092},
        {"taskmanagers": 0},
        {"slots": 0},
        {"taskmanager_memory": "1279m"},
        {"jobmanager_memory": "767m"},
        {"broker_heap": "255m"},
        {"kafka_prot": 9092},
    ],
)
def test_what_cannot_work_is_refused(given):
    with pytest.raises(ValidationError):
        LocalSettings(**given)


@pytest.mark.parametrize(
    "given", [{"taskmanager_memory": "1280m"}, {"jobmanager_memory": "768m"}, {"broker_heap": "256m"}]
)
def test_the_least_is_enough(given):
    LocalSettings(**given)
