"""Generated streams through Flink's joins and Juncture's operator, both in Flink's harness, and DuckDB."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.cluster.operator_classes import java_command

from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.operators import operator_jar

START = 1_000_000
EXISTENCE = ("SEMI", "ANTI")
NEVER, END = -(2**63), 2**63 - 1
SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

Step = list[Any]
Compare = Callable[["Case | Chain"], dict[str, list[str]]]


@dataclass(frozen=True)
class Case:
    """A join, left.time BETWEEN right.time + lower AND right.time + upper, and what happens to it."""

    kind: str
    lower: int
    upper: int
    nulls_match: bool
    backend: str
    steps: tuple[Step, ...]

    @property
    def request(self) -> str:
        return json.dumps(vars(self), default=list)


@dataclass(frozen=True)
class Chain:
    """Joins one behind the other, each with bounds on the first input's time, and what happens to them."""

    links: tuple[dict[str, Any], ...]
    backend: str
    steps: tuple[Step, ...]

    @property
    def request(self) -> str:
        return json.dumps(vars(self), default=list)


KEYS = ["a", "b", "c", None]


def rows(side: str, *keys: str | None) -> st.SearchStrategy[Step]:
    return st.tuples(
        st.just(side), st.sampled_from(keys or KEYS), st.integers(0, 12), st.sampled_from(["t", "u", "x"])
    ).map(list)


# Times and bounds are in units of the case. At a unit, or a millisecond before it.
WATERMARK = st.tuples(st.integers(0, 16), st.sampled_from([-1, 0]))
RESTORE = st.tuples(st.just("restore"), st.integers(1, 3)).map(list)
ROW = st.one_of(rows("left"), rows("right"))


def around_a_restore(key: str | None) -> st.SearchStrategy[tuple[Step, ...]]:
    """Rows of a key before and after one, and a watermark in between that may rule the latter out."""
    row = st.one_of(rows("left", key), rows("right", key))
    return st.tuples(row, row, WATERMARK.map(lambda at: ["watermark", at, at]), RESTORE, row, row)


STEPS = st.lists(
    st.one_of(
        st.lists(ROW, min_size=1, max_size=6),
        st.lists(ROW, min_size=1, max_size=6),
        st.tuples(st.tuples(st.just("watermark"), WATERMARK, WATERMARK).map(list)),
        st.tuples(st.tuples(st.just("idle"), st.booleans(), st.booleans()).map(list)),
        st.sampled_from(KEYS).flatmap(around_a_restore),
        st.tuples(RESTORE),
    ),
    min_size=4,
    max_size=12,
).map(lambda groups: [step for group in groups for step in group])


def timed(step: Step, unit: int) -> Step:
    if step[0] in ("left", "right"):
        return [*step[:2], START + unit * step[2], step[3]]
    if step[0] == "watermark":
        return [step[0], *(START + unit * number + offset for number, offset in step[1:])]
    return step


def completed(steps: list[Step], late: bool) -> tuple[Step, ...]:
    """Steps whose watermarks rule no later row out unless rows may be late; both inputs come to an end."""
    done: list[Step] = []
    for number, step in enumerate(steps):
        if step[0] == "watermark":
            ahead = [other[2] for other in steps[number:] if other[0] in ("left", "right")]
            bound = END if late or not ahead else min(ahead) - 1
            left, right = min(step[1], bound), min(step[2], bound)
            done.append(["watermark", left, right])
        else:
            done.append(step)
    return (*done, ["idle", True, False], ["idle", False, False], ["watermark", END, END])


def in_order(steps: list[Step]) -> list[Step]:
    """The same, but that the rows of one side and key come in the order of their times."""
    times: dict[tuple[str, str | None], list[int]] = {}
    for step in steps:
        if step[0] in ("left", "right"):
            heappush(times.setdefault((step[0], step[1]), []), step[2])
    return [
        [*step[:2], heappop(times[step[0], step[1]]), step[3]] if step[0] in ("left", "right") else step
        for step in steps
    ]


@st.composite
def cases(draw: st.DrawFn, late: bool, backend: str, ordered: bool = False) -> Case:
    # Buckets are of a second: all times share one, or few do.
    unit = draw(st.sampled_from([50, 500]))
    lower = draw(st.integers(-4, 2))
    steps = [timed(step, unit) for step in draw(STEPS)]
    return Case(
        kind=draw(st.sampled_from(["INNER", "LEFT", "RIGHT", "FULL", *EXISTENCE])),
        lower=lower * unit,
        upper=draw(st.integers(lower, 4)) * unit,
        nulls_match=draw(st.booleans()),
        backend=backend,
        steps=completed(in_order(steps) if ordered else steps, late),
    )


