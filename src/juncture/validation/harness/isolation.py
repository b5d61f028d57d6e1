"""A rendered job made one case's own: the same query and plan, other topics, groups and transactions."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import TokenType

from juncture.model.rendered import RenderedJob, Statement
from juncture.render.sql import literal
from juncture.validation.oracle.dialect import tokenize
from juncture.validation.oracle.tables import Table, read_table

_STARTUP = "scan.startup."
_CHECKPOINTS = "execution.checkpointing.interval"
_TRANSACTIONS = ("sink.transactional-id-prefix", "properties.transaction.timeout.ms")


def isolate(rendered: RenderedJob, suffix: str) -> RenderedJob:
    """The job over topics of its own, reading each from its beginning to its present end.

    Only connector options change; columns, watermarks and the INSERT stay, and with them the compiled plan:
    its tables are known to it by name alone. A source ends at the offsets that its topic has when the job
    starts, so that the job ends by itself, with event time past everything. The sink writes without
    transactions: what a job that has ended wrote is complete.

    Args:
        rendered: the job as deployed.
        suffix: put behind the names of topics and consumer groups.
    """
    statements = tuple(
        statement if statement.kind == "insert" else _table(statement, suffix)
        for statement in rendered.statements
    )
    topics = {table: own_topic(topic, suffix) for table, topic in rendered.topics.items()}
    # With checkpoints a task that has ended waits for the next one.
    options = {name: value for name, value in rendered.options.items() if name != _CHECKPOINTS}
    return rendered.model_copy(update={"statements": statements, "topics": topics, "options": options})


def own_topic(topic: str, suffix: str) -> str:
    """The name of a case's copy of a topic."""
    return f"{topic}.{suffix}"


def _table(statement: Statement, suffix: str) -> Statement:
    table = read_table(statement)
    changed = _source(table, suffix) if statement.kind == "source" else _sink(table, suffix)
    start = _with_clause(statement)
    pairs = ",\n".join(f"    {literal(name)} = {literal(value)}" for name, value in changed.items())
    return statement.model_copy(update={"text": f"{statement.text[:start]}WITH (\n{pairs}\n)"})


def _source(table: Table, suffix: str) -> Mapping[str, str]:
    options = {name: value for name, value in table.options.items() if not name.startswith(_STARTUP)}
    if not table.is_changelog:
        options["scan.startup.mode"] = "earliest-offset"
    return options | {
        "topic": own_topic(table.topic, suffix),
        "properties.group.id": f"{options.get('properties.group.id', table.name)}.{suffix}",
        "scan.bounded.mode": "latest-offset",
        # At the end a reader waits for its last request, which brings nothing any more: 500 ms by default.
        "properties.fetch.max.wait.ms": "10",
    }


def _sink(table: Table, suffix: str) -> Mapping[str, str]:
    options = {name: value for name, value in table.options.items() if name not in _TRANSACTIONS}
    return options | {
        "topic": own_topic(table.topic, suffix),
        "sink.delivery-guarantee": "at-least-once",
    }


def _with_clause(statement: Statement) -> int:
    """The offset of the WITH that holds the connector's options: the one outside of all parentheses."""
    depth, found = 0, len(statement.text)
    for token in tokenize(statement):
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth == 0 and token.token_type != TokenType.R_PAREN and token.text.upper() == "WITH":
            found = token.start
    return found
