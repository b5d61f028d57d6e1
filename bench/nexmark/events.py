"""Nexmark's events: persons, their auctions and the bids on those, made from a seed, the same bytes each time.

After the generator of github.com/nexmark/nexmark with its default configuration. What it says of

- how many: of fifty events one is a person, then come three auctions and 46 bids;
- time: 10,000 events a second, from 2015-07-15, in order;
- sellers: in 3 of 4 auctions a hot one, the first of the last hundred persons, else any of the last thousand, or one of
  the next ten, who are yet to come; bidders: likewise, the hot one being the second of a hundred;
- auctions of bids: in every second bid a hot one, the first of the last hundred, else any of the last hundred or of the
  next ten;
- auctions: five categories, open for as long as 166 auctions and bids take on average, and for twice as long at most;
- prices: uniform by their logarithm, from 1 to a million, in cents;
- texts: lengths, alphabets, and as much in `extra` as makes an event 200, 500 or 100 bytes without JSON

holds here, too. It has one stream; here each kind has a topic, with plain columns, in the same order. Its random
numbers have no seed, so that single values are others. Its bidders' numbers are a thousand too high, which no join
reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap

import numpy as np
import numpy.typing as npt
from bench.joins.workload import Event

Ints = npt.NDArray[np.int64]

NAMES = ("person", "auction", "bid")

_BEGIN = 1_436_918_400_000
_PERSONS, _AUCTIONS, _EPOCH = 1, 3, 50
_EVENTS_PER_MS = 10
_FIRST = 1000
"""The number of the first person and of the first auction."""
_HOT = 100
"""The hot person or auction is the first of so many."""
_ACTIVE_PERSONS, _OPEN_AUCTIONS, _LEAD = 1000, 100, 10
_HORIZON = _OPEN_AUCTIONS * _EPOCH // _AUCTIONS
_CATEGORIES, _FIRST_CATEGORY = 5, 10
_SIZES = {"person": 200, "auction": 500, "bid": 100}
_CHANNELS = 10_000
_TEXT = 1 << 20
_STATES = ("AZ", "CA", "ID", "OR", "WA", "WY")
_CITIES = (
    "Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne",
)  # fmt: skip
_FIRST_NAMES = (
    "Peter",
    "Paul",
    "Luke",
    "John",
    "Saul",
    "Vicky",
    "Kate",
    "Julie",
    "Sarah",
    "Deiter",
    "Walter",
)
_LAST_NAMES = ("Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris")


@dataclass(frozen=True)
class Nexmark:
    """The events of all kinds, about `events` of them: a last round is completed.

    `closing` has an event of each kind that joins nothing, a day after all others: in each partition of a topic, it
    lets windows end and waiting rows come out.
    """

    events: int
    seed: int = 7

    names = NAMES

    @property
    def _rounds(self) -> int:
        return max(-(-self.events // _EPOCH), 1)

    @property
    def counts(self) -> dict[str, int]:
        """Events by topic."""
        bids = _EPOCH - _PERSONS - _AUCTIONS
        return {"person": self._rounds, "auction": self._rounds * _AUCTIONS, "bid": self._rounds * bids}

    @property
    def total(self) -> int:
        return self._rounds * _EPOCH

    def of_topic(self, name: str) -> Iterator[Event]:
        """The events of one topic in their order, keyed by the person or the auction."""
        made = {"person": self._persons, "auction": self._all_auctions, "bid": self._bids}[name]
        for key, value, time in made():
            yield Event(name, str(key).encode(), value.encode(), time, time)

    def closing(self, name: str) -> Event:
        """An event that ends a partition: of the numbers below zero."""
        time = _BEGIN + self.total // _EVENTS_PER_MS + 86_400_000
        at = _texts(np.array([time]))[0]
        value = {
            "person": f'{{"id":-1,"name":"","dateTime":"{at}"}}',
            "auction": f'{{"id":-2,"seller":-2,"category":10,"dateTime":"{at}","expires":"{at}"}}',
            "bid": f'{{"auction":-3,"bidder":-3,"price":-1,"dateTime":"{at}"}}',
        }[name]
        return Event(name, b"", value.encode(), time, time)

    def _persons(self) -> Iterator[tuple[int, str, int]]:
        rng = np.random.default_rng([self.seed, 0])
        number = np.arange(self._rounds)
        count = len(number)
        names = [
            f"{_FIRST_NAMES[one]} {_LAST_NAMES[two]}"
            for one, two in zip(
                _drawn(rng, len(_FIRST_NAMES), count), _drawn(rng, len(_LAST_NAMES), count), strict=True
            )
        ]
        accounts, hosts = self._words(rng, count, 7), self._words(rng, count, 5)
        mails = [f"{account}@{host}.com" for account, host in zip(accounts, hosts, strict=True)]
        cards = [
            " ".join(f"{part:04d}" for part in card) for card in rng.integers(0, 10_000, (count, 4)).tolist()
        ]
        cities = [_CITIES[each] for each in _drawn(rng, len(_CITIES), count)]
        states = [_STATES[each] for each in _drawn(rng, len(_STATES), count)]
        sizes = [8 + sum(map(len, texts)) for texts in zip(names, mails, cards, cities, states, strict=True)]
        extras = self._extras(rng, "person", np.array(sizes))
        time = _times(number * _EPOCH)
        columns = zip(
            (number + _FIRST).tolist(), names, mails, cards, cities, states, _texts(time), extras, time.tolist(),
            strict=True,
        )  # fmt: skip
        return starmap(_person, columns)

    def _all_auctions(self) -> Iterator[tuple[int, str, int]]:
        rng = np.random.default_rng([self.seed, 1])
        number = np.arange(self._rounds * _AUCTIONS)
        count = len(number)
        event = number // _AUCTIONS * _EPOCH + _PERSONS + number % _AUCTIONS
        last = event // _EPOCH
        seller = np.where(rng.integers(0, 4, count) > 0, last // _HOT * _HOT, _any_person(rng, last))
        time = _times(event)
        open_for = 1 + _below(rng, np.maximum((_times(event + _HORIZON) - time) * 2, 1))
        initial = _prices(rng, count)
        items, descriptions = self._words(rng, count, 20), self._words(rng, count, 100)
        sizes = [8 + len(item) + len(text) + 40 for item, text in zip(items, descriptions, strict=True)]
        extras = self._extras(rng, "auction", np.array(sizes))
        columns = zip(
            (number + _FIRST).tolist(), items, descriptions, initial.tolist(),
            (initial + _prices(rng, count)).tolist(), _texts(time), _texts(time + open_for),
            (seller + _FIRST).tolist(), (_FIRST_CATEGORY + rng.integers(0, _CATEGORIES, count)).tolist(), extras,
            time.tolist(), strict=True,
        )  # fmt: skip
        return starmap(_auction, columns)

    def _bids(self) -> Iterator[tuple[int, str, int]]:
        rng = np.random.default_rng([self.seed, 2])
        a_round = _EPOCH - _PERSONS - _AUCTIONS
        number = np.arange(self._rounds * a_round)
        count = len(number)
        event = number // a_round * _EPOCH + _PERSONS + _AUCTIONS + number % a_round
        last = event // _EPOCH * _AUCTIONS + _AUCTIONS - 1
        oldest = np.maximum(last - _OPEN_AUCTIONS, 0)
        some = oldest + _below(rng, last - oldest + 1 + _LEAD)
        auction = np.where(rng.integers(0, 2, count) > 0, last // _HOT * _HOT, some)
        person = event // _EPOCH
        bidder = np.where(rng.integers(0, 4, count) > 0, person // _HOT * _HOT + 1, _any_person(rng, person))
        links = self._channels
        hot = rng.integers(_CHANNELS, _CHANNELS + 4, count)
        channel = np.where(rng.integers(0, 2, count) > 0, hot, rng.integers(0, _CHANNELS, count))
        extras = self._extras(rng, "bid", np.full(count, 32))
        time = _times(event)
        columns = zip(
            (auction + _FIRST).tolist(), (bidder + _FIRST).tolist(), _prices(rng, count).tolist(),
            [links[each] for each in channel.tolist()], _texts(time), extras, time.tolist(), strict=True,
        )  # fmt: skip
        return starmap(_bid, columns)

    @cached_property
    def _letters(self) -> str:
        return _letters(np.random.default_rng([self.seed, 3]), None)

    @cached_property
    def _spaced(self) -> str:
        return _letters(np.random.default_rng([self.seed, 4]), " ")

    @cached_property
    def _channels(self) -> list[str]:
        """Of each channel the part of a bid's JSON that it makes; the last four are the hot ones."""
        rng = np.random.default_rng([self.seed, 5])
        paths = self._words(rng, (_CHANNELS + 4) * 3, 5)
        made = []
        for number in range(_CHANNELS + 4):
            folder = "/".join(path.replace(" ", "_") for path in paths[number * 3 : number * 3 + 3])
            url = f"https://www.nexmark.com/{folder}/item.htm?query=1"
            if number < _CHANNELS and rng.integers(0, 10) > 0:
                url += f"&channel_id={_reversed(number)}"
            hot = ("Google", "Facebook", "Baidu", "Apple")
            name = f"channel-{number}" if number < _CHANNELS else hot[number - _CHANNELS]
            made.append(f'"channel":"{name}","url":"{url}"')
        return made

    def _words(self, rng: np.random.Generator, count: int, longest: int) -> list[str]:
        """Texts of 3 to `longest` - 1 letters, some of them blanks, without those at the ends."""
        begins = rng.integers(0, _TEXT - longest, count)
        ends = begins + rng.integers(3, longest, count)
        text = self._spaced
        return [text[begin:end].strip() for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]

    def _extras(self, rng: np.random.Generator, kind: str, sizes: Ints) -> list[str]:
        left = np.maximum(_SIZES[kind] - sizes, 0)
        spread = np.rint(left * 0.2).astype(np.int64)
        lengths = left - spread + _below(rng, np.maximum(2 * spread, 1))
        begins = rng.integers(0, _TEXT - 2 * max(_SIZES.values()), len(sizes))
        text = self._letters
        return [
            text[begin:end] for begin, end in zip(begins.tolist(), (begins + lengths).tolist(), strict=True)
        ]


