"""Which rule a refusal of Flink's planner belongs to."""

from __future__ import annotations

import re

from juncture.model.compilation import PlannerError

SQL_INVALID = "sql-invalid"

_OWNERS = (
    ("updating-into-append-sink", r"^Table sink '[^']+' doesn't support consuming .* changes"),
    ("upsert-key-mismatch", r"upsert key that differs from the primary key"),
    ("join-key-cast", r"implicit type conversion between .+ and .+ is not supported on join's condition"),
    ("missing-watermark", r"no row time attribute can be found"),
    ("missing-watermark", r"only supports 'FOR SYSTEM_TIME AS OF' left table's time attribute"),
    ("missing-watermark", r"requires the timecol is a time attribute type"),
    ("nondeterministic-in-updating", r"can not satisfy the determinism requirement"),
)


def owner(error: PlannerError) -> str:
    """The id of the rule that explains a refusal; 'sql-invalid' for all that have none of their own."""
    return next((rule for rule, pattern in _OWNERS if re.search(pattern, error.message)), SQL_INVALID)
