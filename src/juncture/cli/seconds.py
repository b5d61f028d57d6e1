"""Numbers of seconds on the command line."""

from __future__ import annotations

import math
from typing import Any

import click

LONGEST = 7 * 24 * 3600
"""Of any wait that a command is told: a week. What is longer is a mistake, and too long for a system's timers."""


class Seconds(click.FloatRange):
    """A number from 1 to LONGEST, which 'nan' is not, though it is neither less nor more."""

    def __init__(self) -> None:
        super().__init__(min=1, max=LONGEST)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = float(super().convert(value, param, ctx))
        if math.isnan(found):
            self.fail(f"'{value}' is no number of seconds; write one from 1 to {LONGEST}", param, ctx)
        return found


WHOLE_SECONDS = click.IntRange(min=1, max=LONGEST)
