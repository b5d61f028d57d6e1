"""Keys that are hot on both sides of a join, and what comes of them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from tests.unit.capacity.found import found_traffic
from tests.unit.capacity.test_readiness import demand, outcomes
from tests.unit.capacity.test_written import TRAFFIC, plan
from tests.unit.verdicts.test_chains import join, scan

from juncture.capacity.costs import PACKAGED, PAIR, Load
from juncture.capacity.course import Course, Seen
from juncture.capacity.demand import figures
from juncture.capacity.fit import written_in
from juncture.capacity.hotkeys import find_keys
from juncture.capacity.hotrows import hot_figures, hot_key_checks
from juncture.capacity.job import Job
from juncture.capacity.rates import Rates
from juncture.capacity.rowsizes import RowSizes, Samples
from juncture.capacity.run import Extent, Run
from juncture.capacity.samples import Sample
from juncture.capacity.written import written_of
from juncture.model.figures import Figure, Range
from juncture.model.flow import Flow
from juncture.model.plan import CompiledPlan
from juncture.model.traffic import HotKey, HotRows, Traffic, Written
from juncture.planner.plan import read_plan

Row = dict[str, Any]


def sample(table: str, hot: int, of: int = 100, key: str | None = "hot", seconds: float = 1_000) -> list[Row]:
    """So many rows with a key, in between others that come once, over some time."""
    every = max(of // hot, 1) if hot else of + 1
    rows = []
    for number in range(of):
        own = key if number % every == 0 and number // every < hot else f"{table}-{number}"
        at = number * seconds / of
        moment = f"2026-03-01T{int(at // 3600):02}:{int(at // 60) % 60:02}:{int(at) % 60:02}Z"
        rows.append({f"{table}_id": own, f"{table}_at": moment})
    return rows


def samples(left: int, right: int, **more: Any) -> Samples:
    return {"requests": sample("requests", left, **more), "views": sample("views", right, **more)}


def in_one_place(of: Samples) -> dict[str, Sample]:
    return {table: Sample([rows]) for table, rows in of.items()}


def found(of: Samples, over: CompiledPlan | None = None) -> tuple[HotKey, ...]:
    flow = Flow(over or plan("INNER"), lambda table: False)
    return next(iter(find_keys(flow, in_one_place(of)).hot.values()), ())


def hot_rows(
    of: Samples, over: CompiledPlan | None = None, window: int | None = None, within: float | None = None
) -> tuple[HotRows, ...]:
    flow = Flow(over or plan("INNER"), lambda table: False)
    return Rates(flow, TRAFFIC, find_keys(flow, in_one_place(of)).hot, window, within).hot_rows()


@pytest.mark.parametrize(
    ("left", "right", "of", "known"),
    [
        (10, 10, 100, 1),
        (9, 10, 100, 0),
        (10, 9, 100, 0),
        (20, 20, 2_000, 1),
        (20, 19, 2_000, 0),
        (50, 0, 100, 0),
    ],
)
def test_a_key_with_a_large_share_of_both_sides(left: int, right: int, of: int, known: int) -> None:
    assert len(found(samples(left, right, of=of))) == known


def test_keys_that_come_once_are_none_and_leave_all_as_it_was() -> None:
    assert found(samples(0, 0)) == ()
    (plain,) = written_of(plan("INNER"), TRAFFIC, RowSizes(plan("INNER"), samples(0, 0)))
    assert (plain.rate, plain.paired) == (Range(low=15, expected=30, high=100), Range.exactly(0))
    load = Load("event-hashmap", 1, Range.exactly(500), Range.exactly(0), 0.3, Range.exactly(500))
    assert "hot" not in PACKAGED.micros(load).formula


def test_null_meets_nothing() -> None:
    assert found(samples(50, 50, key=None)) == ()


def test_rows_are_the_product_of_both_sides_and_the_bounds() -> None:
    (rows,) = hot_rows(samples(50, 20))
    # 50 % of 100 records/s, 20 % of 30 records/s, 600 s.
    assert rows.rate.expected == pytest.approx(50 * 6 * 600)
    assert rows.others == 30
    assert rows.rate.low < rows.rate.expected < rows.rate.high
    assert (rows.key, rows.columns, rows.shares) == ("hot", "requests_id", (0.5, 0.2))
    assert (
        rows.formula
        == "50 % of 100.0 records/s (requests) * 20 % of 30.0 records/s (views) * 600.0 s of the bounds"
    )
    (wider,) = hot_rows(samples(50, 20), window=1_200_000)
    assert wider.rate.expected == pytest.approx(2 * rows.rate.expected)
    (run,) = hot_rows(samples(50, 20), within=60_000)
    assert run.rate.expected == pytest.approx(rows.rate.expected / 10)


def test_they_are_among_the_rows_that_are_written() -> None:
    keys = find_keys(Flow(plan("LEFT"), lambda table: False), in_one_place(samples(50, 20))).hot
    for kind, others in (("INNER", 30), ("LEFT", 100)):
        (written,) = written_of(plan(kind), TRAFFIC, RowSizes(plan(kind), samples(50, 20)), hot=keys)
        assert written.paired.expected == pytest.approx(180_000)
        assert written.rate.expected == pytest.approx(180_000 + others)
    for kind in ("SEMI", "ANTI"):
        assert (
            written_of(plan(kind), TRAFFIC, RowSizes(plan(kind), samples(50, 20)), hot=keys)[0].paired.high
            == 0
        )


def test_at_the_least_it_goes_on_for_as_long_as_it_was_seen() -> None:
    (short,) = hot_rows(samples(50, 50, seconds=100))
    (long,) = hot_rows(samples(50, 50, seconds=6_000))
    assert short.rate.low == pytest.approx(long.rate.low * 98 / 600, rel=0.02)
    assert short.rate.expected == long.rate.expected


@pytest.mark.parametrize(("last", "passing"), [(498, True), (500, False)])
def test_one_that_came_for_less_than_half_the_time_is_taken_to_pass(last: int, passing: bool) -> None:
    def rows(table: str) -> list[Row]:
        hot = [0, *range(490, 498), last]
        moments = [f"2026-03-01T00:{at // 60:02}:{at % 60:02}Z" for at in (*hot, 1_000)]
        keys = ["hot"] * len(hot) + [f"{table} alone"]
        return [{f"{table}_id": key, f"{table}_at": at} for key, at in zip(keys, moments, strict=True)]

    of = {table: rows(table) for table in ("requests", "views")}
    (key,) = found(of)
    assert (key.passing, key.seen) == (passing, last * 1_000)
    (made,) = hot_rows(of)
    assert made.rate.expected == pytest.approx(3_000 * (10 / 11) ** 2 * (last if passing else 600))


def regular(*ttls: str, condition: Row | None = None, kind: str = "INNER") -> CompiledPlan:
    requests, views = scan(1, "requests"), scan(2, "views")
    joined = join(3, kind, (0, 0), requests, views)
    spec = {**joined.pop("intervalJoinSpec")["joinSpec"], "nonEquiCondition": condition}
    states = [{"index": number, "ttl": ttl, "name": "s"} for number, ttl in enumerate(ttls)]
    joined |= {"type": "stream-exec-join_1", "joinSpec": spec, "state": states}
    edges = [{"source": source, "target": 3} for source in (1, 2)]
    return read_plan(json.dumps({"flinkVersion": "2.3", "nodes": [requests, views, joined], "edges": edges}))


def test_joins_of_which_no_state_is_told_write_rows_too() -> None:
    requests, views = scan(1, "requests"), scan(2, "views")
    joined = join(3, "INNER", (0, 0), requests, views)
    joined |= {"type": "stream-exec-window-join_1", "joinSpec": joined.pop("intervalJoinSpec")["joinSpec"]}
    edges = [{"source": source, "target": 3} for source in (1, 2)]
    windowed = read_plan(
        json.dumps({"flinkVersion": "2.3", "nodes": [requests, views, joined], "edges": edges})
    )
    flow = Flow(windowed, lambda table: False)
    assert Rates(flow, TRAFFIC).out_of(windowed.nodes[2]).all.expected > 0


def test_a_regular_join_meets_what_both_sides_keep() -> None:
    (rows,) = hot_rows(samples(50, 20), regular("60000 ms", "30000 ms"))
    assert rows.rate.expected == pytest.approx(50 * 6 * 90)
    # No event time tells for how long the key came: it may be over.
    assert rows.rate.low == 0
    assert rows.growth is None


def filtered(condition: Row) -> CompiledPlan:
    """The views are filtered before they are joined."""
    requests, views = scan(1, "requests"), scan(2, "views")
    calc = {
        "id": 5, "type": "stream-exec-calc_1", "outputType": views["outputType"], "condition": condition,
        "projection": [{"kind": "INPUT_REF", "inputIndex": index} for index in range(2)],
    }  # fmt: skip
    joined = join(3, "INNER", (600_000, 0), requests, views)
    edges = [{"source": source, "target": target} for source, target in ((1, 3), (2, 5), (5, 3))]
    nodes = [requests, views, calc, joined]
    return read_plan(json.dumps({"flinkVersion": "2.3", "nodes": nodes, "edges": edges}))


def call(name: str, *more: Row) -> Row:
    return {
        "kind": "CALL",
        "internalName": f"${name}$1",
        "operands": [{"kind": "INPUT_REF", "inputIndex": 0}, *more],
    }


def not_in(*values: str) -> Row:
    ends = [{"value": value, "boundType": "OPEN"} for value in values]
    ranges = [{"upper": ends[0]}, *({"lower": a, "upper": b} for a, b in pairwise(ends))]
    return call("SEARCH", {"kind": "LITERAL", "sarg": {"ranges": [*ranges, {"lower": ends[-1]}]}})


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (call("<>", {"kind": "LITERAL", "value": "hot"}), None),
        (not_in("cold", "hot"), None),
        (not_in("cold", "warm"), True),
        (call("<>", {"kind": "LITERAL", "value": "cold"}), True),
        (call("IS NOT NULL"), False),
    ],
)
def test_a_filter_before_the_join(condition: Row, told: bool | None) -> None:
    hot = found(samples(50, 50), filtered(condition))
    assert [each.filtered for each in hot] == ([] if told is None else [told])
    least = [each.rate.low for each in hot_rows(samples(50, 50), filtered(condition))]
    assert [each == 0 for each in least] == [each.filtered for each in hot]


def test_an_input_that_is_updated_has_one_row_of_a_key() -> None:
    assert (
        find_keys(Flow(plan("INNER"), lambda table: table == "views"), in_one_place(samples(50, 50))).hot
        == {}
    )


@pytest.mark.parametrize(("passed", "pairs"), [(60_000, 0.5 * 1_200 * 0.2 * 1_200), (0, 0)])
def test_what_a_run_would_write_is_of_its_own_event_time(passed: float, pairs: float) -> None:
    flow = Flow(plan("INNER"), lambda table: False)
    keys = find_keys(flow, in_one_place(samples(50, 20))).hot

    def written(of: tuple[Traffic, ...], within: float) -> tuple[Written, ...]:
        by_table = {each.table: each for each in of}
        return written_of(plan("INNER"), by_table, RowSizes(plan("INNER"), {}), hot=keys, within=within)

    seen = Seen(1_000.0, 1.0, {"requests": 1_200, "views": 1_200})
    extent = Extent(first=0, last=passed, records=1_200)
    run = Run(Course([seen], ()), {"requests": extent, "views": extent})
    (found,) = written_in(run, tuple(TRAFFIC.values()), written)
    assert found.paired.expected == pytest.approx(pairs)
    assert found.rate.expected == pytest.approx(pairs + 1_200)


def needs(more: float) -> dict[str, Figure]:
    """Of a join with so many rows a second of one hot key."""
    rows = Range.exactly(more)
    job = Job(2, "hashmap", True, joins=1, exchanges=2, interval=10_000, backlog=0)
    (written,) = written_of(plan("INNER"), TRAFFIC, RowSizes(plan("INNER"), {}))
    written = written.model_copy(update={"rate": written.rate + rows, "paired": rows})
    traffic = [found_traffic("requests", 100), found_traffic("views", 30)]
    return {each.name: each for each in figures(job, traffic, [], [written])}


def test_each_row_costs_cpu_and_is_sent() -> None:
    none, many = needs(0), needs(130 * 257)
    cpu = [each["CPU a record"].value for each in (none, many)]
    assert cpu[1].expected - cpu[0].expected == pytest.approx(257 * PAIR.expected)
    # What was measured where a record had so many rows.
    assert cpu[1].low < 11_350 < cpu[1].high
    assert many["highest rate"].value.high < none["highest rate"].value.high / 100
    sent = [each["Kafka write"].value.expected for each in (none, many)]
    assert sent[1] == pytest.approx(sent[0] * (1 + 130 * 257 / 30))


def rows_of(least: float, expected: float, filtered: bool = False) -> HotRows:
    return HotRows(
        operator="a join", columns="ad_id", key="hot", condition="ad_id <> 'hot'", filtered=filtered,
        sides=("l", "r"), shares=(0.9, 0.9),
        rate=Range(low=least, expected=expected, high=expected), others=100, formula="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("least", "expected", "outcome"),
    [(0, 100, None), (0, 101, "warned"), (90_909, 100_000, "warned"), (90_910, 100_000, "failed")],
)
def test_a_check_tells_of_the_key(least: float, expected: float, outcome: str | None) -> None:
    told = [each.outcome for each in hot_key_checks([rows_of(least, expected)])]
    assert told == ([outcome] if outcome else [])


def test_the_check_names_the_key_its_shares_its_rows_and_the_mend() -> None:
    (check,) = hot_key_checks([rows_of(0, 12_345)])
    for text in ("'hot' is the key (ad_id)", "90 % of l", "90 % of r", "12,345 rows/s"):
        assert text in check.message
    assert check.remedy is not None
    for text in ("a further column", "WHERE ad_id <> 'hot'", "deduplicate"):
        assert text in check.remedy
    assert "hot-keys" not in outcomes(demand())
    (unsure,) = hot_key_checks([rows_of(0, 12_345, filtered=True)])
    assert unsure.message == f"{check.message}; a filter before the join reads the key, and may leave it out"


def test_many_keys_are_told_in_short() -> None:
    def few(number: int) -> list[HotRows]:
        return [rows_of(0, 10 + each).model_copy(update={"key": str(each)}) for each in range(number)]

    assert [each.name for each in hot_figures(few(3))] == [
        f"rows of the key '{each}' in a join" for each in (2, 1, 0)
    ]
    (*_, rest) = hot_figures(few(5))
    assert (rest.name, rest.value.expected) == ("rows of 2 further hot keys", 21)
    # Together they give more rows than all keys would, which are 100.
    assert len(list(hot_key_checks(few(7)))) == 0
    told = list(hot_key_checks(few(8)))
    assert [each.message.split()[0] for each in told] == ["'7'", "'6'", "'5'", "5"]
    assert told[-1].message == "5 further keys give 60 rows/s expected, each of them fewer"


def test_a_key_is_told_in_what_can_be_printed() -> None:
    (key,) = found(samples(50, 50, key="o'hare\x1b[2J\n" + "x" * 100))
    assert key.key == "o'hare?[2J?" + "x" * 49
    assert key.condition == "", "SQL with a part of it would leave out other keys"
    (key,) = found(samples(50, 50, key="o'hare"))
    assert key.condition == "`requests_id` <> 'o''hare'"


@pytest.mark.parametrize(
    ("kind", "value"), [("BIGINT NOT NULL", "7"), ("DECIMAL(10, 2)", "7"), ("CHAR(1)", "'7'")]
)
def test_a_number_is_compared_with_a_number(kind: str, value: str) -> None:
    over = read_plan(plan("INNER").text.replace("_id` VARCHAR(10)", f"_id` {kind}"))
    (key,) = found(samples(50, 50, key="7"), over)
    assert key.condition == f"`requests_id` <> {value}"
