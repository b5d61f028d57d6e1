"""The rows that a running job wrote, beside those that were foretold."""

from __future__ import annotations

from collections.abc import Sequence

from juncture.model.figures import Range
from juncture.model.traffic import Traffic, Written
from juncture.model.verification import Term
from juncture.model.wording import counted

FEWEST = 100
"""Records below which their rows tell little: those of some are written when the watermark has passed."""


def rows_term(
    traffic: Sequence[Traffic],
    written: Sequence[Written],
    records: int,
    rows: int,
    seconds: float,
    is_known: bool,
) -> Term:
    """Rows a second, of all sinks.

    Args:
        traffic: for which it was foretold.
        written: what was foretold.
        records: that the job has read.
        rows: that it has written meanwhile.
        seconds: in which it did.
        is_known: whether the share of rows that find a partner was measured with this job. Where it was not, fewer rows
            are no fault: filters are taken to let all through.
    """
    peak = sum(each.peak.expected for each in traffic)
    passed = max(seconds, 1e-3)
    foretold = Range.total(each.rate for each in written) * (records / passed / peak if peak else 0.0)
    if not is_known:
        foretold = foretold.model_copy(update={"low": 0.0})
    few = records < FEWEST or not peak
    return Term(
        name="rows written",
        unit="rows/s",
        foretold=foretold,
        basis="calibrated" if is_known else "computed",
        measured=None if few else rows / passed,
        why=f"{counted(records, 'record')} in {seconds:.0f} s are too few; watch longer with --during"
        if few
        else None,
    )
