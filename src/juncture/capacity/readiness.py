"""Whether there is enough: each check with its outcome, what is missing, and the mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from juncture.capacity.demand import MERGED
from juncture.capacity.endless import STATE_GROWTH, grows
from juncture.capacity.holding import heap_bytes, state_bytes
from juncture.capacity.hotrows import after_a_day, gives_more, hot_key_checks
from juncture.capacity.job import Job
from juncture.capacity.joinmemory import JOIN_MEMORY, join_memory_checks
from juncture.capacity.ondemand import slots_on_demand
from juncture.capacity.silent import at_least, silent_topics
from juncture.capacity.subtasks import more_subtasks
from juncture.capacity.topics import Topics, topic_checks
from juncture.checks.wording import listed
from juncture.errors import JunctureError
from juncture.model.capacity import Check, Supply
from juncture.model.figures import Figure, amount
from juncture.model.traffic import HotRows, KeySearch, SideState, SinkTopic, Traffic, Written
from juncture.model.wording import counted, percent, size, span

_LONG = 3_600
_BY_RATES = (
    "cores",
    "parallelism",
    "state",
    "join-memory",
    "checkpoint-writes",
    "checkpoint-room",
    "local-disk",
)
"""Checks that pass of themselves where nothing comes."""

_BY_ROWS = ("cores", "parallelism")
"""Checks that rest on the rows that are written."""


@dataclass(frozen=True)
class Demand:
    """What is held against the supply. `unresolved` says why startpoints can't be applied.

    `durability` are the checks of what outlives a failure (juncture.capacity.durability), none if the cluster is not
    known; `places` those of the brokers and of storage (juncture.capacity.brokers and .storage), none of what was not
    asked. `unseen` is why the supply is not known, and `unplaced` why it is not known where the job starts, where these
    are not.
    """

    name: str
    job: Job
    traffic: Sequence[Traffic]
    sides: Sequence[SideState]
    sinks: Sequence[SinkTopic]
    written: Sequence[Written]
    figures: Mapping[str, Figure]
    durability: tuple[Check, ...] = ()
    places: tuple[Check, ...] = ()
    unresolved: tuple[str, ...] = ()
    local: bool = False
    hot: Sequence[HotRows] = ()
    unseen: JunctureError | None = None
    searches: Sequence[KeySearch] = ()
    unplaced: JunctureError | None = None


def recommended(demand: Demand, supply: Supply | None) -> tuple[str, str]:
    """The state backend to use, and why."""
    job = demand.job
    disk = "forst" if job.backend == "forst" else "rocksdb"
    if any(side.kept is None for side in demand.sides):
        return disk, "a join keeps rows for ever: no heap is large enough in the end"
    if silent := silent_topics(demand.traffic):
        return job.backend, f"nothing is known of what comes through {listed(silent)}"
    heap = heap_bytes(job, demand.sides)
    room = _heap(job, supply)
    if room is None:
        return job.backend, "the cluster's memory is not known"
    if heap.high <= room * job.headroom.heap:
        return "hashmap", f"at most {size(heap.high)} on the heap, where {size(room)} are: with room to work"
    why = (
        f"up to {size(heap.high)} on the heap, where {size(room)} are, of which {percent(1 - job.headroom.heap)} are"
        " to stay free"
    )
    files = size((state_bytes(job, disk, demand.sides) * MERGED).high)
    if disk == "rocksdb":
        return disk, f"{why}; where local disk can't hold {files}, forst"
    return disk, f"{why}; rocksdb is faster, where local disk holds {files}"


def checks(demand: Demand, supply: Supply | None) -> tuple[Check, ...]:
    """Every check, in the order in which they are told."""
    silent = silent_topics(demand.traffic)
    found = (at_least(each, silent) if each.id in _BY_RATES else each for each in _checks(demand, supply))
    return tuple(after_a_day(each, demand.hot) if each.id in _BY_ROWS else each for each in found)


def _checks(demand: Demand, supply: Supply | None) -> tuple[Check, ...]:
    return (
        *(
            _failed("startpoints", why, f"run `juncture startpoints {demand.name}`")
            for why in demand.unresolved
        ),
        *_slots(demand, supply),
        *_cores(demand, supply),
        *_rate(demand),
        *hot_key_checks(demand.hot, demand.searches),
        *_state(demand, supply),
        *join_memory_checks(demand.job, demand.figures.get(JOIN_MEMORY), supply),
        *_catching_up(demand),
        *topic_checks(_topics(demand)),
        *demand.places,
        *demand.durability,
    )


def _topics(demand: Demand) -> Topics:
    return Topics(
        job=demand.name,
        parallelism=demand.job.parallelism,
        traffic=demand.traffic,
        sides=demand.sides,
        sinks=demand.sinks,
        written=demand.written,
        outage=demand.job.headroom.outage,
        local=demand.local,
    )


def _slots(demand: Demand, supply: Supply | None) -> Iterator[Check]:
    needed, at_peak = demand.job.parallelism, demand.figures["slots"].value.expected
    more = f"; to keep up with the peak it needs {at_peak:,.0f} (parallelism)" if at_peak > needed else ""
    own = supply.own_slots if supply is not None else 0
    has = f", {own} {'is' if own == 1 else 'are'} its own" if own else ""
    if supply is None:
        yield _unknown("slots", f"{needed} {'is' if needed == 1 else 'are'} needed{more}", demand)
    elif supply.on_demand is not None and supply.available < needed:
        yield slots_on_demand(
            f"{needed} needed, {supply.free_slots} of {supply.slots} free{has}{more}", needed, supply
        )
    elif supply.slots < needed:
        yield _failed(
            "slots",
            f"{needed} are needed, the cluster has {supply.slots}: {needed - supply.slots} short{more}",
            f"add TaskManagers, or lower `parallelism` in jobs/{demand.name}.yaml",
        )
    elif supply.available < needed:
        yield _warned(
            "slots",
            f"{needed} are needed, {supply.free_slots} of {supply.slots} are free{has}{more}",
            "stop another job, or add TaskManagers",
        )
    else:
        yield _passed("slots", f"{needed} needed, {supply.free_slots} of {supply.slots} free{has}{more}")


def _cores(demand: Demand, supply: Supply | None) -> Iterator[Check]:
    cores = demand.figures["cores"].value
    told = f"{amount(cores.expected, 'cores')} expected, {amount(cores.high, 'cores')} at most"
    if supply is None or not supply.cores or not supply.tells_of(demand.job.parallelism):
        yield _unknown("cores", told, demand, supply)
        return
    told = f"{told}, {supply.cores} there"
    if cores.low > supply.cores:
        yield _failed("cores", told, "add machines: the job can't keep up even by the lowest estimate")
    elif cores.high > supply.cores:
        yield _warned("cores", told, "add machines before the traffic is at its peak")
    else:
        yield _passed("cores", told)


def _rate(demand: Demand) -> Iterator[Check]:
    peak, most = demand.figures["peak rate"].value, demand.figures["highest rate"].value
    subtasks = counted(demand.job.parallelism, "subtask")
    told = f"{amount(peak.expected, 'records/s')} records/s at the peak; {subtasks} can take {most.expected:,.0f}"
    remedy = _more_subtasks(demand)
    if not demand.job.on_event_join:
        remedy += "; `join_strategy: auto` makes interval joins cheaper"
    if gives_more(demand.hot):
        remedy = "mend `hot-keys`: all rows of a key are joined by one subtask, however many there are"
    if peak.low > most.high:
        yield _failed("parallelism", f"{told}, and {most.high:,.0f} at most", remedy)
    elif peak.expected > most.expected * demand.job.headroom.working:
        yield _warned("parallelism", told, remedy)
    else:
        yield _passed("parallelism", told)


def _state(demand: Demand, supply: Supply | None) -> Iterator[Check]:
    endless = [side for side in demand.sides if side.kept is None]
    if endless:
        yield _failed(
            "unbounded-state",
            f"{endless[0].operator} keeps the rows of {' and of '.join(side.side for side in endless)} for ever: state"
            f" {grows(demand.figures[STATE_GROWTH].value)}",
            f"bound it in time, or set `state: {{ttl: ...}}` in jobs/{demand.name}.yaml",
        )
        return
    state, job = demand.figures["state"].value, demand.job
    if job.backend == "hashmap":
        state = heap_bytes(job, demand.sides)
    if supply is None or not supply.taskmanagers or not supply.tells_of(job.parallelism):
        yield _unknown(
            "state", f"{size(state.expected)} expected, {size(state.high)} at most", demand, supply
        )
        return
    if job.backend == "hashmap":
        room = _heap(job, supply) or 0.0
        told = f"{size(state.expected)} expected, {size(state.high)} at most, on a heap of {size(room)}"
        remedy = f"write `state: {{backend: rocksdb}}` in jobs/{demand.name}.yaml, or give more memory"
        if state.low > room:
            yield _failed("state", told, remedy)
        elif state.high > room * job.headroom.heap:
            yield _warned("state", told, remedy)
        else:
            yield _passed("state", told)
        return
    room = supply.managed * min(job.parallelism / max(supply.slots, 1), 1.0)
    if job.on_event_join:
        room *= 1 - job.join_share
    where = "on disk" if job.backend == "rocksdb" else "in checkpoint storage"
    told = f"{size(state.expected)} expected {where}, with {size(room)} of managed memory"
    # Reads go to the disk where memory holds a small part of what is kept.
    if state.expected > room * 10:
        yield _warned("state", told, "raise taskmanager.memory.managed.fraction, or take more slots")
    else:
        yield _passed("state", told)


def _catching_up(demand: Demand) -> Iterator[Check]:
    time = demand.figures["time to catch up"].value
    if demand.unplaced is not None:
        why = f"where the job starts is not known: {demand.unplaced.problem}"
        yield Check(id="catch-up", outcome="unknown", message=why, remedy=demand.unplaced.remedy)
    elif not demand.job.backlog:
        yield _passed("catch-up", "there is nothing to catch up with")
    elif time.low == float("inf"):
        yield _failed("catch-up", "it never catches up: more comes in than it takes", _more_subtasks(demand))
    elif time.expected == float("inf"):
        yield _warned(
            "catch-up",
            "it may never catch up: more is expected to come in than it takes",
            _more_subtasks(demand),
        )
    elif time.expected > _LONG:
        yield _warned(
            "catch-up",
            f"{span(time.expected * 1000)} expected for {counted(demand.job.backlog, 'record')}",
            "start nearer to now (startpoints), or raise `parallelism`",
        )
    else:
        told = f"{span(time.expected * 1000)} expected for {counted(demand.job.backlog, 'record')}"
        yield at_least(_passed("catch-up", told), silent_topics(demand.traffic))


def _more_subtasks(demand: Demand) -> str:
    wanted = max(demand.figures["slots"].value.expected, demand.job.parallelism + 1)
    return more_subtasks(demand.name, wanted, demand.job.key_groups)


def _heap(job: Job, supply: Supply | None) -> float | None:
    """Task heap of the slots that the job takes."""
    if supply is None or not supply.slots or not supply.heap or not supply.tells_of(job.parallelism):
        return None
    return supply.heap * min(job.parallelism / supply.slots, 1.0)


def _unknown(id: str, needed: str, demand: Demand, supply: Supply | None = None) -> Check:
    """Of something that is needed, and of which it is not known how much there is."""
    unseen = demand.unseen
    why = unseen.problem if unseen is not None else "no TaskManager tells"
    remedy = unseen.remedy if unseen is not None else "start TaskManagers"
    if supply is not None and supply.on_demand is not None:
        why = "TaskManagers are started for the job when it asks for slots"
        remedy = f"run `juncture capacity {demand.name}` again when it runs"
    return Check(
        id=id, outcome="unknown", message=f"{needed}; what there is is not known: {why}", remedy=remedy
    )


def _passed(id: str, message: str) -> Check:
    return Check(id=id, outcome="passed", message=message)


def _warned(id: str, message: str, remedy: str) -> Check:
    return Check(id=id, outcome="warned", message=message, remedy=remedy)


def _failed(id: str, message: str, remedy: str) -> Check:
    return Check(id=id, outcome="failed", message=message, remedy=remedy)
