"""Which events of a case arrive behind the watermark of their own partition."""

from __future__ import annotations

from datetime import datetime, timedelta

from juncture.errors import JunctureError
from juncture.model.rendered import RenderedJob, Statement
from juncture.validation.cases.case import Arrival, Case
from juncture.validation.cases.cells import format_relative, moment_of
from juncture.validation.oracle.reading import delay_of
from juncture.validation.oracle.tables import read_table
from juncture.validation.oracle.unsupported import OracleUnsupported


def refuse_late(case: Case, rendered: RenderedJob) -> None:
    """Raise JunctureError, at its line, for the first event that might come too late.

    The topics of a plain case are read side by side. The job's event time is never ahead of any partition's own
    watermark, so an event that is not behind that is never late, however fast the other topics are read. Of one
    that is behind, it would be chance whether the join still takes it.
    """
    delays = {each.name: watermark_delay(each) for each in rendered.statements if each.kind == "source"}
    highest: dict[tuple[str, int], datetime] = {}
    for arrival in case.arrivals:
        delay = delays[arrival.source]
        if delay is None or arrival.deletes:
            continue
        moment = _moment(arrival, delay[0])
        if moment is None:
            continue
        at = (arrival.source, arrival.partition)
        watermark = highest.get(at, moment) - delay[1]
        if moment <= watermark and at in highest:
            raise JunctureError(
                f"the event of '{arrival.source}' at {format_relative(moment, case.base)} comes behind its topic's"
                f" watermark ({format_relative(watermark, case.base)})",
                location=arrival.location,
                remedy="let it arrive earlier, or in a $partition of its own: whether a late event still joins"
                " depends on how far the other topics were read, which a plain case does not decide",
            )
        highest[at] = max(highest.get(at, moment), moment)


def watermark_delay(statement: Statement) -> tuple[str, timedelta] | None:
    """The event time's column, and how far the watermark stays behind it. None without a watermark.

    A watermark that is not 'column' or 'column - INTERVAL ...' counts as one without delay.
    """
    table = read_table(statement)
    if table.rowtime is None or table.watermark is None:
        return None
    try:
        return table.rowtime, timedelta(milliseconds=delay_of(table))
    except OracleUnsupported:
        return table.rowtime, timedelta()


def _moment(arrival: Arrival, column: str) -> datetime | None:
    text = arrival.row.get(column)
    return moment_of(text) if isinstance(text, str) else None
