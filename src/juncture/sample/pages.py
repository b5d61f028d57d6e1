"""Page impressions (server) and clicks (client): the example 'impression_clicks'."""

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
    prose,
    scattered,
)

WINDOW = 10 * MINUTE
_LONGEST_LAG = 110 * SECOND  # the watermark waits for two minutes
_ORPHANS = 0.02
_NOBODY = 1 << 40  # first id that no impression has
_CLOSING = 1 << 42


def generate(shape: Shape) -> Sample:
    """Impressions over the span; 70 in 100 are clicked, mostly within a minute or two."""
    draw = Draw(shape.seed)
    count = shape.events
    served = shape.base + np.arange(count) * shape.span // count
    impressions = Stream("page-impressions", served, _impressions(shape, np.arange(count), served))
    main_impressions = deliver(draw, impressions, draw.server_lag(count), 0.01, 8 * SECOND)

    clicked = np.flatnonzero(draw.share(0.7, count))
    delays = client_delays(draw, WINDOW, MINUTE, len(clicked))
    twice = np.flatnonzero(draw.share(0.04, len(clicked)))
    orphans = max(5, int(count * _ORPHANS))
    owners = np.concatenate([clicked, clicked[twice], _NOBODY + np.arange(orphans)])
    after = np.concatenate([delays, delays[twice] + draw.whole(1, MINUTE, len(twice))])
    times = np.concatenate(
        [served[owners[:-orphans]] + after, shape.base + draw.whole(0, shape.span, orphans)]
    )
    nobody = draw.null_keys(len(owners))
    clicks = Stream("page-clicks", times, _clicks(shape, owners, times, nobody))
    main_clicks = deliver(draw, clicks, draw.client_lag(_LONGEST_LAG, len(times)), 0.03, _LONGEST_LAG)
    beyond = ((after < 0) | (after > WINDOW)) & ~nobody[:-orphans]

    # Late clicks belong to impressions that have no other click; late impressions to clicks that had none.
    few = max(20, count // 5000)
    unclicked = np.setdiff1d(np.arange(count), clicked)[:few]
    late_clicks = served[unclicked] + draw.whole(0, WINDOW, len(unclicked))
    missed = np.arange(orphans)[~nobody[-orphans:]][:few]
    late_served = times[len(times) - orphans + missed] - draw.whole(0, WINDOW, len(missed))
    end = np.full(shape.partitions, times.max() + WINDOW + HOUR)
    closers = _CLOSING + np.arange(shape.partitions)
    each = np.arange(shape.partitions)
    return Sample(
        name="impression_clicks",
        topics=(impressions.topic, clicks.topic),
        output="joined-clicks",
        partitions=shape.partitions,
        main=Wave((main_impressions.deliveries, main_clicks.deliveries)),
        closing=Wave(
            (
                at_once(Stream(impressions.topic, end, _impressions(shape, closers, end)), each),
                at_once(Stream(clicks.topic, end, _clicks(shape, closers + (1 << 20), end)), each),
            )
        ),
        late=Wave(
            (
                at_once(
                    Stream(impressions.topic, late_served, _impressions(shape, _NOBODY + missed, late_served))
                ),
                at_once(Stream(clicks.topic, late_clicks, _clicks(shape, unclicked, late_clicks))),
            )
        ),
        ledger=Ledger(
            server=count,
            client=len(times),
            duplicates=main_impressions.duplicates + main_clicks.duplicates,
            orphans=int((~nobody[-orphans:]).sum()),
            beyond=int(beyond.sum()),
            null_keys=int(nobody.sum()),
            malformed=main_impressions.malformed + main_clicks.malformed,
            late=len(unclicked) + len(missed),
            closing=2 * shape.partitions,
        ),
    )


def _impressions(shape: Shape, ids: Ints, times: Ints) -> Encoder:
    text = prose(shape.seed)

    def encode(events: Ints) -> tuple[list[bytes | None], list[bytes]]:
        chosen = ids[events]
        keys = scattered(chosen, shape.seed)
        rows = zip(keys, chosen.tolist(), iso(times[events]), strict=True)
        return [key.encode() for key in keys], [
            f'{{"impression_id":"{key}","member_id":{number * 7919 % 1_000_003},"page":"feed{number % 50}",'
            f'"items":"{text[(at := number * 31 % 190_000) : at + 120 + number % 160]}",'
            f'"served_at":"{time}"}}'.encode()
            for key, number, time in rows
        ]

    return encode


def _clicks(shape: Shape, owners: Ints, times: Ints, nobody: Flags | None = None) -> Encoder:
    def encode(events: Ints) -> tuple[list[bytes | None], list[bytes]]:
        keys = scattered(owners[events], shape.seed)
        # The event time is part of the id: clicks of one impression differ in it.
        rows = zip(keys, times[events].tolist(), iso(times[events]), strict=True)
        values = [
            f'{{"click_id":"{key[:12]}-{millis:x}","impression_id":"{key}",'
            f'"target":"item{millis % 40}","clicked_at":"{time}"}}'.encode()
            for key, millis, time in rows
        ]
        found: list[bytes | None] = [key.encode() for key in keys]
        if nobody is not None:
            for position in np.flatnonzero(nobody[events]).tolist():
                values[position] = values[position].replace(b'"' + keys[position].encode() + b'"', b"null")
                found[position] = None
        return found, values

    return encode
