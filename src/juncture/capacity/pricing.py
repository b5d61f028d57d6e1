"""What a job costs a month, where its environment states prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from juncture.capacity.storage import COPIES
from juncture.model.environment import Prices
from juncture.model.figures import Figure, Range, amount, least_sure
from juncture.model.traffic import Traffic
from juncture.model.wording import decimal

_HOURS = 730
_SECONDS = _HOURS * 3600
_GIB = 1024.0**3


def cost_figures(
    prices: Prices, figures: Mapping[str, Figure], traffic: Sequence[Traffic], working: float
) -> tuple[Figure, ...]:
    """The parts that have a price, and their sum: of the peak, but network of the mean rate.

    `working` is the share of its time that a subtask may work.
    """
    parts = (*_running(prices, figures, working), *_stored(prices, figures), *_sent(prices, figures, traffic))
    return (
        *parts,
        Figure(
            name=f"cost in {prices.currency}",
            unit="a month",
            value=Range.total(each.value for each in parts),
            formula=" + ".join(decimal(each.value.expected, 2) for each in parts),
            basis=least_sure(each.basis for each in parts),
        ),
    )


def _running(prices: Prices, figures: Mapping[str, Figure], working: float) -> Iterator[Figure]:
    cores, memory, currency = figures["cores"], figures["memory"], prices.currency
    if prices.core_hour:
        yield Figure(
            name=f"cost of cores in {currency}",
            unit="a month",
            value=cores.value * (prices.core_hour * _HOURS / working),
            formula=f"{amount(cores.value.expected, 'cores')} cores / {working} of the time * {_HOURS} h *"
            f" {prices.core_hour:g} {currency}",
            basis=cores.basis,
        )
    if prices.memory_gib_hour:
        yield Figure(
            name=f"cost of memory in {currency}",
            unit="a month",
            value=memory.value * (prices.memory_gib_hour * _HOURS / _GIB),
            formula=f"{memory.value.expected / _GIB:,.2f} GiB * {_HOURS} h * {prices.memory_gib_hour:g} {currency}",
            basis=memory.basis,
        )


def _stored(prices: Prices, figures: Mapping[str, Figure]) -> Iterator[Figure]:
    if not prices.disk_gib_month:
        return
    checkpoint, local = figures["full checkpoint"], figures.get("local disk")
    stored, told = (
        checkpoint.value * COPIES,
        f"{COPIES} * {checkpoint.value.expected / _GIB:,.3f} GiB of checkpoints",
    )
    if local is not None:
        stored, told = (
            stored + local.value,
            f"({local.value.expected / _GIB:,.3f} GiB of local disk + {told})",
        )
    yield Figure(
        name=f"cost of disk in {prices.currency}",
        unit="a month",
        value=stored * (prices.disk_gib_month / _GIB),
        formula=f"{told} * {prices.disk_gib_month:g} {prices.currency}",
        basis=checkpoint.basis if local is None else least_sure((checkpoint.basis, local.basis)),
    )


def _sent(prices: Prices, figures: Mapping[str, Figure], traffic: Sequence[Traffic]) -> Iterator[Figure]:
    peak = sum(each.peak.expected for each in traffic)
    if not prices.network_gib:
        return
    both = [figures[name] for name in ("Kafka read", "Kafka write") if name in figures]
    at_peak = Range.total(each.value for each in both)
    mean = sum(each.mean for each in traffic)
    share = mean / peak if peak else 0.0
    value = at_peak * (share * _SECONDS / _GIB * prices.network_gib)
    yield Figure(
        name=f"cost of network in {prices.currency}",
        unit="a month",
        value=value,
        formula=f"({' + '.join(f'{each.value.expected:,.0f}' for each in both)}) bytes/s at the peak *"
        f" {mean:,.1f} / {peak:,.1f} records/s on average * {_SECONDS:,} s * {prices.network_gib:g}"
        f" {prices.currency} a GiB",
        basis=least_sure(each.basis for each in both),
    )
