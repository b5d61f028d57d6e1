"""Orders and customers (server) and payments (client): the example 'paid_orders'."""

from __future__ import annotations

import numpy as np

from juncture.sample.sample import Ledger, Sample, Shape
from juncture.sample.stream import Deliveries, Encoder, Flags, Ints, Stream, Wave, iso
from juncture.sample.traffic import (
    HOUR,
    MINUTE,
    SECOND,
    Draw,
    at_once,
    client_delays,
    deliver,
    in_order,
    scattered,
)

WINDOW = 24 * HOUR
_LONGEST_LAG = 25 * SECOND  # the watermarks wait for 30 s
_NOBODY = 1 << 40
_CLOSING, _APART = 1 << 42, 1 << 20
_COUNTRIES = ("DE", "FR", "IN", "US", "BR", "JP", "GB", "ES")
_SEGMENTS = ("new", "regular", "frequent", "business")
_METHODS = ("card", "transfer", "wallet", "invoice")


def generate(shape: Shape) -> Sample:
    """Orders over the span; 85 in 100 are paid, mostly within minutes. One customer for ten orders."""
    draw = Draw(shape.seed)
    count = shape.events
    people = max(10, count // 10)
    ordered = shape.base + np.arange(count) * shape.span // count
    # Some order before they are known, and some are never known.
    buyers = draw.whole(0, round(people * 1.02), count)
    orders = Stream("orders", ordered, _orders(shape, np.arange(count), ordered, buyers))
    main_orders = deliver(draw, orders, draw.server_lag(count), 0.005, 8 * SECOND)

    changes = max(10, count // 20)
    customers, main_customers = _customers(shape, draw, people, changes)

    is_paid = draw.share(0.85, count)
    paid = np.flatnonzero(is_paid)
    delays = client_delays(draw, WINDOW, 5 * MINUTE, len(paid))
    orphans = max(5, count // 200)
    owners = np.concatenate([paid, _NOBODY + np.arange(orphans)])
    times = np.concatenate([ordered[paid] + delays, shape.base + draw.whole(0, shape.span, orphans)])
    nobody = draw.null_keys(len(owners))
    payments = Stream("payments", times, _payments(shape, owners, times, nobody))
    main_payments = deliver(draw, payments, draw.client_lag(_LONGEST_LAG, len(times)), 0.02, _LONGEST_LAG)

    few = max(20, count // 5000)
    unpaid = np.flatnonzero(~is_paid)[:few]
    late_paid = ordered[unpaid] + draw.whole(0, HOUR, len(unpaid))
    missed = np.arange(orphans)[~nobody[-orphans:]][:few]
    late_ordered = times[len(times) - orphans + missed] - draw.whole(0, HOUR, len(missed))
    last = max(int(each.times.max()) for each in (orders, payments, customers))
    end = np.full(shape.partitions, last + 2 * WINDOW)
    each = np.arange(shape.partitions)
    closers = _CLOSING + each
    mains = (main_orders, main_payments)
    late_buyers = draw.whole(0, people, len(missed))
    return Sample(
        name="paid_orders",
        topics=(orders.topic, payments.topic, customers.topic),
        output="paid-orders-enriched",
        partitions=shape.partitions,
        main=Wave((main_customers, *(part.deliveries for part in mains))),
        closing=Wave(
            (
                at_once(Stream(orders.topic, end, _orders(shape, closers, end, closers)), each),
                at_once(Stream(payments.topic, end, _payments(shape, closers + _APART, end)), each),
                at_once(Stream(customers.topic, end, _versions(closers + 2 * _APART, each, end)), each),
            )
        ),
        late=Wave(
            (
                at_once(
                    Stream(
                        orders.topic,
                        late_ordered,
                        _orders(shape, _NOBODY + missed, late_ordered, late_buyers),
                    )
                ),
                at_once(Stream(payments.topic, late_paid, _payments(shape, unpaid, late_paid))),
            )
        ),
        ledger=Ledger(
            server=count + len(customers.times),
            client=len(times),
            duplicates=sum(part.duplicates for part in mains),
            orphans=int((~nobody[-orphans:]).sum()),
            beyond=int((((delays < 0) | (delays > WINDOW)) & ~nobody[:-orphans]).sum()),
            null_keys=int(nobody.sum()),
            malformed=sum(part.malformed for part in mains),
            late=len(unpaid) + len(missed),
            closing=3 * shape.partitions,
        ),
    )


def _customers(shape: Shape, draw: Draw, people: int, changes: int) -> tuple[Stream, Deliveries]:
    known = np.arange(people)
    # One in fifty becomes a customer only within the span.
    first = np.where(
        draw.share(0.02, people), shape.base + draw.whole(0, shape.span, people), shape.base - HOUR + known
    )
    ids = np.concatenate([known, draw.whole(0, people, changes)])
    times = np.concatenate([first, shape.base + draw.whole(0, shape.span, changes)])
    order = np.argsort(times, kind="stable")
    ids, times = ids[order], times[order]
    stream = Stream("customers", times, _versions(ids, np.arange(len(ids)), times))
    # A changelog comes in order: the last record of a key is the customer as it is now.
    return stream, in_order(stream)


def _orders(shape: Shape, ids: Ints, times: Ints, buyers: Ints) -> Encoder:
    def encode(events: Ints) -> tuple[list[bytes | None], list[bytes]]:
        keys = scattered(ids[events], shape.seed)
        rows = zip(keys, ids[events].tolist(), buyers[events].tolist(), iso(times[events]), strict=True)
        return [key.encode() for key in keys], [
            f'{{"order_id":"{key}","customer_id":{buyer},"amount":{number * 97 % 40_000}.{number % 100:02d},'
            f'"currency":"EUR","ordered_at":"{time}"}}'.encode()
            for key, number, buyer, time in rows
        ]

    return encode


def _payments(shape: Shape, owners: Ints, times: Ints, nobody: Flags | None = None) -> Encoder:
    def encode(events: Ints) -> tuple[list[bytes | None], list[bytes]]:
        keys = scattered(owners[events], shape.seed)
        found: list[bytes | None] = [key.encode() for key in keys]
        quoted = [f'"{key}"' for key in keys]
        if nobody is not None:
            for position in np.flatnonzero(nobody[events]).tolist():
                found[position], quoted[position] = None, "null"
        rows = zip(keys, quoted, times[events].tolist(), iso(times[events]), strict=True)
        return found, [
            f'{{"payment_id":"p-{key[:12]}","order_id":{owner},'
            f'"payment_method":"{_METHODS[millis % 4]}","paid_at":"{time}"}}'.encode()
            for key, owner, millis, time in rows
        ]

    return encode


def _versions(ids: Ints, numbers: Ints, times: Ints) -> Encoder:
    def encode(events: Ints) -> tuple[list[bytes | None], list[bytes]]:
        rows = list(zip(ids[events].tolist(), numbers[events].tolist(), iso(times[events]), strict=True))
        return [f'{{"customer_id":{who}}}'.encode() for who, _, _ in rows], [
            f'{{"customer_id":{who},"country":"{_COUNTRIES[who % 8]}","segment":"{_SEGMENTS[number % 4]}",'
            f'"updated_at":"{time}"}}'.encode()
            for who, number, time in rows
        ]

    return encode
