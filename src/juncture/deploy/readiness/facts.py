"""What is known of a rendered job from its plan and its topics, before anything is computed from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from juncture.capacity.assumed import Assumed
from juncture.capacity.brokers import compressed
from juncture.capacity.costs import CostModel
from juncture.capacity.durability import INTERVAL
from juncture.capacity.hotkeys import KeysFound, find_keys
from juncture.capacity.job import Job
from juncture.capacity.rates import Rates
from juncture.capacity.rowsizes import RowSizes
from juncture.capacity.samples import Sample, samples_of
from juncture.capacity.sides import Supposed, sides_of
from juncture.capacity.traffic import traffic
from juncture.capacity.written import ALL, written_of
from juncture.checks.tables import Table
from juncture.deploy.environment.brokers import DescribeBrokers, brokers_of
from juncture.deploy.environment.connection import Connection
from juncture.deploy.readiness.topics import refuse_missing
from juncture.deploy.store.manifest import Manifest, read_manifest
from juncture.deploy.store.statements import tables_of
from juncture.errors import Refused
from juncture.kafka.admin import Admin
from juncture.model.brokers import Brokers
from juncture.model.duration import option_millis
from juncture.model.environment import Headroom
from juncture.model.figures import Range
from juncture.model.flow import JOINS, Flow
from juncture.model.managed import share_of_operators
from juncture.model.plan import CompiledPlan, table_names
from juncture.model.traffic import HotKey, HotRows, KeySearch, SideState, SinkTopic, Traffic, Written
from juncture.planner.plan import parse_plan

MOST_SUBTASKS = "pipeline.max-parallelism"
CLEANUP = "table.exec.interval-join.min-cleanup-interval"
_INTERVAL_BY_DEFAULT = 10_000


@dataclass(frozen=True)
class Facts:
    """A job's plan, and the traffic and the samples of the topics that it reads, by table; what had to be assumed."""

    manifest: Manifest
    plan: CompiledPlan
    tables: Mapping[str, Table]
    topics: Mapping[str, str]
    traffic: tuple[Traffic, ...]
    samples: Mapping[str, Sample]
    sinks: tuple[SinkTopic, ...]
    headroom: Headroom
    assumed: tuple[Assumed, ...]
    brokers: Brokers | None = None

    @property
    def interval(self) -> int:
        """Between checkpoints, in ms; Juncture's default where the options do not say."""
        return millis_of(self.manifest.options, INTERVAL) or _INTERVAL_BY_DEFAULT

    def sides(
        self, of: tuple[Traffic, ...], window: int | None = None
    ) -> tuple[tuple[SideState, ...], tuple[str, ...]]:
        """What the joins keep with some traffic, and some window, and what is left out (juncture.capacity.sides)."""
        return sides_of(
            self.plan,
            self.tables,
            {each.table: each for each in of},
            self._sizes,
            frozenset(self.manifest.event_joins),
            self.manifest.join_chains,
            Supposed(millis_of(self.manifest.options, CLEANUP), window),
            self.hot,
        )

    def written(
        self,
        of: tuple[Traffic, ...],
        share: Range = ALL,
        window: int | None = None,
        within: float | None = None,
    ) -> tuple[Written, ...]:
        """What goes into the sinks with some traffic, some window, and so much event time in ms that there is
        (juncture.capacity.written)."""
        traffic = {each.table: each for each in of}
        return written_of(self.plan, traffic, self._sizes, share, self.hot, window, within)

    def hot_rows(self, of: tuple[Traffic, ...], window: int | None = None) -> tuple[HotRows, ...]:
        """What keys that are hot on both sides of a join give with some traffic, and some window."""
        return Rates(self._flow, {each.table: each for each in of}, self.hot, window).hot_rows()

    @property
    def hot(self) -> Mapping[int, tuple[HotKey, ...]]:
        """Keys with a large share of both sides of a join, by its id in the plan."""
        return self._keys.hot

    @property
    def searches(self) -> tuple[KeySearch, ...]:
        """In how much of the topics these were looked for."""
        return self._keys.searches

    @cached_property
    def _keys(self) -> KeysFound:
        return find_keys(self._flow, self.samples)

    @cached_property
    def _sizes(self) -> RowSizes:
        return RowSizes(self.plan, {table: each.rows for table, each in self.samples.items()})

    @cached_property
    def _flow(self) -> Flow:
        return Flow(self.plan, lambda name: name in self.tables and self.tables[name].is_changelog)

    def job(self, model: CostModel, backlog: int = 0) -> Job:
        return Job(
            parallelism=self.manifest.slots,
            backend=self.manifest.backend,
            on_event_join=bool(self.manifest.event_joins),
            joins=sum(node.kind in JOINS for node in self.plan.nodes),
            exchanges=sum(node.kind == "exchange" for node in self.plan.nodes),
            interval=self.interval,
            backlog=backlog,
            model=model,
            headroom=self.headroom,
            key_groups=int(self.manifest.options[MOST_SUBTASKS]),
            join_share=share_of_operators(self.manifest.options, self.manifest.backend),
        )


