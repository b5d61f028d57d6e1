# ruff: noqa: E501
from datetime import datetime, timezone

import pytest

from juncture.model.startpoint import AtOffsets, AtTimestamp
from juncture.project.loader import load_project

HEAD = "join: paid\nsink: enriched\n"
KINDS = (
    "'earliest', 'latest' or a mapping with one of timestamp, before_now, offsets, group, deployment, savepoint,"
    " start, partitions, until, expires, exclude"
)


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("parallelism: many", "3:14", "parallelism: 'many' is not a whole number -> write a whole number"),
        ("parallelism: '2'", "3:14", "parallelism: '2' is not a whole number -> take the quotes away"),
        ("parallelism: true", "3:14", "parallelism: true is not a whole number -> write a whole number"),
        ("parallelism: 0", "3:14", "parallelism: 0 is out of range -> write at least 1"),
        ("parallelism: 40000", "3:14", "parallelism: 40000 is out of range -> write at most 32,768"),
        ("parallelism:\nvars: {}", "3:1", "parallelism: there is no value -> write one, or take the key away"),
        ("description: 5", "3:14", "description: 5 is not text -> quote it"),
        ("state: rocksdb", "3:8", "state: 'rocksdb' is not a mapping -> write a mapping"),
        ("state:\n  backend: rocks", "4:12", "state.backend: 'rocks' is not a valid value -> did you mean 'rocksdb'?"),
        ("state:\n  tll: 1 d", "4:3", "unknown key 'tll' in 'state' -> did you mean 'ttl'?"),
        ("state:\n  ttl: 5", "4:8", "state.ttl: '5' has no unit -> write '5 min', '5 s', ..."),
        ("state:\n  ttl: soon", "4:8", "state.ttl: 'soon' is not a duration -> write for instance '10 min' or 'PT10M'"),
        ("state:\n  ttl: -PT1M", "4:8", "state.ttl: a duration can't be negative -> write for instance '10 min' or 'PT10M'"),
        ("checkpointing: {interval: -1}", "3:27", "checkpointing.interval: '-1' is not a duration -> write for instance '10 min' or 'PT10M'"),
        ("checkpointing: {interval: -0.5}", "3:27", "checkpointing.interval: '-0.5' is not a duration -> write for instance '10 min' or 'PT10M'"),
        ("checkpointing: {interval: .nan}", "3:27", "checkpointing.interval: 'nan' is not a duration -> write for instance '10 min' or 'PT10M'"),
        ("checkpointing: {interval: 99999999999 d}", "3:27", "checkpointing.interval: '99999999999 d' is too long -> write at most '365000 d', 1000 years"),
        ("state: {ttl: P99999999999D}", "3:14", "state.ttl: 'P99999999999D' is too long -> write at most '365000 d', 1000 years"),
        ("startpoints: {orders: {before_now: 999999999999 d}}", "3:36", "startpoints.orders.before_now: '999999999999 d' is too long -> write at most '365000 d', 1000 years"),
        ("checkpointing: {interval: 0}", "3:27", "checkpointing.interval: '0' has no unit -> write '0 min', '0 s', ..."),
        ("checkpointing: {interval: 1 ms}", "3:27", "checkpointing.interval: Flink takes checkpoints every 10 ms at most -> write '10 ms' or more"),
        ("delivery: once", "3:11", "delivery: 'once' is not a valid value -> use one of at-least-once, exactly-once"),
        ("options: {a: [1]}", "3:14", "options.a: a list is not text -> write text"),
        ("options: {sasl.password: [1]}", "3:26", "options.sasl.password: the value is not text -> write text"),
        ("silence: [{rule: x, reason: why}]", "3:29", "silence[0].reason: 'why' is too short -> write at least 8 characters"),
        ("silence: [{rule: x}]", "3:11", "the key 'reason' is missing in 'silence[0]' -> add it"),
        ("startpoint: {orders: latest}\nstartpoints: {orders: latest}", "3:1", "unknown key 'startpoint' -> 'startpoints' is already given in line 4: write it there, or take this away"),
        ("name: other", "3:1", "unknown key 'name' -> take it away: the job's name is the file's"),
        ("sink: enriched", "3:1", "'sink' is already given in line 2 -> keep one of the two"),
        ("max_parallelism: 1\nparallelism: 2", "4:14", "the parallelism 2 is more than the max_parallelism 1 -> raise max_parallelism (it can't be changed later without losing the state)"),
        ("startpoints: {orders: earlist}", "3:23", f"startpoints.orders: a startpoint is {KINDS} -> did you mean 'earliest'?"),
        ("startpoints: {orders: {timestmp: x}}", "3:23", f"startpoints.orders: a startpoint is {KINDS} -> did you mean 'timestamp'?"),
        ("startpoints: {orders: {offsets: {0: 1}, grop: x}}", "3:41", "unknown key 'grop' in 'startpoints.orders' -> did you mean 'group'?"),
        ("startpoints: {orders: {offsets: {0: -1}}}", "3:37", "startpoints.orders.offsets.0: -1 is out of range -> write at least 0"),
        ("startpoints: {orders: {offsets: {0: true}}}", "3:37", "startpoints.orders.offsets.0: true is not a whole number -> write a whole number"),
        ("startpoints: {orders: {offsets: {0: '7'}}}", "3:37", "startpoints.orders.offsets.0: '7' is not a whole number -> take the quotes away"),
        ("startpoints: {orders: {deployment: a, version: true}}", "3:48", "startpoints.orders.version: true is not a whole number -> write a whole number"),
        ("startpoints: {orders: {partitions: {0: {offset: 1.0}}}}", "3:49", "startpoints.orders.partitions.0.offset: 1.0 is not a whole number -> write a whole number"),
        ("startpoints: {orders: {offsets: {a: 1}}}", "3:34", "startpoints.orders.offsets.a: 'a' is not a whole number -> None"),
        ("startpoints: {orders: {timestamp: 2026-01-01T00:00:00}}", "3:35", "startpoints.orders.timestamp: '2026-01-01T00:00:00' has no time zone -> end it with 'Z' for UTC, or with an offset such as '+02:00'"),
        ("startpoints: {orders: {timestamp: 1700000000}}", "3:35", "startpoints.orders.timestamp: '1700000000' is not a time -> write for instance '2026-01-31T12:00:00Z'"),
        ("startpoints: {orders: {start: latest, untl: latest}}", "3:39", "unknown key 'untl' in 'startpoints.orders' -> did you mean 'until'?"),
        ("startpoints: {orders: {offset: 3}}", "3:23", "startpoints.orders: 'offset' is one partition's -> write 'offsets: {PARTITION: OFFSET, ...}' here"),
        ("startpoints: {orders: {start: {grop: x}}}", "3:31", "startpoints.orders.start: a start is 'earliest', 'latest' or a mapping with one of timestamp, before_now, offsets, group, deployment, savepoint -> did you mean 'group'?"),
        ("startpoints: {orders: {until: earliest}}", "3:31", "startpoints.orders.until: an end point is 'latest' or a mapping with one of timestamp, before_now, offsets, group, deployment, savepoint -> use latest"),
        ("startpoints: {orders: {offsets: {0: 1}, until: latest}}", "3:23", "startpoints.orders: 'offsets' can't stand beside 'until' -> write 'start: {offsets: ...}', and 'until' beside that"),
        ("startpoints: {orders: {partitions: {0: {offset: -1}}}}", "3:49", "startpoints.orders.partitions.0.offset: -1 is out of range -> write at least 0"),
        ("startpoints: {orders: {partitions: {0: {offst: 1}}}}", "3:40", "startpoints.orders.partitions.0: a partition's start is 'earliest', 'latest' or a mapping with one of timestamp, before_now, offset, group, deployment, savepoint -> did you mean 'offset'?"),
        ("startpoints: {orders: {deployment: a, verson: 1}}", "3:39", "unknown key 'verson' in 'startpoints.orders' -> did you mean 'version'?"),
        ("startpoints: {orders: {timestamp: '20260131'}}", "3:35", "startpoints.orders.timestamp: '20260131' is not a time -> write for instance '2026-01-31T12:00:00Z'"),
        ("startpoints: {orders: {timestamp: '9999-12-31T23:59:59-05:00'}}", "3:35", "startpoints.orders.timestamp: '9999-12-31T23:59:59-05:00' is not within the years 1 to 9999 -> write a time that is"),
        ("startpoints: {orders: {start: latest, expires: 20260131}}", "3:48", "startpoints.orders.expires: '20260131' is not a time -> write for instance '2026-01-31T12:00:00Z'"),
        ("startpoints: {orders: {start: latest, expires: soon}}", "3:48", "startpoints.orders.expires: 'soon' is not a time, for instance '2026-01-31T12:00:00Z' -> write a time, for instance '2026-01-31T12:00:00Z'"),
        ("startpoints: {orders: {exclude: {0: x}}}", "3:37", "startpoints.orders.exclude.0: 'x' is no offset and no range of them -> write 120000, 120000-120004, 120000- or all"),
        ("state: {ttl: true}", "3:14", "state.ttl: true is not a duration -> write for instance '10 min' or 'PT10M'"),
        ("checkpointing: {min_pause: false}", "3:28", "checkpointing.min_pause: false is not a duration -> write for instance '10 min' or 'PT10M'"),
        ("startpoints: {orders: {exclude: {0: true}}}", "3:37", "startpoints.orders.exclude.0: true is no offset and no range of them -> write 120000, 120000-120004, 120000- or all"),
        ("startpoints: {orders: {exclude: {0: [1, 7-5]}}}", "3:41", "startpoints.orders.exclude.0[1]: the range 7-5 ends before it begins -> write 5-7"),
        ("startpoints: {ordrs: latest}", "3:15", "there is no source 'ordrs' to start -> did you mean 'orders'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_where_and_what_to_write(disk, text, place, expected):
    disk.write("jobs/paid.yaml", HEAD + text + "\n")
    assert disk.problems() == {f"jobs/paid.yaml:{place}": expected}


def test_a_misspelt_key_is_not_missing_besides(disk):
    disk.write("jobs/paid.yaml", "join: paid\nsnik: enriched\n")
    assert disk.problems() == {"jobs/paid.yaml:2:1": "unknown key 'snik' -> did you mean 'sink'?"}


def test_what_two_keys_say_together_is_told_beside_what_each_says(disk):
    disk.write("jobs/paid.yaml", HEAD + "parallelism: 200\nstate: {backend: rocks}\n")
    assert disk.problems() == {
        "jobs/paid.yaml:3:14": "the parallelism 200 is more than the max_parallelism 128 -> raise max_parallelism (it can't be changed later without losing the state)",
        "jobs/paid.yaml:4:18": "state.backend: 'rocks' is not a valid value -> did you mean 'rocksdb'?",
    }


def test_a_key_that_is_wrong_by_itself_is_compared_with_no_other(disk):
    disk.write("jobs/paid.yaml", HEAD + "parallelism: 200\nmax_parallelism: many\n")
    assert disk.problems() == {
        "jobs/paid.yaml:4:18": "max_parallelism: 'many' is not a whole number -> write a whole number"
    }


def test_missing_keys(disk):
    disk.write("jobs/paid.yaml", "description: x\n")
    assert disk.problems() == {"jobs/paid.yaml:1:1": "the key 'sink' is missing -> add it"}


def test_every_notation_of_a_startpoint_is_read(disk):
    disk.write(
        "jobs/paid.yaml",
        HEAD + "startpoints:\n  orders: {timestamp: 2026-01-01T00:00:00Z}\n  payments: {offsets: {0: 7}}\n"
        "options: {pipeline.object-reuse: true, a: 1}\nsilence:\n  - rule: x\n    reason: measured twice\n",
    )
    job = load_project(disk.root).jobs["paid"].job
    assert job.startpoints["orders"].start == AtTimestamp(timestamp=datetime(2026, 1, 1, tzinfo=timezone.utc))
    assert job.startpoints["payments"].start == AtOffsets(offsets={0: 7})
    assert job.options == {"pipeline.object-reuse": "true", "a": "1"}
    assert job.silence[0].reason == "measured twice"
