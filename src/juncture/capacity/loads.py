"""What a record's cost depends on, from the traffic of all topics and what is written."""

from __future__ import annotations

from collections.abc import Sequence

from juncture.capacity.costs import Engine, Load
from juncture.model.figures import Range
from juncture.model.traffic import Traffic, Written

_NONE = Range.exactly(0)


def load_of(
    engine: Engine,
    joins: int,
    traffic: Sequence[Traffic],
    written: Sequence[Written],
    state: Range,
    added: Range = _NONE,
    interval: float = 10.0,
) -> Load:
    """Of a job at its peak; `added` are the bytes of rows that its joins take a second, `interval` s are between
    checkpoints.

    Reading goes with the bytes of each topic's records, and writing with the rows and their bytes, whatever they were
    made of: so no topic makes another one's records cheaper by having more.
    """
    peak = Range.total(each.peak for each in traffic)
    rate, paired = Range.total(each.rate for each in written), Range.total(each.paired for each in written)
    return Load(
        engine=engine,
        joins=joins,
        record_bytes=mean_bytes(traffic),
        state=state,
        rows=_each(rate.expected - paired.expected, peak.expected),
        row_bytes=mean_row_bytes(written),
        rate=peak,
        fresh=Range.exactly(_each(added.expected, peak.expected)),
        interval=interval,
        pairs=Range(
            **{name: _each(getattr(paired, name), getattr(peak, name)) for name in Range.model_fields}
        ),
    )


def mean_bytes(traffic: Sequence[Traffic]) -> Range:
    """The mean size of a record of all topics, by their rates; where nothing comes, of each topic alike."""
    weights = [each.peak.expected for each in traffic]
    if not sum(weights):
        weights = [1.0 for _ in traffic]
    total = Range.total(each.record_bytes * weight for each, weight in zip(traffic, weights, strict=True))
    return total * (1 / sum(weights))


def mean_row_bytes(written: Sequence[Written]) -> Range:
    """The mean size of a row that is written, by their rates; 0 where none is."""
    rate = sum(each.rate.expected for each in written)
    return Range.total(each.row_bytes * each.rate.expected for each in written) * _each(1.0, rate)


def _each(amount: float, of: float) -> float:
    return amount / of if of else 0.0
