"""What comes through the topics of a job, what of it goes into state, and what is written. Rates are a second, sizes
bytes, times ms.
"""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from juncture.model.base import Value
from juncture.model.figures import Basis, Range

FEWEST_APART = 20
ENOUGH = 300
"""Rows of which none does something: with 95 % confidence less than one in a hundred does."""


class Traffic(Value):
    """A topic that the job reads, up to `until`. Rates are records a second.

    `now` is that of the last ten minutes, `peak` that of the busiest hour, `hours` the rate of each hour by its end,
    newest first. `held` is how long a time the log holds, in ms. `largest` is the share of the largest partition.
    `compression` is how many bytes brokers keep, and send, for a byte of its records; None where it is not known.
    `retention` is for how many ms records are kept, -1 for ever, `most` how many bytes of a partition at least; None
    where it is not known, or there is no limit.
    `compacted`: offsets may be of records that are gone. `compaction_lag` is for how many ms none of them is then, None
    where it is not compacted, or is a changelog, whose rows take each other's place anyway.
    `basis` is what bytes, and with them all that is computed, rest on; `now_basis` and `peak_basis` are those of the
    two rates, which may be supposed, or known for a part of a day alone. `until` is None where nothing is known of when
    records came.
    """

    table: str
    topic: str
    partitions: int
    until: AwareDatetime | None
    held: int
    records: int
    now: float
    peak: Range
    hours: tuple[float, ...]
    record_bytes: Range
    largest: float
    retention: int | None = None
    most: int | None = None
    replicas: int | None = None
    compression: Range | None = None
    compacted: bool = False
    compaction_lag: int | None = None
    basis: Basis = "measured"
    now_basis: Basis = "measured"
    peak_basis: Basis = "measured"

    @property
    def mean(self) -> float:
        """Records a second over the hours that the log holds, or of the last ten minutes."""
        return sum(self.hours) / len(self.hours) if self.hours else self.now


class SideState(Value):
    """What a join keeps of one input: `columns` of its rows, for `kept` ms, None for ever.

    `tables` are those that the input comes from. `reads` and `writes` are how often state is read and written for one
    of its rows, until it is removed. `on_event_join`: its rows are in managed memory, too.
    """

    operator: str
    side: str
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...]
    rate: Range
    kept: Range | None
    row_bytes: Range
    reads: float = 0.0
    writes: float = 0.0
    on_event_join: bool = False


class SinkTopic(Value):
    """A topic that the job writes; `partitions` is None where it is not there.

    `replicas` is the fewest of any partition, `message_bytes` how large a record may be, `retention` for how many ms
    rows are kept, -1 for ever; None where it is not known. `most` are the bytes that one replica of each partition may
    take, None where there is no limit. `compacted`: of old rows of a key the newest is kept alone.
    """

    table: str
    topic: str
    partitions: int | None
    replicas: int | None = None
    message_bytes: int | None = None
    retention: int | None = None
    most: int | None = None
    compacted: bool = False

    @property
    def is_endless(self) -> bool:
        """Whether nothing removes its rows."""
        return self.retention is not None and self.retention < 0 and self.most is None and not self.compacted


class Written(Value):
    """What goes into a sink: rows a second at the peak, and bytes of one; `largest` has the longest values sampled.

    `paired` are those of `rate` that come of keys which are hot on both sides of a join.
    """

    table: str
    rate: Range
    paired: Range = Range.exactly(0)
    row_bytes: Range
    largest: float = 0.0


class Matching(Value):
    """How the rows of two sides meet by their join's key, as a sample of their topics has it. Shares are from 0 to 1,
    delays in ms, right time minus left time.

    `sampled` are the records that were looked at, left and right: `looked` says whether they are all that there are, or
    of several places all over the topics, or of their ends; `places` has the share at each place, oldest first.
    `matched` is the share of the right side's rows with
    a partner, ± `error` (95 %): `counted` by rows all of whose possible partners were in the sample, or `estimated` by
    the `pairs` in it; it is as good as `rows` of the first kind. `bound` is the width of the join's bounds, None where
    it has none on event times that can be seen, and `covered` the share of it by which rows of the sample are apart:
    below 1, or without a bound, `matched` is the least. `delay_most` is that of 99 %.

    `apart` of the right rows have the key of a left one, and none within the bounds: `apart_by` is the median of how
    far the nearest is. `searched` is how many right rows that is as good as. `alike_but_for` is in what keys that never
    meet differ, if most are the same else. `repeated` is the share of rows, left and right, whose key came before them;
    `hottest` the largest share of one key, and `unread` the share, left and right, whose event time is there but can't
    be read: these meet none within bounds. `within`: nothing was found out in so many seconds, as brokers answer too
    slowly; None where they don't.
    """

    operator: str
    left: str
    right: str
    sampled: tuple[int, int]
    looked: Literal["all", "places", "end"] = "end"
    places: tuple[float, ...] = ()
    basis: Literal["counted", "estimated"]
    matched: float
    error: float
    rows: float
    pairs: int
    bound: int | None
    covered: float
    delay_median: float | None
    delay_most: float | None
    apart: int
    apart_by: float | None
    searched: float
    alike_but_for: str | None = None
    repeated: tuple[float, float]
    hottest: float
    unread: tuple[float, float] = (0.0, 0.0)
    within: float | None = None

    @property
    def is_least(self) -> bool:
        """Whether more rows may match than those in the sample tell."""
        return self.bound is None or self.covered < 1

    @property
    def keys(self) -> Literal["meet", "apart", "never", "unknown"]:
        """Whether rows with equal keys were seen within the bounds, outside of them alone, or nowhere, where so many
        were looked at that these would be less than one in a hundred."""
        if self.pairs:
            return "meet"
        if self.apart >= FEWEST_APART:
            return "apart"
        return "never" if not self.apart and self.searched >= ENOUGH else "unknown"


class HotKey(Value):
    """A key of a join with a large share of the sampled rows of both sides, each with its standard error (95 %): of the
    `places` of the topic in which it went on, of so many, on the side with the smaller part.

    `condition` is the SQL that leaves it out, '' where the key is too long for it. `seen` is for how many ms it came in
    both samples, None where that is not known; `passing` whether that is less than the half of one of them. `filtered`:
    a filter before the join reads the key, and may leave it out.
    """

    columns: str
    key: str
    condition: str
    left: Range
    right: Range
    places: tuple[int, int] = (1, 1)
    seen: float | None
    passing: bool
    filtered: bool


class KeySearch(Value):
    """In how much of a join's topics hot keys were looked for, left and right: `records` of so many `places`.

    `found` is how many there are. `missed` is the share of the records of both sides from which on a key that comes all
    the time is found (95 %).
    """

    operator: str
    sides: tuple[str, str]
    records: tuple[int, int]
    places: tuple[int, int]
    found: int
    missed: float


class HotRows(Value):
    """The rows a second that a key gives which is hot on both sides of a join.

    `others` are those of all keys, if each row found one partner. `growth` is what an hour of the peak adds to the rows
    a second, where the join keeps rows for ever, and `rate` is that after a day; None where it is steady. `columns`,
    `condition`, `filtered` and `places` are the key's (`HotKey`), `sides` and `shares` of the left and the right side.
    """

    operator: str
    columns: str
    key: str
    condition: str
    filtered: bool
    sides: tuple[str, str]
    shares: tuple[float, float]
    places: tuple[int, int] = (1, 1)
    rate: Range
    growth: float | None = None
    others: float
    formula: str
