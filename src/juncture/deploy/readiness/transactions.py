"""Whether the brokers take the transactions of an exactly-once sink, and nobody else writes with their ids."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from juncture.deploy.environment.site import Site
from juncture.deploy.store.manifest import read_manifest
from juncture.deploy.store.statements import tables_of
from juncture.errors import JunctureError, Refused
from juncture.kafka.admin import Admin
from juncture.kafka.connection import java_client
from juncture.model.base import Value
from juncture.model.deployment import Deployment
from juncture.model.duration import format_duration
from juncture.render.bundle import TABLE_OPTIONS

_GUARANTEE = "sink.delivery-guarantee"
_PREFIX = "sink.transactional-id-prefix"
_TIMEOUT = "properties.transaction.timeout.ms"
_LIMIT = "transaction.max.timeout.ms"
_OF_CONNECTOR = 3_600_000
"""What Flink's connector takes if nobody says."""
_CLOCKS = timedelta(minutes=1)
"""By how much the clocks of brokers and of this machine may differ."""


class TransactionalSink(Value):
    """A sink that writes transactions: what their ids begin with, and after how many ms brokers end them."""

    table: str
    prefix: str
    timeout: int


def transactional_sinks(files: Mapping[str, str]) -> tuple[TransactionalSink, ...]:
    """The exactly-once sinks of a bundle, by their tables' options and the job's."""
    given = read_manifest(files).options
    found = []
    for name, table in tables_of(files["statements.sql"]).items():
        own = f"{TABLE_OPTIONS}{name}."
        options = table.options | {
            key.removeprefix(own): value for key, value in given.items() if key.startswith(own)
        }
        if options.get(_GUARANTEE) == "exactly-once":
            timeout = options.get(_TIMEOUT, "")
            found.append(
                TransactionalSink(
                    table=name,
                    prefix=options.get(_PREFIX, ""),
                    timeout=int(timeout) if timeout.isdigit() else _OF_CONNECTOR,
                )
            )
    return tuple(found)


def check_timeouts(files: Mapping[str, str], site: Site) -> str | None:
    """Hold the sinks' transactions against the brokers' limit; what was found, None without such sinks.

    Raises Refused if brokers would take none of a sink's transactions.
    """
    sinks = transactional_sinks(files)
    if not sinks:
        return None
    try:
        told = Admin(site.connection.kafka).broker_option(_LIMIT)
    except Refused as refusal:
        return f"How long transactions may take at most is not known: {refusal.problem}"
    if told is None or not told.isdigit():
        return "How long transactions may take at most is not known: the brokers do not tell"
    limit = int(told)
    for sink in sinks:
        if sink.timeout > limit:
            raise Refused(
                f"the brokers take transactions of {_span(limit)} at most ({_LIMIT}), and {sink.table} asks for"
                f" {_span(sink.timeout)} ({_TIMEOUT})",
                remedy=f"lower '{_TIMEOUT}' of {sink.table} to {limit} or less, or raise {_LIMIT} of the brokers",
            )
    return f"The brokers take transactions of {_span(limit)}, {_span(max(sink.timeout for sink in sinks))} needed"


def check_ids(files: Mapping[str, str], site: Site, before: Deployment | None) -> str | None:
    """Look whether somebody else writes with a sink's transactional ids; what was found, None if there is nothing to.

    Two writers with the same ids end each other's transactions, and rows of both are lost. What a job of ours has left
    open when it ended began before that.

    Args:
        files: the bundle's.
        site: where to, with a planner.
        before: the job's last deployment, as it really is.

    Raises Refused, with the transaction, if there is one.
    """
    ask, kafka = site.reading.transactions, site.connection.kafka
    own = frozenset[str]()
    if before is not None and before.phase not in ("stopped", "failed"):
        own = frozenset(each.prefix for each in transactional_sinks(site.store.get_bundle(before.bundle)))
    sinks = [each for each in transactional_sinks(files) if each.prefix not in own]
    if ask is None or not sinks:
        return None
    properties = java_client(kafka)
    since = before.updated_at + _CLOCKS if before is not None and not own else None
    for sink in sinks:
        try:
            found = ask(properties, sink.prefix)
        except JunctureError as error:
            return f"Whether others write as '{sink.prefix}' is not known: {site.connection.redact(error.problem)}"
        for name, millis in found.items():
            begun = datetime.fromtimestamp(millis / 1000, timezone.utc)
            if since is None or begun > since:
                raise Refused(
                    f"somebody else writes with the transactional ids of {sink.table}: '{name}' has a transaction"
                    f" that began at {begun:%Y-%m-%d %H:%M:%S} UTC",
                    remedy=f"stop the job that writes as '{sink.prefix}', or give one of both another '{_PREFIX}'; if"
                    f" that job has died, its transaction ends within {_span(sink.timeout)}",
                )
    return f"Nobody else writes as {', '.join(repr(sink.prefix) for sink in sinks)}"


def _span(millis: int) -> str:
    return format_duration(timedelta(milliseconds=millis))
