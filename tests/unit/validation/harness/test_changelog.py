"""Changes of a changelog sink, as a case expects them."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.unit.validation.rendered import rendered, topic

from juncture.errors import Location
from juncture.kafka.reader import Record
from juncture.kafka.writer import Writer
from juncture.validation.cases.case import Case
from juncture.validation.cases.timeline import Change
from juncture.validation.harness.expecting import Expecting
from juncture.validation.harness.feed import Feed

HERE = Location("case.yaml", 4)
BASE = datetime(2026, 1, 5, 12, tzinfo=timezone.utc)
SINK = topic("out", "k STRING, v INT, PRIMARY KEY (k) NOT ENFORCED", "upsert-kafka")
JOB = rendered({"l": topic("l", "k STRING")}, SINK, "SELECT k, 1 FROM l")


@pytest.mark.parametrize(("kind", "equal"), [("delete", True), ("upsert", False)])
def test_of_a_deletion_only_the_key_counts(kind: Any, equal: bool) -> None:
    feed = Feed(cast("Writer", None), {}, BASE)
    feed.adopt(JOB, {})
    expecting = Expecting(cast("Any", SimpleNamespace(feed=feed)), Case("deletes", "j", HERE, BASE, ()))
    changes = (Change("upsert", {"k": "a", "v": 5}, HERE), Change(kind, {"k": "a", "v": 5}, HERE))
    sink = [Record(0, 0, 0, b'{"k":"a"}', b'{"k":"a","v":5}'), Record(0, 1, 0, b'{"k":"a"}', None)]
    assert expecting.changelog(("k", "v"), changes, sink).equal == equal
