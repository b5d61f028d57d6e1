"""What is written to the topics of a case, by its steps and by what keeps topics active besides."""

import contextlib
import json
import threading
from datetime import datetime, timezone
from typing import cast

from tests.unit.validation.rendered import rendered, topic

from juncture.kafka.writer import Writer
from juncture.validation.harness.feed import Feed
from juncture.validation.harness.pushers import Pushers

JOB = rendered(
    {"l": topic("l", "n INT, t TIMESTAMP_LTZ(3), WATERMARK FOR t AS t")},
    topic("out", "n INT"),
    "SELECT n FROM l",
)
NOON = datetime(2026, 1, 5, 12, tzinfo=timezone.utc)


class Written:
    """A broker."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def write(self, topic: str, value: bytes, *more: object) -> None:
        self.numbers.append(json.loads(value)["n"])

    def flush(self) -> None:
        pass


class AtOnce(Pushers):
    """Lets two threads come to the same place, where they can."""

    met = threading.Barrier(2)

    def _value(self, *column):
        with contextlib.suppress(threading.BrokenBarrierError):
            self.met.wait(0.05)
        return super()._value(*column)


def test_pushers_made_at_once_are_not_equal():
    written = Written()
    feed = Feed(cast("Writer", written), {}, NOON)
    feed.pushers = AtOnce()
    feed.adopt(JOB, {"l": "l"})
    beside = threading.Thread(target=feed.keep_active, args=("l",))
    beside.start()
    feed.push("l", NOON, {})
    beside.join()
    assert len(set(written.numbers)) == len(written.numbers) == 2
