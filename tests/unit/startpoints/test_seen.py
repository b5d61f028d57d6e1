"""Startpoints that were seen before, against the job as it is now."""

from __future__ import annotations

import pytest
from tests.unit.startpoints.resolved import NOW, partition, source

from juncture.errors import JunctureError, Refused
from juncture.model.offsets import OffsetRange
from juncture.model.resolved import ResolvedStartpoints
from juncture.model.startpoint import AtOffsets, Startpoint
from juncture.startpoints.resolve import Source
from juncture.startpoints.seen import read_seen, seen_sources

AUTHORED = {"until": "latest", "expires": NOW, "exclude": {1: "60-69"}}


def seen(job: str = "paid", environment: str = "local") -> ResolvedStartpoints:
    found = source(partition(0), partition(1, start=50), authored=AUTHORED)
    return ResolvedStartpoints(job=job, environment=environment, resolved_at=NOW, sources=(found,))


def authored(startpoint=AUTHORED, topic="orders-topic", table="orders"):
    return {table: Source(topic, Startpoint.model_validate(startpoint))}


def test_they_become_offsets_and_still_expire_and_leave_records_out():
    [found] = seen_sources("paid", "local", authored(), seen()).values()
    assert found == Source(
        "orders-topic",
        Startpoint(
            start=AtOffsets(offsets={0: 100, 1: 50}),
            until=AtOffsets(offsets={0: 1100, 1: 1100}),
            expires=NOW,
            exclude={1: (OffsetRange(first=60, last=69),)},
        ),
    )


@pytest.mark.parametrize(
    ("what", "now", "why"),
    [
        (seen(job="other"), authored(), "they are of the job 'other', not of 'paid'"),
        (seen(environment="live"), authored(), "they are of the environment 'live', not of 'local'"),
        (seen(), authored(startpoint="latest"), "orders or its startpoint has changed since"),
        (seen(), authored(topic="another"), "orders or its startpoint has changed since"),
        (seen(), authored(table="payments"), "payments or its startpoint has changed since"),
    ],
)
def test_what_is_not_of_the_job_as_it_is(what, now, why):
    with pytest.raises(Refused, match=why):
        seen_sources("paid", "local", now, what)


def test_files():
    with pytest.raises(JunctureError, match=r"b\.json holds no resolved startpoints: it is no text"):
        read_seen("b.json", b"\x7fELF\xd0".decode("utf-8", "surrogateescape"))
    assert read_seen("a.json", seen().model_dump_json()) == seen()
    with pytest.raises(JunctureError, match=r"a\.json holds no resolved startpoints: job: Field required"):
        read_seen("a.json", "{}")
