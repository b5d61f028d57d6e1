"""What is built when the old version has stopped, where its topics have changed meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.deploy.records import deployment
from tests.unit.deploy.upgrading.test_builder import blueprint

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.ledger import DRAINED
from juncture.deploy.upgrading import hand_over
from juncture.deploy.upgrading.builder import build
from juncture.deploy.upgrading.cut import Cut, Offsets
from juncture.deploy.upgrading.hand_over_plan import refuse_drained
from juncture.errors import Refused
from juncture.kafka.admin import Admin
from juncture.model.environment import Flink, Kafka

FIRST = Cut({"clicks": {0: 100}}, 7, exact=True)


def site(folder: Path) -> Site:
    connection = Connection("local", Kafka(bootstrap_servers="k:9092"), Flink(rest="http://127.0.0.1:1"))
    return Site(connection, Store(folder))


def final(folder: Path, monkeypatch: pytest.MonkeyPatch, held: dict[int, int]) -> tuple[Offsets, Cut]:
    """Of a topic of three partitions, of which one has lost its oldest records."""

    def cut_of(record: object, where: object, topics: Offsets, delay: int) -> Cut:
        return Cut({"clicks": {**topics["clicks"], **held}}, 9, exact=True)

    monkeypatch.setattr(
        "juncture.kafka.offsets.earliest", lambda admin, topics: {"clicks": {0: 50, 1: 0, 2: 0}}
    )
    monkeypatch.setattr(hand_over, "cut_of", cut_of)
    return hand_over._final(deployment(1, "stopped"), FIRST, site(folder))


def test_of_partitions_that_were_added_the_rest_is_built_from_their_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, cut = final(tmp_path, monkeypatch, {0: 120, 1: 5})
    assert start == {"clicks": {0: 100, 1: 0, 2: 0}}
    # The last one was not read by the old version: the new one begins it.
    assert cut.offsets == {"clicks": {0: 120, 1: 5, 2: 0}}


def test_a_version_that_went_back_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="has gone back in 'clicks'"):
        final(tmp_path, monkeypatch, {0: 99})


def test_nothing_is_built_of_a_topic_that_has_other_partitions_than_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = blueprint(tmp_path / "project")
    ends: dict[str, dict[int, int]] = {topic: {0: 5, 1: 5} for topic in made.sources.values()}

    def counts(admin: Admin, topics: Iterable[str]) -> dict[str, Any]:
        return dict.fromkeys(topics, 4)

    monkeypatch.setattr(Admin, "counts", counts)
    with pytest.raises(Refused, match="has got partitions 2 and 3 meanwhile"):
        build(made, 20, ends, ends, None, site(tmp_path / "store"))


def test_a_version_that_was_drained_has_nothing_to_hand_over() -> None:
    refuse_drained(deployment(1, "stopped", savepoint="/savepoints/1"))
    with pytest.raises(Refused, match="from version 1: drained") as caught:
        refuse_drained(deployment(1, "stopped", savepoint="/savepoints/1", note=DRAINED))
    assert "--anew" in (caught.value.remedy or "")