def _letters(rng: np.random.Generator, blank: str | None) -> str:
    codes = rng.integers(ord("a"), ord("z") + 1, _TEXT).astype(np.uint8)
    if blank is not None:
        codes[rng.integers(0, 13, _TEXT) == 0] = ord(blank)
    return codes.tobytes().decode("ascii")


def _drawn(rng: np.random.Generator, bound: int, count: int) -> list[int]:
    drawn: list[int] = rng.integers(0, bound, count).tolist()
    return drawn


def _below(rng: np.random.Generator, bounds: Ints) -> Ints:
    below: Ints = rng.integers(0, bounds)
    return below


def _any_person(rng: np.random.Generator, last: Ints) -> Ints:
    """One of the active persons, or of those who come next."""
    active: Ints = np.minimum(last + 1, _ACTIVE_PERSONS)
    return last + 1 - active + _below(rng, active + _LEAD)


def _prices(rng: np.random.Generator, count: int) -> Ints:
    prices: Ints = np.rint(10.0 ** (rng.random(count) * 6) * 100).astype(np.int64)
    return prices


def _times(event: Ints) -> Ints:
    times: Ints = _BEGIN + event // _EVENTS_PER_MS
    return times


def _texts(time: Ints) -> list[str]:
    texts: list[str] = np.datetime_as_string(time.astype("datetime64[ms]")).tolist()
    return texts


