"""All jobs of a project on one cluster: whether there is enough for them together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.capacity.endless import STATE_GROWTH, without_end
from juncture.capacity.ondemand import slots_on_demand
from juncture.capacity.silent import at_least, silent_topics
from juncture.model.capacity import CapacityReport, Check, Supply
from juncture.model.figures import Range, amount
from juncture.model.wording import counted, size


def together(reports: Sequence[CapacityReport], of_heap: float) -> tuple[Check, ...]:
    """Slots, cores and heap of all jobs, whether they run now or not, against the cluster that they share.

    `of_heap` is the share of the heap that state may take. None without jobs.
    """
    if not reports:
        return ()
    supply = next((each.supply for each in reports if each.supply is not None), None)
    if supply is None:
        needed = f"{_slots_of(reports)} needed by {_jobs(reports)}"
        told = f"{needed}; what there is is not known: `juncture capacity {reports[0].job}` tells why"
        return (Check(id="slots", outcome="unknown", message=told),)
    return (*_slots(reports, supply), *_cores(reports, supply), *_heap(reports, supply, of_heap))


def _slots(reports: Sequence[CapacityReport], supply: Supply) -> Iterator[Check]:
    needed = _slots_of(reports)
    told = f"{needed} needed by {_jobs(reports)}, the cluster has {supply.slots}"
    if not supply.tells_of(needed):
        # What runs already has the slots that are taken.
        yield slots_on_demand(
            told, needed, supply.model_copy(update={"free_slots": supply.slots, "own_slots": 0})
        )
        return
    yield Check.judged(
        "slots", needed > supply.slots, False, told, "add TaskManagers, or lower `parallelism`"
    )


def _cores(reports: Sequence[CapacityReport], supply: Supply) -> Iterator[Check]:
    if not supply.cores or not supply.tells_of(_slots_of(reports)):
        return
    needed = _sum(reports, "cores")
    expected, most = amount(needed.expected, "cores"), amount(needed.high, "cores")
    told = f"{expected} expected at all peaks, {most} at most, {supply.cores} there"
    remedy = "add machines, or leave jobs to another cluster"
    check = Check.judged("cores", needed.low > supply.cores, needed.high > supply.cores, told, remedy)
    yield at_least(check, _silent(reports))


def _heap(reports: Sequence[CapacityReport], supply: Supply, of_heap: float) -> Iterator[Check]:
    there = [each for each in reports if each.figure("heap") is not None]
    if not there or not supply.heap or not supply.tells_of(_slots_of(reports)):
        return
    needed = _sum(there, "heap")
    told = (
        f"{size(needed.expected)} expected of {_jobs(there)} with state there, {size(needed.high)} at most, of"
        f" {size(supply.heap)}"
    )
    remedy = "write `state: {backend: rocksdb}` in some of the jobs, or give more memory"
    check = Check.judged("heap", needed.low > supply.heap, needed.high > supply.heap * of_heap, told, remedy)
    grows = any(each.figure(STATE_GROWTH) is not None for each in there)
    check = without_end(check, _sum(there, STATE_GROWTH) if grows else None)
    yield at_least(check, _silent(there))


def _silent(reports: Sequence[CapacityReport]) -> tuple[str, ...]:
    return silent_topics(traffic for each in reports for traffic in each.traffic)


def _slots_of(reports: Sequence[CapacityReport]) -> int:
    return sum(each.parallelism for each in reports)


def _jobs(reports: Sequence[CapacityReport]) -> str:
    return counted(len(reports), "job")


def _sum(reports: Sequence[CapacityReport], name: str) -> Range:
    found = (each.figure(name) for each in reports)
    return Range.total(figure.value for figure in found if figure is not None)
