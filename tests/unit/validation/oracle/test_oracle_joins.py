"""Each kind of join against the same join written out in Python, over events drawn at random."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.validation.rendered import Written, records, rendered, time, topic

from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.records import RecordStore

KEYS = st.sampled_from(["a", "b", None])
TIMES = st.integers(0, 40)
LEFT = st.lists(st.tuples(KEYS, TIMES), max_size=8)
RIGHT = st.lists(st.tuples(KEYS, TIMES), max_size=8)
WINDOW = 10

SOURCES = {
    "l": topic("l", "k STRING, n INT, t TIMESTAMP_LTZ(3), WATERMARK FOR t AS t - INTERVAL '1' SECOND"),
    "r": topic("r", "k STRING, n INT, t TIMESTAMP_LTZ(3), WATERMARK FOR t AS t - INTERVAL '1' SECOND"),
}
SINK = topic("out", "k STRING, ln INT, rn INT")
ON = "l.k = r.k AND r.t BETWEEN l.t AND l.t + INTERVAL '10' SECOND"


def rows(job, **topics):
    oracle = Oracle(job)
    with RecordStore() as store:
        for name, written in topics.items():
            store.add(name, written)
        found, _ = oracle.expected(store)
        return sorted(store.connection.execute(f'SELECT * FROM "{found.table}"').fetchall(), key=repr)


def events(drawn):
    return records(*({"k": key, "n": n, "t": time(at)} for n, (key, at) in enumerate(drawn)))


def matches(left, right):
    return [
        (i, j)
        for i, (a, at) in enumerate(left)
        for j, (b, bt) in enumerate(right)
        if a is not None and a == b and at <= bt <= at + WINDOW
    ]


def joined(left, right, keep_left, keep_right):
    pairs = matches(left, right)
    found = [(left[i][0], i, j) for i, j in pairs]
    if keep_left:
        found += [(key, i, None) for i, (key, _) in enumerate(left) if i not in {p[0] for p in pairs}]
    if keep_right:
        found += [(None, None, j) for j in range(len(right)) if j not in {p[1] for p in pairs}]
    return sorted(found, key=repr)


@pytest.mark.parametrize(
    ("kind", "keep_left", "keep_right"),
    [("INNER", False, False), ("LEFT", True, False), ("RIGHT", False, True), ("FULL OUTER", True, True)],
)
@settings(max_examples=12, deadline=None)
@given(left=LEFT, right=RIGHT)
def test_interval_joins(kind, keep_left, keep_right, left, right):
    job = rendered(SOURCES, SINK, f"SELECT l.k, l.n, r.n FROM l {kind} JOIN r ON {ON}")
    assert rows(job, l=events(left), r=events(right)) == joined(left, right, keep_left, keep_right)


@pytest.mark.parametrize(
    ("condition", "semi"),
    [
        (f"EXISTS (SELECT 1 FROM r WHERE {ON})", True),
        (f"NOT EXISTS (SELECT 1 FROM r WHERE {ON})", False),
    ],
)
@settings(max_examples=12, deadline=None)
@given(left=LEFT, right=RIGHT)
def test_semi_and_anti_joins(condition, semi, left, right):
    job = rendered(SOURCES, topic("out", "k STRING, n INT"), f"SELECT l.k, l.n FROM l WHERE {condition}")
    matched = {i for i, _ in matches(left, right)}
    expected = [(key, i) for i, (key, _) in enumerate(left) if (i in matched) == semi]
    assert rows(job, l=events(left), r=events(right)) == sorted(expected, key=repr)


@settings(max_examples=12, deadline=None)
@given(left=LEFT, right=RIGHT)
def test_in_and_not_in_know_null(left, right):
    known = [key for key, _ in right]
    sink = topic("out", "k STRING, n INT")
    inside = rendered(SOURCES, sink, "SELECT k, n FROM l WHERE k IN (SELECT k FROM r)")
    outside = rendered(SOURCES, sink, "SELECT k, n FROM l WHERE k NOT IN (SELECT k FROM r)")
    expected_in = [(key, i) for i, (key, _) in enumerate(left) if key is not None and key in known]
    expected_out = [
        (key, i)
        for i, (key, _) in enumerate(left)
        if not known or (key is not None and None not in known and key not in known)
    ]
    assert rows(inside, l=events(left), r=events(right)) == sorted(expected_in, key=repr)
    assert rows(outside, l=events(left), r=events(right)) == sorted(expected_out, key=repr)


@settings(max_examples=12, deadline=None)
@given(left=LEFT, right=RIGHT, third=RIGHT)
def test_three_topics(left, right, third):
    sources = {**SOURCES, "x": topic("x", "k STRING, n INT, t TIMESTAMP_LTZ(3)")}
    sink = topic("out", "ln INT, rn INT, xn INT")
    select = f"""SELECT l.n, r.n, x.n FROM l LEFT JOIN r ON {ON}
        LEFT JOIN x ON x.k = l.k AND x.t BETWEEN l.t AND l.t + INTERVAL '10' SECOND"""
    first, second = joined(left, right, True, False), joined(left, third, True, False)
    expected = [(i, j, k) for _, i, j in first for _, i2, k in second if i == i2]
    found = rows(rendered(sources, sink, select), l=events(left), r=events(right), x=events(third))
    assert found == sorted(expected, key=repr)


@settings(max_examples=12, deadline=None)
@given(left=LEFT, right=RIGHT)
def test_a_union_of_client_topics_joins_as_one(left, right):
    sources = {**SOURCES, "x": topic("x", "k STRING, n INT, t TIMESTAMP_LTZ(3)")}
    select = f"""WITH clients AS (SELECT k, n, t FROM r UNION ALL SELECT k, n, t FROM x)
        SELECT l.k, l.n, r.n FROM l JOIN clients AS r ON {ON}"""
    half = len(right) // 2
    parts = events(right)
    found = rows(rendered(sources, SINK, select), l=events(left), r=parts[:half], x=parts[half:])
    assert found == joined(left, right, False, False)


VERSIONS = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 40), st.sampled_from(["x", "y", "z"])), max_size=8
)


@settings(max_examples=25, deadline=None)
@given(orders=st.lists(st.tuples(st.integers(1, 3), TIMES), max_size=8), versions=VERSIONS)
def test_temporal_join(orders, versions):
    sources = {
        "o": topic("o", "n INT, u INT, t TIMESTAMP_LTZ(3), WATERMARK FOR t AS t"),
        "u": topic(
            "u",
            "id INT, v STRING, t TIMESTAMP_LTZ(3), PRIMARY KEY (id) NOT ENFORCED, WATERMARK FOR t AS t",
            kind="upsert-kafka",
        ),
    }
    select = "SELECT o.n, u.v FROM o LEFT JOIN u FOR SYSTEM_TIME AS OF o.t AS u ON u.id = o.u"
    expected = []
    for n, (who, at) in enumerate(orders):
        known = [(when, i, v) for i, (key, when, v) in enumerate(versions) if key == who and when <= at]
        expected.append((n, max(known)[2] if known else None))
    found = rows(
        rendered(sources, topic("out", "n INT, v STRING"), select),
        o=records(*({"n": n, "u": who, "t": time(at)} for n, (who, at) in enumerate(orders))),
        u=records(*({"id": key, "v": v, "t": time(at)} for key, at, v in versions), key="id"),
    )
    assert found == sorted(expected, key=repr)


def test_a_changelog_topic_counts_by_its_latest_rows():
    sources = {
        "u": topic("u", "id INT, v STRING, PRIMARY KEY (id) NOT ENFORCED", kind="upsert-kafka"),
        "l": topic("l", "id INT"),
    }
    written = records({"id": 1, "v": "old"}, {"id": 2, "v": "gone"}, {"id": 1, "v": "new"}, key="id")
    written.append(Written(0, 3, 0, json.dumps({"id": 2}).encode(), None))
    job = rendered(sources, topic("out", "v STRING"), "SELECT u.v FROM l JOIN u ON u.id = l.id")
    assert rows(job, u=written, l=records({"id": 1}, {"id": 2}, {"id": 3})) == [("new",)]


def test_a_deletion_does_not_end_a_version_as_flink_does_not_let_it():
    sources = {
        "o": topic("o", "n INT, t TIMESTAMP_LTZ(3)"),
        "u": topic(
            "u",
            "id INT, t TIMESTAMP_LTZ(3), PRIMARY KEY (id) NOT ENFORCED, WATERMARK FOR t AS t",
            kind="upsert-kafka",
        ),
    }
    select = "SELECT o.n, u.id FROM o LEFT JOIN u FOR SYSTEM_TIME AS OF o.t ON u.id = o.n"
    versions = records({"id": 1, "t": time(0)}, key="id")
    versions.append(Written(0, 1, 0, json.dumps({"id": 1}).encode(), None))
    job = rendered(sources, topic("out", "n INT, id INT"), select)
    assert rows(job, o=records({"n": 1, "t": time(5)}), u=versions) == [(1, 1)]


def test_the_star_of_a_temporal_join_holds_the_tables_columns_only():
    sources = {
        "o": topic("o", "n INT, t TIMESTAMP_LTZ(3)"),
        "u": topic(
            "u",
            "id INT, t TIMESTAMP_LTZ(3), PRIMARY KEY (id) NOT ENFORCED, WATERMARK FOR t AS t",
            kind="upsert-kafka",
        ),
    }
    for star, count in (("*", 4), ("u.*", 2), ("o.*, u.id", 3)):
        columns = ", ".join(f"c{i} {'INT' if i % 2 == 0 else 'TIMESTAMP_LTZ(3)'}" for i in range(count))
        select = f"SELECT {star} FROM o JOIN u FOR SYSTEM_TIME AS OF o.t ON u.id = o.n"
        found = rows(
            rendered(sources, topic("out", columns), select),
            o=records({"n": 1, "t": time(5)}),
            u=records({"id": 1, "t": time(0)}, key="id"),
        )
        assert [len(row) for row in found] == [count]
