"""What is told of a version whose watermarks wait longer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from juncture.deploy.state.changes import later_watermarks

PLAN = (Path(__file__).parents[2] / "monitoring/plan.json").read_text()
MANIFEST = {
    "schema_version": 1, "job": "matches", "environment": "local", "flink": "2.3", "variables": [], "options": {},
    "topics": {}, "sources": {}, "parallelism": 1,
}  # fmt: skip


def files(client: int) -> dict[str, str]:
    """A version whose clients' watermark waits for so many ms; that of the server is a minute."""
    before, after = PLAN[: PLAN.index(".`client`")], PLAN[PLAN.index(".`client`") :]
    plan = before + after.replace('"60000"', f'"{client}"', 1)
    return {"plan.json": plan, "manifest.json": json.dumps(MANIFEST), "job.py": ""}


@pytest.mark.parametrize(
    ("delay", "told"),
    [
        (59_999, []),
        (60_000, []),
        (
            172_800_000,
            [
                "The watermark of client waits 48.0 h, and not 60.0 s: rows that wait for it come so much later,"
                " and are kept as much longer"
            ],
        ),
    ],
)
def test_only_one_that_waits_longer(delay: int, told: list[str]) -> None:
    assert later_watermarks(files(60_000), files(delay)) == told