def arrivals(case: Case) -> list[tuple[int, str, str | None, int, str, int]]:
    """The rows and restores, each with the watermark when it came, as Flink combines those of both inputs."""
    seen, combined, found = [NEVER, NEVER], NEVER, []
    idle = [False, False]
    for number, step in enumerate(case.steps):
        if step[0] in ("left", "right"):
            found.append((number, step[0], step[1], step[2], step[3], max(0, combined)))
        elif step[0] == "restore":
            found.append((number, "restore", None, 0, "", combined))
            seen, combined, idle = [NEVER, NEVER], NEVER, [False, False]
        elif step[0] == "idle":
            idle[0 if step[1] else 1] = step[2]
        elif step[0] == "watermark":
            for side in (0, 1):
                if not idle[side]:
                    seen[side] = max(seen[side], step[1 + side])
        active = [seen[side] for side in (0, 1) if not idle[side]]
        combined = max(combined, min(active)) if active else combined
    return found


def expected(case: Case) -> list[str]:
    """What comes out, by DuckDB: a row is kept, and joined, until its side's bound after its time has passed.

    It was passed for good, whatever the watermark is after a restore.
    """
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE r (n INT, side TEXT, k TEXT, t BIGINT, text TEXT, w BIGINT)")
        if found := arrivals(case):
            connection.executemany("INSERT INTO r VALUES (?, ?, ?, ?, ?, ?)", found)
        equal = "l.k IS NOT DISTINCT FROM o.k" if case.nulls_match else "l.k = o.k"
        connection.execute(
            f"""
            CREATE TABLE sides AS SELECT *, w < t + if(side = 'left', {-case.lower}, {case.upper}) AS kept,
                t + if(side = 'left', {-case.lower}, {case.upper}) AS until FROM r WHERE side <> 'restore';
            CREATE TABLE pairs AS SELECT l.n AS ln, o.n AS rn FROM sides l JOIN sides o
                ON l.side = 'left' AND o.side = 'right' AND {equal}
                AND l.t BETWEEN o.t + ({case.lower}) AND o.t + ({case.upper})
                AND NOT (l.text = 'x' AND o.text = 'x')
                AND if(l.n < o.n, l.kept AND o.w <= l.until, o.kept AND l.w <= o.until)
                AND NOT EXISTS (FROM r WHERE side = 'restore' AND r.n BETWEEN least(l.n, o.n) AND greatest(l.n, o.n)
                    AND r.w > if(l.n < o.n, l.until, o.until))
            """
        )
        text = "coalesce({0}.k, 'null') || ' ' || {0}.t || ' ' || {0}.text"
        parts = [
            f"SELECT '+I ' || {text.format('l')} || ' ' || {text.format('o')} FROM pairs"
            " JOIN r l ON l.n = ln JOIN r o ON o.n = rn"
        ]
        if case.kind in EXISTENCE:
            negated = "NOT " if case.kind == "ANTI" else ""
            parts = [
                f"SELECT '+I ' || {text.format('r')} FROM r"
                f" WHERE side = 'left' AND n {negated}IN (SELECT ln FROM pairs)"
            ]
        if case.kind in ("LEFT", "FULL"):
            parts.append(
                f"SELECT '+I ' || {text.format('r')} || ' null null null' FROM r"
                " WHERE side = 'left' AND n NOT IN (SELECT ln FROM pairs)"
            )
        if case.kind in ("RIGHT", "FULL"):
            parts.append(
                f"SELECT '+I null null null ' || {text.format('r')} FROM r"
                " WHERE side = 'right' AND n NOT IN (SELECT rn FROM pairs)"
            )
        return sorted(row[0] for row in connection.execute(" UNION ALL ".join(parts)).fetchall())


