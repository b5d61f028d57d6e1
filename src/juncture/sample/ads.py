"""Ad requests (server), impressions and clicks (client): the example 'ad_funnel'."""

from __future__ import annotations

import numpy as np

from juncture.sample.sample import Ledger, Sample, Shape
from juncture.sample.stream import Encoder, Flags, Ints, Stream, Wave, iso
from juncture.sample.traffic import (
    HOUR,
    MINUTE,
    SECOND,
    Draw,
    at_once,
    client_delays,
    deliver,
    scattered,
)

SEEN_WITHIN = 30 * MINUTE
CLICKED_WITHIN = HOUR
_LONGEST_LAG = 110 * SECOND
_NOBODY = 1 << 40
_CLOSING, _APART = 1 << 42, 1 << 20


def generate(shape: Shape) -> Sample:
    """Requests over the span; 60 in 100 are seen, 8 in 100 of these clicked, some without being seen."""
    draw = Draw(shape.seed)
    count = shape.events
    asked = shape.base + np.arange(count) * shape.span // count
    requests = Stream("ad-requests", asked, _requests(shape, np.arange(count), asked))
    main_requests = deliver(draw, requests, draw.server_lag(count), 0.005, 8 * SECOND)

    is_seen = draw.share(0.6, count)
    seen = np.flatnonzero(is_seen)
    seen_after = client_delays(draw, SEEN_WITHIN, 2 * MINUTE, len(seen))
    clicked = np.flatnonzero(draw.share(0.05, count) & (is_seen | draw.share(0.02, count)))
    clicked_after = client_delays(draw, CLICKED_WITHIN, 5 * MINUTE, len(clicked))
    orphans = max(5, count // 100)

    def client(topic: str, owners: Ints, after: Ints, encoder: type[_Client]) -> tuple[Stream, Flags]:
        strangers = _NOBODY + draw.whole(0, 1 << 30, orphans)
        ids = np.concatenate([owners, strangers])
        times = np.concatenate([asked[owners] + after, shape.base + draw.whole(0, shape.span, orphans)])
        nobody = draw.null_keys(len(ids))
        return Stream(topic, times, encoder(shape, ids, times, nobody)), nobody

    impressions, unseen_keys = client("ad-impressions", seen, seen_after, _Impressions)
    clicks, unclicked_keys = client("ad-clicks", clicked, clicked_after, _Clicks)
    main_impressions = deliver(
        draw, impressions, draw.client_lag(_LONGEST_LAG, len(impressions.times)), 0.02, _LONGEST_LAG
    )
    main_clicks = deliver(draw, clicks, draw.client_lag(_LONGEST_LAG, len(clicks.times)), 0.03, _LONGEST_LAG)

    # A late request would still be written, unmatched; a late client event is dropped.
    few = max(20, count // 5000)
    unseen = np.flatnonzero(~is_seen)[:few]
    late_seen = asked[unseen] + draw.whole(0, SEEN_WITHIN, len(unseen))
    late_clicked = asked[unseen] + draw.whole(0, CLICKED_WITHIN, len(unseen))
    last = max(int(each.times.max()) for each in (requests, impressions, clicks))
    end = np.full(shape.partitions, last + SEEN_WITHIN + CLICKED_WITHIN + HOUR)
    each = np.arange(shape.partitions)
    closers = _CLOSING + each
    beyond = [
        int((((after < 0) | (after > window)) & ~nobody[: len(after)]).sum())
        for after, window, nobody in (
            (seen_after, SEEN_WITHIN, unseen_keys),
            (clicked_after, CLICKED_WITHIN, unclicked_keys),
        )
    ]
    mains = (main_requests, main_impressions, main_clicks)
    return Sample(
        name="ad_funnel",
        topics=(requests.topic, impressions.topic, clicks.topic),
        output="ad-outcomes",
        partitions=shape.partitions,
        main=Wave(tuple(each.deliveries for each in mains)),
        closing=Wave(
            (
                at_once(Stream(requests.topic, end, _requests(shape, closers, end)), each),
                at_once(Stream(impressions.topic, end, _Impressions(shape, closers + _APART, end)), each),
                at_once(Stream(clicks.topic, end, _Clicks(shape, closers + 2 * _APART, end)), each),
            )
        ),
        late=Wave(
            (
                at_once(Stream(impressions.topic, late_seen, _Impressions(shape, unseen, late_seen))),
                at_once(Stream(clicks.topic, late_clicked, _Clicks(shape, unseen, late_clicked))),
            )
        ),
        ledger=Ledger(
            server=count,
            client=len(impressions.times) + len(clicks.times),
            duplicates=sum(each.duplicates for each in mains),
            orphans=int((~unseen_keys[-orphans:]).sum() + (~unclicked_keys[-orphans:]).sum()),
            beyond=sum(beyond),
            null_keys=int(unseen_keys.sum() + unclicked_keys.sum()),
            malformed=sum(each.malformed for each in mains),
            late=2 * len(unseen),
            closing=3 * shape.partitions,
        ),
    )


def _requests(shape: Shape, ids: Ints, times: Ints) -> Encoder:
    def encode(events: Ints) -> tuple[list[bytes | None], list[bytes]]:
        chosen = ids[events]
        keys = scattered(chosen, shape.seed)
        rows = zip(keys, chosen.tolist(), iso(times[events]), strict=True)
        return [key.encode() for key in keys], [
            f'{{"request_id":"{key}","campaign_id":{number * 613 % 4001},"placement":"slot{number % 12}",'
            f'"bid_micros":{number * 7907 % 900_000 + 1000},"requested_at":"{time}"}}'.encode()
            for key, number, time in rows
        ]

    return encode


class _Client:
    """Encoder of a client's event: some have no key."""

    def __init__(self, shape: Shape, owners: Ints, times: Ints, nobody: Flags | None = None) -> None:
        self._seed = shape.seed
        self._owners = owners
        self._times = times
        self._nobody = nobody

    def __call__(self, events: Ints) -> tuple[list[bytes | None], list[bytes]]:
        names = scattered(self._owners[events], self._seed)
        keys: list[bytes | None] = [name.encode() for name in names]
        quoted = [f'"{name}"' for name in names]
        if self._nobody is not None:
            for position in np.flatnonzero(self._nobody[events]).tolist():
                keys[position], quoted[position] = None, "null"
        millis: list[int] = self._times[events].tolist()
        return keys, [
            self.event(key, number, time)
            for key, number, time in zip(quoted, millis, iso(self._times[events]), strict=True)
        ]

    def event(self, key: str, millis: int, time: str) -> bytes:
        """The JSON of one event; `key` is JSON already."""
        raise NotImplementedError


class _Impressions(_Client):
    def event(self, key: str, millis: int, time: str) -> bytes:
        return f'{{"request_id":{key},"viewable_ms":{millis * 37 % 30_000},"seen_at":"{time}"}}'.encode()


class _Clicks(_Client):
    def event(self, key: str, millis: int, time: str) -> bytes:
        page = f"https://shop.example/item/{millis % 5000}"
        return f'{{"request_id":{key},"landing_page":"{page}","clicked_at":"{time}"}}'.encode()
