"""Which events of a case arrive behind the watermark of their own partition."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlglot import TokenType, exp

from juncture.errors import JunctureError
from juncture.model.rendered import RenderedJob, Statement
from juncture.validation.cases.case import Arrival, Case
from juncture.validation.cases.cells import format_relative
from juncture.validation.oracle.dialect import parse_expression, place, tokenize
from juncture.validation.oracle.scalars import rewrite
from juncture.validation.oracle.tables import read_table


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
    rowtime = read_table(statement).rowtime
    if rowtime is None:
        return None
    text = _watermark_expression(statement)
    location = statement.locate(0)
    root = exp.Paren(this=parse_expression(text, location))
    tree = rewrite(root, lambda node: place(node, statement)).this
    if isinstance(tree, exp.Sub) and isinstance(tree.expression, exp.Interval):
        interval = tree.expression
        if interval.text("unit").upper() == "MILLISECOND":
            return rowtime, timedelta(milliseconds=int(interval.this.name))
    return rowtime, timedelta()


def _watermark_expression(statement: Statement) -> str:
    tokens = tokenize(statement)
    start = next(i for i, token in enumerate(tokens) if token.text.upper() == "WATERMARK") + 4
    depth, end = 0, start
    while depth >= 0 and not (depth == 0 and tokens[end].token_type == TokenType.COMMA):
        depth += (tokens[end].token_type == TokenType.L_PAREN) - (tokens[end].token_type == TokenType.R_PAREN)
        end += 1
    last = end - 1 if depth >= 0 else end - 2
    return statement.text[tokens[start].start : tokens[last].end + 1]


def _moment(arrival: Arrival, column: str) -> datetime | None:
    text = arrival.row.get(column)
    if not isinstance(text, str):
        return None
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else datetime.fromisoformat(f"{text}+00:00")
