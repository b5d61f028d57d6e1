"""What a bundle's statements.sql creates."""

from __future__ import annotations

import re

from juncture.checks.tables import Table, read_table
from juncture.model.rendered import Span, Statement

_TABLE = re.compile(r"CREATE (?:TEMPORARY )?TABLE (?:IF NOT EXISTS )?`?(?P<name>\w+)`?.*?;\n", re.DOTALL)


def tables_of(script: str) -> dict[str, Table]:
    """The tables that a bundle's statements.sql creates, by name."""
    found = {}
    for match in _TABLE.finditer(script):
        span = Span(start=0, path="statements.sql", line=1, column=1, literal=False)
        text = match[0].removesuffix(";\n")
        found[match["name"]] = read_table(
            Statement(kind="source", name=match["name"], text=text, spans=(span,))
        )
    return found
