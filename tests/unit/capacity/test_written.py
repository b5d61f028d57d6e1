"""What comes out of a plan."""

from __future__ import annotations

import json

from tests.unit.capacity.found import found_traffic
from tests.unit.verdicts.test_chains import join, scan

from juncture.capacity.rowsizes import RowSizes, Samples
from juncture.capacity.written import written_of
from juncture.model.figures import Range
from juncture.model.plan import CompiledPlan
from juncture.planner.plan import read_plan


def plan(kind: str) -> CompiledPlan:
    """Requests with their views, each with a key and a time."""
    requests, views = scan(1, "requests"), scan(2, "views")
    joined = join(3, kind, (600_000, 0), requests, views)
    sink = {
        "id": 4,
        "type": "stream-exec-sink_2",
        "dynamicTableSink": {"table": {"identifier": "`default_catalog`.`default_database`.`out`"}},
        "outputType": joined["outputType"],
    }
    edges = [{"source": source, "target": target} for source, target in ((1, 3), (2, 3), (3, 4))]
    nodes = [requests, views, joined, sink]
    return read_plan(json.dumps({"flinkVersion": "2.3", "nodes": nodes, "edges": edges}))


TRAFFIC = {"requests": found_traffic("requests", 100), "views": found_traffic("views", 30)}


def test_rows_are_those_of_the_side_with_fewer_but_of_outer_joins() -> None:
    rates = [
        written_of(plan(kind), TRAFFIC, RowSizes(plan(kind), {}))[0].rate.expected
        for kind in ("INNER", "LEFT", "RIGHT")
    ]
    assert rates == [30, 100, 30]
    (full,) = written_of(plan("FULL"), TRAFFIC, RowSizes(plan("FULL"), {}))
    assert full.rate == Range(low=100, expected=100, high=130)


def several(*kinds: str) -> CompiledPlan:
    """Requests, views and clicks as one multi-join; `kinds` as the plan has them, the first for the first input."""
    scans = [scan(number, name) for number, name in enumerate(("requests", "views", "clicks"), 1)]
    columns = ", ".join(each["outputType"][4:-1] for each in scans)
    joined = {
        "id": 4,
        "type": "stream-exec-multi-join_1",
        "joinTypes": list(kinds),
        "state": [{"index": number, "ttl": "3600000 ms", "name": "state"} for number in range(3)],
        "outputType": f"ROW<{columns}>",
    }
    sink = {
        "id": 5,
        "type": "stream-exec-sink_2",
        "dynamicTableSink": {"table": {"identifier": "`default_catalog`.`default_database`.`out`"}},
        "outputType": joined["outputType"],
    }
    edges = [{"source": source, "target": target} for source, target in ((1, 4), (2, 4), (3, 4), (4, 5))]
    return read_plan(json.dumps({"flinkVersion": "2.3", "nodes": [*scans, joined, sink], "edges": edges}))


def test_a_multi_join_writes_each_row_of_a_side_that_it_keeps_without_a_partner() -> None:
    traffic = {**TRAFFIC, "clicks": found_traffic("clicks", 5)}

    def rate(*kinds: str) -> float:
        return written_of(several(*kinds), traffic, RowSizes(several(*kinds), {}))[0].rate.expected

    assert rate("INNER", "INNER", "INNER") == 5
    assert rate("INNER", "LEFT", "LEFT") == 100
    assert rate("INNER", "INNER", "LEFT") == 30
    assert rate("INNER", "LEFT", "INNER") == 5
    assert rate() == 5


def test_the_share_of_rows_that_meet() -> None:
    (found,) = written_of(plan("INNER"), TRAFFIC, RowSizes(plan("INNER"), {}), Range.exactly(0.5))
    assert (found.table, found.rate.expected) == ("out", 15)


def test_bytes_of_a_row_are_those_of_its_json() -> None:
    samples: Samples = {
        "requests": [{"requests_id": "ä", "requests_at": 1}],
        "views": [{"views_id": None, "views_at": "2026"}],
    }
    (found,) = written_of(plan("INNER"), TRAFFIC, RowSizes(plan("INNER"), samples))
    row = {"requests_id": "ä", "requests_at": 1, "views_id": None, "views_at": "2026"}
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    assert found.row_bytes.expected == len(text.encode())
