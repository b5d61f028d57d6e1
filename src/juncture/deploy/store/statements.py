"""What a bundle's statements.sql creates."""

from __future__ import annotations

from juncture.checks.tables import Table, read_table
from juncture.model.rendered import Span, Statement
from juncture.render.sql import create_table, statements


def tables_of(script: str) -> dict[str, Table]:
    """The tables that a bundle's statements.sql creates, by name."""
    found = {}
    for text in statements(script):
        head = create_table(text)
        if head is not None:
            name = head["name"].strip("`")
            span = Span(start=0, path="statements.sql", line=1, column=1, literal=False)
            found[name] = read_table(Statement(kind="source", name=name, text=text, spans=(span,)))
    return found
