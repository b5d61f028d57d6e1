"""What a job needs over rates and windows around those that it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from juncture.capacity.supposed import WhatIf
from juncture.model.capacity import Point
from juncture.model.figures import Figure

RATES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
WINDOWS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_SHOWN = ("cores", "memory", "state", "highest rate")


def landscape(needs: Callable[[WhatIf], Iterable[Figure]], base: WhatIf, widest: int) -> tuple[Point, ...]:
    """A point for each rate and window, the rates of the first window first.

    Args:
        needs: the job's figures where something is supposed.
        base: what is supposed anyhow; its rate and window are those in the middle.
        widest: the widest window of the job's joins by time in ms, 0 if it has none: then there are rates alone.
    """
    middle = base.window or widest
    found = []
    for factor in WINDOWS if middle else (1.0,):
        if middle and not round(middle * factor):
            continue  # narrower than the narrowest
        # As it is, and not all joins with the window of the widest.
        window = base.window if factor == 1.0 else round(middle * factor)
        for rate in RATES:
            figures = {each.name: each for each in needs(replace(base, rate=base.rate * rate, window=window))}
            found.append(
                Point(
                    rate=rate,
                    peak=figures["peak rate"].value.expected,
                    window=round(middle * factor) if middle else None,
                    values={each.name: each.value for each in figures.values() if _is_shown(each)},
                )
            )
    return tuple(found)


def _is_shown(figure: Figure) -> bool:
    return figure.name in _SHOWN or (figure.unit == "a month" and figure.name.startswith("cost in "))
