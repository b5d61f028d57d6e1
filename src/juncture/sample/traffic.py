"""What traffic does on its way: delays, disorder, duplicates, records cut off in the middle."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from juncture.sample.stream import Deliveries, Flags, Ints, Stream

HOUR = 3_600_000
MINUTE = 60_000
SECOND = 1000

_NULL_KEYS = 0.0002
_CUT = 0.0001
_AT_LEAST = 5


class Draw:
    """Random columns from one seed; the same calls in the same order give the same values."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def whole(self, low: int, high: int, count: int) -> Ints:
        """Whole numbers from `low` to below `high`."""
        return self._rng.integers(low, high, count, dtype=np.int64)

    def exponential(self, mean: float, cap: float, count: int) -> Ints:
        """Whole numbers of an exponential distribution, at most `cap`."""
        return self._rng.exponential(mean, count).clip(0, cap).astype(np.int64)

    def share(self, part: float, count: int) -> Flags:
        """True for about `part` of the positions."""
        return np.asarray(self._rng.random(count) < part)

    def few(self, part: float, count: int) -> Ints:
        """Distinct positions: exactly `part` of them, but five at least where there are so many."""
        wanted = min(count, max(_AT_LEAST, round(part * count)))
        return np.sort(self._rng.choice(count, wanted, replace=False)).astype(np.int64)

    def null_keys(self, count: int) -> Flags:
        """The few positions whose join key is missing."""
        flags = np.zeros(count, dtype=np.bool_)
        flags[self.few(_NULL_KEYS, count)] = True
        return flags

    def client_lag(self, longest: int, count: int) -> Ints:
        """Milliseconds from an event to its arrival: mostly below a second, up to `longest` for one in 20."""
        lag = self.exponential(800, min(8 * SECOND, longest), count)
        slow = self.share(0.05, count)
        lag[slow] = self.whole(0, longest, int(slow.sum()))
        return lag

    def server_lag(self, count: int) -> Ints:
        """Milliseconds from an event to its arrival, 5 s at most."""
        return self.exponential(500, 5 * SECOND, count)


@dataclass(frozen=True)
class Delivered:
    """A topic's deliveries and what among them is not an event arriving once and whole."""

    deliveries: Deliveries
    duplicates: int
    malformed: int


def deliver(draw: Draw, stream: Stream, lag: Ints, duplicates: float, longest: int) -> Delivered:
    """Let each event arrive after its lag, a share of them again within `longest`, and a few cut off as well.

    A record that is cut off comes in addition to the whole one, so that it takes no event away.
    """
    count = len(stream.times)
    again = np.flatnonzero(draw.share(duplicates, count))
    broken = draw.few(_CUT, count)
    events = np.concatenate([np.arange(count), again, broken])
    arrivals = stream.times[events] + np.concatenate(
        [lag, draw.whole(0, longest, len(again)), draw.whole(0, longest, len(broken))]
    )
    cut = np.zeros(len(events), dtype=np.bool_)
    cut[count + len(again) :] = True
    return Delivered(Deliveries(stream, events, arrivals, cut), len(again), len(broken))


def in_order(stream: Stream) -> Deliveries:
    """Each event once, at its event time; the stream must be sorted by it."""
    count = len(stream.times)
    return Deliveries(stream, np.arange(count), stream.times, np.zeros(count, dtype=np.bool_))


def at_once(stream: Stream, partitions: Ints | None = None) -> Deliveries:
    """Each event once, in the order of the stream."""
    count = len(stream.times)
    none = np.zeros(count, dtype=np.bool_)
    return Deliveries(stream, np.arange(count), np.arange(count), none, partitions)


def scattered(positions: Ints, seed: int) -> list[str]:
    """Keys of 16 hex digits, as evenly spread as random ones, different for different seeds."""
    mixed = positions.astype(np.uint64) + np.uint64((seed * 0xD1342543DE82EF95) & 0xFFFFFFFFFFFF)
    # Multiplying by an odd number is a bijection of 64 bits, so keys stay distinct.
    mixed = mixed * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(31)
    return [f"{each:016x}" for each in mixed.tolist()]


def prose(seed: int, length: int = 200_000) -> str:
    """Text that compresses as real payloads do, to be cut into slices."""
    rng = random.Random(seed)  # noqa: S311 - sample data
    parts: list[str] = []
    size = 0
    while size < length:
        part = f"urn:item:{rng.randrange(10**12)}|s={rng.random():.4f}|r={rng.randrange(40)};"
        parts.append(part)
        size += len(part)
    return "".join(parts)


def client_delays(draw: Draw, window: int, mean: int, count: int) -> Ints:
    """Milliseconds from the server's event to the client's; the edges of the window are among them.

    Three of a hundred lie around the window's end; of a thousand each, some are exactly 0, exactly the
    window, one millisecond beyond it, and a little before the server's event.
    """
    delays = draw.exponential(mean, 1.4 * window, count)
    far = draw.share(0.03, count)
    delays[far] = draw.whole(int(0.9 * window), int(1.4 * window), int(far.sum()))
    edges = draw.few(0.004, count)
    values = np.array([0, window, window + 1, -1])
    delays[edges] = values[np.arange(len(edges)) % len(values)]
    return delays