def millis_of(options: Mapping[str, str], name: str) -> int:
    """A duration among a job's options, in ms; 0 where they do not name it."""
    return option_millis(options.get(name, ""))


def gather(
    files: Mapping[str, str],
    connection: Connection,
    say: Callable[[str], None] = lambda message: None,
    ask: DescribeBrokers | None = None,
) -> Facts:
    """Look at a bundle and at the topics that it reads; with `ask`, at what brokers keep and allow, too.

    Raises:
        Refused: topics that it reads do not exist; all that are missing are told.
        Unreachable: the brokers do not answer.
    """
    manifest, plan = read_manifest(files), parse_plan(files["plan.json"])
    read = {name for scan in plan.of_kind("table-source-scan") for name in table_names(scan.raw)}
    topics = {table: topic for table, topic in manifest.topics.items() if table in read}
    admin = Admin(connection.kafka)
    refuse_missing(admin, manifest.job, manifest.topics, topics, manifest.slots)
    say("Reading how much comes through the topics")
    found, assumed = traffic(admin, topics, connection.headroom.peak)
    say("Reading a sample of their records")
    tables = tables_of(files["statements.sql"])
    found = tuple(
        each.model_copy(update={"compaction_lag": None})
        if each.table in tables and tables[each.table].is_changelog
        else each
        for each in found
    )
    payloads = {name: column for name, each in tables.items() if (column := each.statement.payload)}
    samples, unread = samples_of(admin, topics, payloads)
    sinks = tuple(
        _sink(admin, table, topic) for table, topic in sorted(manifest.topics.items()) if table not in read
    )
    brokers: Brokers | None = None
    uncompressed: tuple[Assumed, ...] = ()
    if ask is not None:
        there = (*topics.values(), *(each.topic for each in sinks if each.partitions is not None))
        brokers = brokers_of(ask, connection, there)
        found = compressed(found, brokers.stored)
        uncompressed = _uncompressed(brokers)
    return Facts(
        manifest=manifest,
        plan=plan,
        tables=tables,
        topics=topics,
        traffic=found,
        samples=samples,
        sinks=sinks,
        headroom=connection.headroom,
        assumed=(*assumed, *unread, *uncompressed),
        brokers=brokers,
    )


def _uncompressed(brokers: Brokers) -> tuple[Assumed, ...]:
    why = brokers.refused.get("disks")
    text = f"how far topics are compressed is not known ({why}): what is read is told uncompressed, the most it may be"
    return () if why is None else (Assumed(text),)


def _sink(admin: Admin, table: str, topic: str) -> SinkTopic:
    places = admin.replicas(topic)
    if places is None:
        return SinkTopic(table=table, topic=topic, partitions=None)
    try:
        options = admin.configs([topic])[topic]
    except Refused:
        options = {}
    numbers = ("max.message.bytes", "retention.ms", "retention.bytes")
    config = {name: int(value) for name, value in options.items() if name in numbers}
    most = config.get("retention.bytes", -1)
    return SinkTopic(
        table=table,
        topic=topic,
        partitions=len(places),
        replicas=min(places),
        message_bytes=config.get("max.message.bytes"),
        retention=config.get("retention.ms"),
        most=most * len(places) if most >= 0 else None,
        compacted="compact" in options.get("cleanup.policy", ""),
    )
