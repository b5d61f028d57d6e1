"""What a new version does to the state of joins that run together as one operator."""

from __future__ import annotations

import json
from typing import Any

from juncture.planner.plan import read_plan
from juncture.verdicts.compare import state_verdict
from juncture.verdicts.version import Version

FIRST, SECOND = "interval-join:requests+views", "interval-join:requests+views+clicks"
CHAIN = ((FIRST, SECOND),)


def _scan(number: int, table: str, *more: str) -> dict[str, Any]:
    columns = ", ".join(f"`{name}` VARCHAR(10)" for name in (f"{table}_id", f"{table}_at", *more))
    return {
        "id": number,
        "type": "stream-exec-table-source-scan_2",
        "scanTableSource": {"table": {"identifier": f"`default_catalog`.`default_database`.`{table}`"}},
        "outputType": f"ROW<{columns}>",
    }


def _join(number: int, kind: str, bound: int, left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    spec = {"joinType": kind, "leftKeys": [0], "rightKeys": [0], "filterNulls": [True]}
    bounds = {
        "isEventTime": True,
        "leftLowerBound": -bound,
        "leftUpperBound": 0,
        "leftTimeIndex": 1,
        "rightTimeIndex": 1,
    }
    return {
        "id": number,
        "type": "stream-exec-interval-join_1",
        "intervalJoinSpec": {"joinSpec": {**spec, "nonEquiCondition": None}, "windowBounds": bounds},
        "outputType": left["outputType"][:-1] + ", " + right["outputType"][4:],
    }


def version(
    chains: tuple[tuple[str, ...], ...] = CHAIN,
    kinds: tuple[str, str] = ("LEFT", "LEFT"),
    bounds: tuple[int, int] = (600_000, 900_000),
    more: tuple[str, ...] = (),
) -> Version:
    """Requests with views and clicks; clicks with `more` columns."""
    requests, views, clicks = _scan(1, "requests"), _scan(2, "views"), _scan(4, "clicks", *more)
    first = _join(3, kinds[0], bounds[0], requests, views)
    second = _join(5, kinds[1], bounds[1], first, clicks)
    edges = [{"source": source, "target": target} for source, target in ((1, 3), (2, 3), (3, 5), (4, 5))]
    nodes = [requests, views, first, clicks, second]
    plan = read_plan(json.dumps({"flinkVersion": "2.3", "nodes": nodes, "edges": edges}))
    topics = {"requests": "requests", "views": "views", "clicks": "clicks"}
    return Version(plan, frozenset({FIRST, SECOND}), topics, chains)


def _of_joins(old: Version, new: Version) -> dict[str, tuple[str, bool]]:
    found = state_verdict(old, new).operators
    return {each.uid: (each.verdict, each.restores) for each in found if each.uid in (FIRST, SECOND)}


def test_a_chain_that_stays_what_it_is_keeps_its_state() -> None:
    assert _of_joins(version(), version()) == {FIRST: ("KEEP", True), SECOND: ("KEEP", True)}
    assert _of_joins(version(), version(more=("page",))) == {FIRST: ("KEEP", True), SECOND: ("KEEP", True)}


def test_joins_that_run_together_do_not_read_the_state_of_joins_apart() -> None:
    lost = {FIRST: ("LOST", False), SECOND: ("LOST", False)}
    assert _of_joins(version(), version(chains=())) == lost
    assert _of_joins(version(chains=()), version()) == lost
    reasons = [each.reasons for each in state_verdict(version(), version(chains=())).operators]
    assert (
        f"the rows were kept by one operator for {FIRST}, {SECOND}, and are now by an operator of its own: neither"
        " reads the other's state",
    ) in reasons


def test_a_kind_or_a_bound_that_changes_loses_the_state_of_the_whole_chain() -> None:
    lost = {FIRST: ("LOST", False), SECOND: ("LOST", False)}
    assert _of_joins(version(), version(kinds=("LEFT", "INNER"))) == lost
    assert _of_joins(version(), version(bounds=(600_000, 900_001))) == lost
    assert _of_joins(version(), version(bounds=(599_999, 900_000))) == lost
    # Where they run apart, as each join has it.
    apart = _of_joins(version(chains=()), version(chains=(), bounds=(600_000, 900_001)))
    assert apart == {FIRST: ("KEEP", True), SECOND: ("KEEP_WITH_GAP", True)}
