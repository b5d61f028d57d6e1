"""What was seen of the topics that a running job reads. Times are ms of the epoch, sizes bytes, shares from 0 to 1."""

from __future__ import annotations

from juncture.model.base import Value


class PartitionSeen(Value):
    """A partition: where it begins and ends, by how much it `grew` meanwhile, how far Flink has read it, and whether it
    has `read_on` meanwhile.

    `begin` is the first offset that is still there, None where that is not known. `position` is the next one to read,
    the end where only markers of transactions come before that, None before the first record. `idle` says whether Flink
    leaves it out of the watermark.
    """

    partition: int
    end: int
    grew: int
    begin: int | None = None
    position: int | None = None
    read_on: bool = False
    watermark: int | None = None
    idle: bool | None = None

    @property
    def lag(self) -> int | None:
        """Records, and markers of transactions, that are in it and not read yet."""
        return None if self.position is None else max(self.end - self.position, 0)


class KeySeen(Value):
    """The most frequent value of a join's key among the records of a sample, as it can be told; `whole` if that is all
    of it."""

    column: str
    value: str
    share: float
    whole: bool = True


class SampleSeen(Value):
    """The last records of each partition. `unread` of them came after the watermark was read.

    `late` of these can't meet a partner any more: they are older than the join's watermark by more than its bounds.
    `oldest` is how far the oldest of them is behind the watermark, in ms. `widths` are the mean bytes of each column's
    value, as JSON.
    """

    records: int
    unread: int
    late: int | None
    oldest: int | None
    keys: tuple[KeySeen, ...] = ()
    widths: dict[str, float] = {}


class SourceSeen(Value):
    """A source on Kafka. `idle_timeout` is in ms; None: no partition is ever left out of the watermark.

    `exists` is False if the brokers know no such topic. Without partitions, they told nothing of it.
    `read` and `skipped` count from the start of its tasks; skipped records did not parse. Both are 0 where it is not
    `metered`: the cluster gives no metrics of it. `read_meanwhile` and `skipped_meanwhile` are those of the
    observation, None where that is not known. `behind` is how many records, and markers of transactions, are in the
    partitions that it has read from and not read yet, `behind_before` how many were when the observation began.
    `behind_by_flink`: they are Flink's metric instead, which stands still under back-pressure, as the brokers or the
    positions don't tell. `connections` are those that its consumers have to brokers, None where they tell none.
    """

    table: str
    topic: str
    vertex: str
    partitions: tuple[PartitionSeen, ...]
    exists: bool = True
    idle_timeout: int | None = None
    metered: bool = True
    read: int = 0
    skipped: int = 0
    read_meanwhile: int | None = None
    skipped_meanwhile: int | None = None
    behind: int | None = None
    behind_before: int | None = None
    behind_by_flink: bool = False
    connections: int | None = None
    sample: SampleSeen | None = None

    @property
    def grew(self) -> int:
        return sum(each.grew for each in self.partitions)

    @property
    def slowest(self) -> PartitionSeen | None:
        """The partition that the source's watermark waits for; None before all that count have one."""
        counting = [each for each in self.partitions if not each.idle]
        if not counting or any(each.watermark is None for each in counting):
            return None
        return min(counting, key=lambda each: each.watermark or 0)

    @property
    def furthest(self) -> int | None:
        """The furthest watermark of its partitions; None before the first."""
        return max((each.watermark for each in self.partitions if each.watermark is not None), default=None)

    @property
    def is_empty(self) -> bool:
        """Whether the topic has no record, and the job has got none of it since its last start."""
        return (
            bool(self.partitions)
            and self.metered
            and not self.read
            and all(each.begin == each.end and not each.grew for each in self.partitions)
        )