def _reversed(number: int) -> int:
    """The bits of a 32-bit number from the last to the first, without the sign."""
    bits = int(f"{number:032b}"[::-1], 2)
    return bits if bits < 1 << 31 else (1 << 32) - bits


def _person(
    number: int, name: str, mail: str, card: str, city: str, state: str, at: str, extra: str, time: int
) -> tuple[int, str, int]:
    value = (
        f'{{"id":{number},"name":"{name}","emailAddress":"{mail}","creditCard":"{card}","city":"{city}",'
        f'"state":"{state}","dateTime":"{at}","extra":"{extra}"}}'
    )
    return number, value, time


def _auction(
    number: int, item: str, text: str, initial: int, reserve: int, at: str, expires: str, seller: int,
    category: int, extra: str, time: int,
) -> tuple[int, str, int]:  # fmt: skip
    value = (
        f'{{"id":{number},"itemName":"{item}","description":"{text}","initialBid":{initial},"reserve":{reserve},'
        f'"dateTime":"{at}","expires":"{expires}","seller":{seller},"category":{category},"extra":"{extra}"}}'
    )
    return number, value, time


def _bid(
    auction: int, bidder: int, price: int, link: str, at: str, extra: str, time: int
) -> tuple[int, str, int]:
    value = f'{{"auction":{auction},"bidder":{bidder},"price":{price},{link},"dateTime":"{at}","extra":"{extra}"}}'
    return auction, value, time
