"""Flink and the oracle agree on each kind of query, over rows just inside and just outside of each bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.cluster.joined import case, event, joined_session

from juncture.errors import Location
from juncture.validation.cases.case import Arrival
from juncture.validation.harness.runner import run_case
from juncture.validation.harness.session import WarmSession
from juncture.validation.report.text import failure_lines

# The first test waits until all jobs are compiled.

WITHIN = "AND r.t BETWEEN l.t AND l.t + INTERVAL '10' SECOND"
INTERVAL = f"SELECT l.k, l.n, r.n FROM $l AS l {{}} JOIN $r AS r ON l.k = r.k {WITHIN}"
WINDOWS = {
    "tumble": "TUMBLE(TABLE {}, DESCRIPTOR(t), INTERVAL '10' SECOND)",
    "hop": "HOP(TABLE {}, DESCRIPTOR(t), INTERVAL '5' SECOND, INTERVAL '15' SECOND, INTERVAL '2' SECOND)",
    "cumulate": "CUMULATE(TABLE {}, DESCRIPTOR(t), INTERVAL '5' SECOND, INTERVAL '20' SECOND)",
}
WINDOW_JOIN = """SELECT COALESCE(l.window_start, r.window_start), l.n, r.n FROM (SELECT * FROM TABLE({})) AS l
    {} JOIN (SELECT * FROM TABLE({})) AS r
    ON l.k = r.k AND l.window_start = r.window_start AND l.window_end = r.window_end"""

PAIR = "k STRING, m INT, n INT"
IN_WINDOW = "w TIMESTAMP(3), m INT, n INT"
ROW = "k STRING, n INT, PRIMARY KEY (n) NOT ENFORCED"
UPSERTED = "k STRING, m INT, n INT, PRIMARY KEY (m, n) NOT ENFORCED"


def _window_join(function: str, kind: str = "INNER") -> str:
    window = WINDOWS[function]
    return WINDOW_JOIN.format(window.format("$l "), kind, window.format("$r "))


def _ranked(order: str, condition: str, over: str = "$l ", by: str = "k") -> str:
    number = f"ROW_NUMBER() OVER (PARTITION BY {by} ORDER BY {order}) AS rn"
    return f"SELECT COALESCE(k, 'none'), n FROM (SELECT *, {number} FROM {over}) WHERE {condition}"


KINDS = {
    # Plain interval joins of each kind are cases of tests/projects/interval_joins, against rows and the oracle's.
    "negative": (
        "SELECT l.k, l.n, r.n FROM $l AS l LEFT JOIN $r AS r ON l.k = r.k"
        " AND l.t > r.t - INTERVAL '5' SECOND AND l.t < r.t - INTERVAL '-10' SECOND",
        PAIR,
    ),
    "null_safe": (INTERVAL.format("FULL OUTER").replace("l.k = r.k", "l.k IS NOT DISTINCT FROM r.k"), PAIR),
    "predicate": (INTERVAL.format("LEFT") + " AND l.n + r.n > 4 AND r.n <> 6", PAIR),
    "chain": (
        f"SELECT l.n, r.n, x.n FROM $l AS l LEFT JOIN $r AS r ON l.k = r.k {WITHIN}"
        " LEFT JOIN $x AS x ON x.k = l.k AND x.t BETWEEN l.t - INTERVAL '5' SECOND AND l.t",
        "m INT, n INT, o INT",
    ),
    "union_": (
        "SELECT l.k, l.n, u.n FROM $l AS l JOIN (SELECT k, n, t FROM $r UNION ALL SELECT k, n, t FROM $x ) AS u"
        " ON l.k = u.k AND u.t BETWEEN l.t AND l.t + INTERVAL '10' SECOND",
        PAIR,
    ),
    "regular": ("SELECT l.k, l.n, r.n FROM $l AS l JOIN $r AS r ON l.k = r.k", PAIR),
    "regular_full": (
        "SELECT COALESCE(l.k, r.k), COALESCE(l.n, -1), COALESCE(r.n, -1)"
        " FROM $l AS l FULL JOIN $r AS r ON l.k = r.k AND l.n >= r.n",
        UPSERTED,
    ),
    "semi": (
        f"SELECT l.k, l.n FROM $l AS l WHERE EXISTS (SELECT 1 FROM $r AS r WHERE l.k = r.k {WITHIN})",
        ROW,
    ),
    "anti": (
        f"SELECT l.k, l.n FROM $l AS l WHERE NOT EXISTS (SELECT 1 FROM $r AS r WHERE l.k = r.k {WITHIN})",
        ROW,
    ),
    "in_": ("SELECT k, n FROM $l WHERE k IN (SELECT k FROM $r )", ROW),
    "not_in": ("SELECT k, n FROM $l WHERE k NOT IN (SELECT k FROM $r )", ROW),
    "anti_by_null": (INTERVAL.format("LEFT").replace("r.n FROM", "l.n FROM") + " WHERE r.n IS NULL", PAIR),
    "temporal": (
        "SELECT l.k, l.n, v.v FROM $l AS l LEFT JOIN $versions FOR SYSTEM_TIME AS OF l.t AS v ON l.k = v.k",
        PAIR,
    ),
    "temporal_inner": (
        "SELECT l.k, l.n, v.v FROM $l AS l JOIN $versions FOR SYSTEM_TIME AS OF l.t AS v ON l.k = v.k AND v.v > 1",
        PAIR,
    ),
    "lookup_of_latest": ("SELECT l.k, l.n, v.v FROM $l AS l JOIN $versions AS v ON l.k = v.k", UPSERTED),
    **{f"window_{name}": (_window_join(name), IN_WINDOW) for name in WINDOWS},
    **{f"window_{kind}": (_window_join("tumble", kind), IN_WINDOW) for kind in ("LEFT", "RIGHT", "FULL")},
    "window_semi": (
        "SELECT k, n FROM (SELECT * FROM TABLE(TUMBLE(TABLE $l , DESCRIPTOR(t), INTERVAL '10' SECOND))) AS l"
        " WHERE EXISTS (SELECT 1 FROM TABLE(TUMBLE(TABLE $r , DESCRIPTOR(t), INTERVAL '10' SECOND)) AS r"
        " WHERE l.k = r.k AND l.window_start = r.window_start AND l.window_end = r.window_end)",
        "k STRING, n INT",
    ),
    "window_count": (
        "SELECT k, window_start, COUNT(*), SUM(n), MIN(n), COUNT(DISTINCT n) FROM TABLE("
        + WINDOWS["hop"].format("$l ")
        + ") GROUP BY k, window_start, window_end",
        "k STRING, w TIMESTAMP(3), c BIGINT, s INT, m INT, d BIGINT",
    ),
    "window_time_zone": (
        "SELECT n, window_start, window_end, window_time"
        " FROM TABLE(TUMBLE(TABLE $l , DESCRIPTOR(t), INTERVAL '1' DAY, INTERVAL '7' HOUR))",
        "n INT, s TIMESTAMP(3), e TIMESTAMP(3), w TIMESTAMP_LTZ(3)",
    ),
    "first": (_ranked("t", "rn = 1"), "k STRING, n INT, PRIMARY KEY (k) NOT ENFORCED"),
    "last": (_ranked("t DESC", "rn = 1"), "k STRING, n INT, PRIMARY KEY (k) NOT ENFORCED"),
    "first_two": (_ranked("t", "rn <= 2"), ROW),
    "last_two": (_ranked("t DESC", "rn < 3"), ROW),
    "highest": (_ranked("n DESC", "rn = 1"), "k STRING, n INT, PRIMARY KEY (k) NOT ENFORCED"),
    "window_last": (
        _ranked(
            "t DESC",
            "rn = 1",
            f"TABLE({WINDOWS['tumble'].format('$l ')})",
            "window_start, window_end, k",
        ),
        "k STRING, n INT",
    ),
    "window_first_two": (
        _ranked("t", "rn <= 2", f"TABLE({WINDOWS['tumble'].format('$l ')})", "window_start, window_end, k"),
        "k STRING, n INT",
    ),
    "count": ("SELECT COUNT(*), SUM(n) FROM $l ", "c BIGINT NOT NULL, s INT, PRIMARY KEY (c) NOT ENFORCED"),
    "count_of_none": (
        "SELECT COUNT(*) FROM $l WHERE n > 1000",
        "c BIGINT NOT NULL, PRIMARY KEY (c) NOT ENFORCED",
    ),
}

EVENTS: tuple[Arrival, ...] = (
    *(event("l", key, number, seconds) for number, (key, seconds) in enumerate((
        ("a", 0), ("a", 10), ("b", 10), (None, 20), ("a", 30), ("a", 30), ("c", 40), ("a", 4.999),
        ("b", 15), ("b", 20), ("b", 19.999), ("d", 12),
    ), 1)),
    *(event("r", key, number, seconds) for number, (key, seconds) in enumerate((
        ("a", 10), ("a", 10.001), ("b", 10), (None, 20), ("a", 20), ("e", 20), ("a", 29.999), ("b", 5),
        ("a", 40), ("a", 40), ("c", 50.001), ("d", 12), ("b", 25),
    ), 1)),
    *(event("x", key, number, seconds) for number, (key, seconds) in enumerate((
        ("a", 0), ("b", 5), ("b", 4.999), (None, 20), ("a", 25), ("a", 30.001),
    ), 1)),
    *(event("versions", key, number, seconds) for number, (key, seconds) in enumerate((
        ("a", 0), ("a", 10), ("b", 11), ("a", 30), ("a", 30), ("c", 40.001),
    ), 1)),
)  # fmt: skip


@pytest.fixture(scope="module")
def session(warm: WarmSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmSession]:
    with joined_session(tmp_path_factory.mktemp("kinds"), warm, KINDS) as session:
        yield session


@pytest.mark.parametrize("kind", KINDS)
def test_flink_and_the_oracle_agree(session: WarmSession, kind: str) -> None:
    read = session.job(kind).rendered
    sources = {each.name for each in read.statements if each.kind == "source"}
    deletion = replace(
        EVENTS[-1], row={"k": "c", "v": None, "t": None}, deletes=True, location=Location("case.yaml", 7)
    )
    events = [each for each in (*EVENTS, deletion) if each.source in sources]
    outcome = run_case(session, case(kind, events))

    assert failure_lines(outcome) == []
    assert outcome.passed
    assert outcome.difference is not None
    assert outcome.difference.expected >= (1 if kind not in ("not_in", "count_of_none") else 0)
