"""Which of several quotas holds."""

from __future__ import annotations

from typing import Any

import pytest

from juncture.model.brokers import Brokers, Quota, Stored

DEFAULT = None


def told(*quotas: tuple[dict[str, str | None], dict[str, float]]) -> Brokers:
    answer: dict[str, Any] = {
        "brokers": 3,
        "stored": {"clicks": [10, 30]},
        "usable": None,
        "quotas": [{"entity": entity, "values": values} for entity, values in quotas],
        "refused": {},
    }
    return Brokers.told(answer)


def test_without_any() -> None:
    found = told()
    assert (found.read, found.write, found.stored) == (None, None, {"clicks": Stored(once=10, in_all=30)})


@pytest.mark.parametrize(
    ("entities", "whose"),
    [
        ([{"client-id": DEFAULT}], "clients by default"),
        ([{"client-id": DEFAULT}, {"user": DEFAULT}], "users by default"),
        (
            [{"user": DEFAULT}, {"user": DEFAULT, "client-id": DEFAULT}],
            "users by default and clients by default",
        ),
        ([{"user": DEFAULT, "client-id": DEFAULT}, {"user": "ann"}], "the user 'ann'"),
        ([{"user": "ann"}, {"user": "ann", "client-id": DEFAULT}], "the user 'ann' and clients by default"),
        # A client id is not known before the job runs; addresses are another thing.
        ([{"user": "ann"}, {"user": "ann", "client-id": "x"}, {"ip": "10.0.0.1"}], "the user 'ann'"),
    ],
    ids=str,
)
def test_the_most_specific_one_holds(entities: list[dict[str, str | None]], whose: str) -> None:
    rated = [(entity, {"consumer_byte_rate": 10.0 * number}) for number, entity in enumerate(entities, 1)]
    for order in (rated, rated[::-1]):
        found = told(*order).read
        assert found is not None
        assert found.whose == whose


def test_each_kind_by_itself() -> None:
    found = told(
        ({"user": "ann"}, {"producer_byte_rate": 5.0, "request_percentage": 50.0}),
        ({"user": DEFAULT}, {"consumer_byte_rate": 7.0, "producer_byte_rate": 9.0}),
    )
    assert found.read == Quota(rate=7.0, whose="users by default")
    assert found.write == Quota(rate=5.0, whose="the user 'ann'")
