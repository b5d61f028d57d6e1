"""How often a job of a case is looked at."""

from __future__ import annotations

POLL = 0.05
"""Seconds between two looks. The local stack's Flink has metrics that are as old; to look more often takes from the
processor what the job needs."""