@pytest.fixture(scope="module")
def compare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compare]:
    jar = operator_jar(find_java(), JarCache())
    folder = tmp_path_factory.mktemp("streams")
    command = java_command(jar, folder / "classes", ["juncture.join.StreamServer"])
    with (
        (folder / "errors").open("w") as errors,
        subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None

        requests, answers = server.stdin, server.stdout

        def compare(case: Case | Chain) -> dict[str, list[str]]:
            requests.write(case.request + "\n")
            requests.flush()
            answer = answers.readline()
            assert answer, (folder / "errors").read_text()[-3000:]
            return {form: sorted(found) for form, found in json.loads(answer).items()}

        yield compare
        requests.close()


@settings(SETTINGS, max_examples=40)
@given(case=cases(late=False, backend="hashmap"))
def test_rows_in_time_are_joined_alike_by_all_three(compare: Compare, case: Case) -> None:
    found = compare(case)
    assert found["operator"] == expected(case)
    assert found["flink"] == found["operator"]


@settings(SETTINGS, max_examples=45)
@given(case=cases(late=True, backend="hashmap", ordered=True))
def test_late_rows_are_joined_alike_where_those_of_a_key_come_in_order(compare: Compare, case: Case) -> None:
    found = compare(case)
    assert found["operator"] == expected(case)
    # The timer of a key is then that of the row that ends first. Flink keeps those of EXISTS, whatever their times.
    assert case.kind in EXISTENCE or found["flink"] == found["operator"]


@settings(SETTINGS, max_examples=45)
@given(case=cases(late=True, backend="hashmap"))
def test_late_rows_join_what_is_not_expired(compare: Compare, case: Case) -> None:
    found = compare(case)
    assert found["operator"] == expected(case)
    if case.kind == "INNER":
        # Flink's joins what it has yet to clean up, too.
        left = list(found["flink"])
        for row in found["operator"]:
            left.remove(row)


@settings(SETTINGS, max_examples=10)
@given(case=cases(late=True, backend="rocksdb", ordered=True))
def test_rows_on_rocksdb_are_joined_alike(compare: Compare, case: Case) -> None:
    found = compare(case)
    assert found["operator"] == expected(case)
    assert case.kind in EXISTENCE or found["flink"] == found["operator"]


@st.composite
def chains(draw: st.DrawFn, backend: str) -> Chain:
    """Two or three joins, and rows of which none is late: a watermark is below all that come after it."""
    links: list[dict[str, Any]] = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "kind": st.sampled_from(["INNER", "LEFT"]),
                    "bounds": st.tuples(st.integers(-4, 3), st.integers(0, 4)),
                    "nulls_match": st.booleans(),
                }
            ),
            min_size=2,
            max_size=3,
        )
    )
    inputs = st.integers(0, len(links))
    row = st.tuples(
        st.just("row"), inputs, st.sampled_from(["a", "b", None]), st.integers(0, 8), st.sampled_from("tx")
    )
    watermark = st.tuples(st.just("watermark"), inputs, WATERMARK)
    run = st.lists(st.one_of(row, row, row, row, watermark), min_size=4, max_size=20)
    # A restore takes longer than all else.
    steps: list[Any] = [*draw(run), *draw(st.lists(RESTORE, max_size=1)), *draw(run)]
    unit = draw(st.sampled_from([50, 500]))
    done: list[Step] = []
    for number, step in enumerate(steps):
        if step[0] == "row":
            done.append([*step[:3], START + unit * step[3], step[4]])
        elif step[0] == "watermark":
            ahead = [START + unit * other[3] for other in steps[number:] if other[0] == "row"]
            done.append([*step[:2], min([START + unit * step[2][0] + step[2][1], *(at - 1 for at in ahead)])])
        else:
            done.append(list(step))
    done += [["watermark", number, END] for number in range(len(links) + 1)]
    made = []
    for link in links:
        lower, width = link.pop("bounds")
        made.append({**link, "lower": lower * unit, "upper": (lower + width) * unit})
    return Chain(tuple(made), backend, tuple(done))


def expected_of(chain: Chain) -> list[str]:
    """What comes out, by DuckDB, of joins that know no time but that in their bounds."""
    joins, columns = [], ["coalesce(r0.k, 'null')", "r0.t", "r0.text"]
    for number, link in enumerate(chain.links, start=1):
        row = f"r{number}"
        equal = f"r0.k IS NOT DISTINCT FROM {row}.k" if link["nulls_match"] else f"r0.k = {row}.k"
        joins.append(
            f"{link['kind']} JOIN (FROM r WHERE input = {number}) {row} ON {equal}"
            f" AND r0.t BETWEEN {row}.t + ({link['lower']}) AND {row}.t + ({link['upper']})"
            f" AND NOT (r0.text = 'x' AND {row}.text = 'x')"
        )
        # Each join but the last drops its own key.
        names = ("k", "t", "text") if number == len(chain.links) else ("t", "text")
        columns += [f"coalesce({row}.{name}::TEXT, 'null')" for name in names]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE r (input INT, k TEXT, t BIGINT, text TEXT)")
        if rows := [step[1:] for step in chain.steps if step[0] == "row"]:
            connection.executemany("INSERT INTO r VALUES (?, ?, ?, ?)", rows)
        text = " || ' ' || ".join(columns)
        query = f"SELECT '+I ' || {text} FROM (FROM r WHERE input = 0) r0 {' '.join(joins)}"
        return sorted(row[0] for row in connection.execute(query).fetchall())


@settings(SETTINGS, max_examples=30, phases=(Phase.generate,))
@given(chain=chains(backend="hashmap"))
def test_a_chain_as_one_operator_gives_the_rows_of_joins_one_behind_the_other(
    compare: Compare, chain: Chain
) -> None:
    found = compare(chain)
    assert found["operator"] == expected_of(chain)
    assert found["flink"] == found["operator"]
