"""The rows that a running job wrote, beside those that were foretold."""

from __future__ import annotations

from collections.abc import Sequence

from juncture.model.figures import Range
from juncture.model.traffic import Written
from juncture.model.verification import Term
from juncture.model.wording import counted

FEWEST = 100
"""Records below which their rows tell little: those of some are written when the watermark has passed."""


_COUNTED = 0.05
"""How far the two counters may be apart: they are not of one moment, and rows come in bursts, with the watermark."""


def rows_term(
    now: Sequence[Written],
    before: Sequence[Written],
    records: int,
    rows: int,
    seconds: float,
    is_known: bool,
) -> Term:
    """Rows a second, of all sinks.

    Args:
        now: what is foretold at the rates of the seconds that were watched.
        before: the same at those of the time that rows are kept: some rows come so late.
        records: that the job has read meanwhile.
        rows: that it has written.
        seconds: in which it did.
        is_known: whether the share of rows that find a partner was measured with this job. Where it was not, fewer rows
            are no fault: filters are taken to let all through.
    """
    expected, earlier = (Range.total(each.rate for each in written) for written in (now, before))
    few = records < FEWEST
    return Term(
        name="rows written",
        unit="rows/s",
        foretold=Range(
            low=min(expected.low, earlier.low) * (1 - _COUNTED) if is_known else 0.0,
            expected=expected.expected,
            high=max(expected.high, earlier.high) * (1 + _COUNTED),
        ),
        basis="calibrated" if is_known else "computed",
        measured=None if few else rows / max(seconds, 1e-3),
        why=f"{counted(records, 'record')} in {seconds:.0f} s are too few; watch longer with --during"
        if few
        else None,
    )
