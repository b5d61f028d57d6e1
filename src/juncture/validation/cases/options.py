"""A rendered CREATE TABLE with other connector options, its columns untouched."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import TokenType

from juncture.model.rendered import Statement
from juncture.render.sql import literal
from juncture.validation.oracle.dialect import tokenize


def with_options(statement: Statement, options: Mapping[str, str]) -> Statement:
    """The statement with these options in place of its own; what stands before them keeps its place."""
    pairs = ",\n".join(f"    {literal(name)} = {literal(value)}" for name, value in options.items())
    text = f"{statement.text[: _with_clause(statement)]}WITH (\n{pairs}\n)"
    return statement.model_copy(update={"text": text})


def _with_clause(statement: Statement) -> int:
    """The offset of the WITH that holds the connector's options: the one outside of all parentheses."""
    depth, found = 0, len(statement.text)
    for token in tokenize(statement):
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth == 0 and token.token_type != TokenType.R_PAREN and token.text.upper() == "WITH":
            found = token.start
    return found
