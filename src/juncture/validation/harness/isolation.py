"""A rendered job made one case's own: the same query and plan, other topics, groups and transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from juncture.model.rendered import RenderedJob, Statement
from juncture.render.connectors import EXCLUDED, INTERCEPTORS
from juncture.validation.cases.options import with_options
from juncture.validation.oracle.tables import Table, read_table

_STARTUP = "scan.startup."
_PLACES = (_STARTUP, "scan.bounded.")
"""A case's topics hold its own events, so that the job's places in its topics mean nothing there."""
_CHECKPOINTS = "execution.checkpointing.interval"
_WATERMARKS = "pipeline.auto-watermark-interval"
_BUFFERS = "execution.buffer-timeout.interval"
_PREFIX = "sink.transactional-id-prefix"
_TRANSACTIONS = (_PREFIX, "properties.transaction.timeout.ms")

Options = dict[str, str]
Change = Callable[[Table, str], Options]


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
    # With checkpoints a task that has ended waits for the next one.
    options = {name: value for name, value in rendered.options.items() if name != _CHECKPOINTS}
    return _isolated(rendered, suffix, options, _bounded, _without_transactions)


def isolate_staying(
    rendered: RenderedJob, suffix: str, offsets: Mapping[str, Mapping[int, int]] | None = None
) -> RenderedJob:
    """The job over topics of its own, reading on until it is stopped, with the sink's delivery as deployed.

    Checkpoints are taken when they are asked for, not by the clock; event time goes on every few milliseconds, and
    records are handed on at once: one that waits in a buffer would be overtaken by those of the next step.

    Args:
        rendered: the job as deployed.
        suffix: put behind the names of topics, consumer groups and transactions.
        offsets: where to start sources that have no state, by source and partition; else at their beginning.
    """
    options = {**rendered.options, _CHECKPOINTS: "1 h", _WATERMARKS: "20 ms", _BUFFERS: "0 ms"}

    def source(table: Table, suffix: str) -> Options:
        found = _source(table, suffix)
        starts = (offsets or {}).get(table.name)
        if starts:
            pairs = (f"partition:{each},offset:{offset}" for each, offset in sorted(starts.items()))
            found[f"{_STARTUP}mode"] = "specific-offsets"
            found[f"{_STARTUP}specific-offsets"] = ";".join(pairs)
        return found

    return _isolated(rendered, suffix, options, source, _with_own_transactions)


def own_topic(topic: str, suffix: str) -> str:
    """The name of a case's copy of a topic."""
    return f"{topic}.{suffix}"


def _isolated(
    rendered: RenderedJob, suffix: str, options: Options, source: Change, sink: Change
) -> RenderedJob:
    statements = tuple(
        statement if statement.kind == "insert" else _table(statement, suffix, source, sink)
        for statement in rendered.statements
    )
    topics = {table: own_topic(topic, suffix) for table, topic in rendered.topics.items()}
    job = rendered.job.model_copy(update={"startpoints": {}})
    return rendered.model_copy(
        update={"job": job, "statements": statements, "topics": topics, "options": options}
    )


def _table(statement: Statement, suffix: str, source: Change, sink: Change) -> Statement:
    table = read_table(statement)
    changed = source(table, suffix) if statement.kind == "source" else sink(table, suffix)
    return with_options(statement, changed)


def _source(table: Table, suffix: str) -> Options:
    # What is left out is so by offsets of the job's own topics.
    places = (*_PLACES, INTERCEPTORS, EXCLUDED) if EXCLUDED in table.options else _PLACES
    options = {name: value for name, value in table.options.items() if not name.startswith(places)}
    if not table.is_changelog:
        options["scan.startup.mode"] = "earliest-offset"
    return options | {
        "topic": own_topic(table.topic, suffix),
        "properties.group.id": f"{options.get('properties.group.id', table.name)}.{suffix}",
        # At the end a reader waits for its last request, which brings nothing any more: 500 ms by default.
        "properties.fetch.max.wait.ms": "10",
    }


def _bounded(table: Table, suffix: str) -> Options:
    return _source(table, suffix) | {"scan.bounded.mode": "latest-offset"}


def _without_transactions(table: Table, suffix: str) -> Options:
    options = {name: value for name, value in table.options.items() if name not in _TRANSACTIONS}
    return options | {
        "topic": own_topic(table.topic, suffix),
        "sink.delivery-guarantee": "at-least-once",
    }


def _with_own_transactions(table: Table, suffix: str) -> Options:
    options = {**table.options, "topic": own_topic(table.topic, suffix)}
    if _PREFIX in options:
        options[_PREFIX] = f"{options[_PREFIX]}.{suffix}"
    return options
