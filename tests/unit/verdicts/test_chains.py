"""What a new version does to the state of joins that run together as one operator."""

from __future__ import annotations

import json
from typing import Any

from juncture.planner.plan import read_plan
from juncture.verdicts.compare import state_verdict
from juncture.verdicts.version import Version

FIRST, SECOND = "interval-join:requests+views", "interval-join:requests+views+clicks"
CHAIN = ((FIRST, SECOND),)


def scan(number: int, table: str, *more: str) -> dict[str, Any]:
    columns = ", ".join(f"`{name}` VARCHAR(10)" for name in (f"{table}_id", f"{table}_at", *more))
    return {
        "id": number,
        "type": "stream-exec-table-source-scan_2",
        "scanTableSource": {"table": {"identifier": f"`default_catalog`.`default_database`.`{table}`"}},
        "outputType": f"ROW<{columns}>",
    }


def join(
    number: int, kind: str, bound: tuple[int, int], left: dict[str, Any], right: dict[str, Any]
) -> dict[str, Any]:
    """`bound` is for how long the right row may come after the left one, and before it."""
    spec = {"joinType": kind, "leftKeys": [0], "rightKeys": [0], "filterNulls": [True]}
    bounds = {
        "isEventTime": True,
        "leftLowerBound": -bound[0],
        "leftUpperBound": bound[1],
        "leftTimeIndex": 1,
        "rightTimeIndex": 1,
    }
    return {
        "id": number,
        "type": "stream-exec-interval-join_1",
        "intervalJoinSpec": {"joinSpec": {**spec, "nonEquiCondition": None}, "windowBounds": bounds},
        "outputType": left["outputType"][:-1] + ", " + right["outputType"][4:].replace("`id`", "`id0`"),
    }


def version(
    chains: tuple[tuple[str, ...], ...] = CHAIN,
    kinds: tuple[str, str] = ("LEFT", "LEFT"),
    bounds: tuple[int, int] = (600_000, 900_000),
    more: tuple[str, ...] = (),
    afterwards: tuple[int, int] = (0, 0),
    shared: tuple[str, ...] = ("requests", "views"),
    third: bool = False,
) -> Version:
    """Requests with views and clicks; clicks with `more` columns, and `shared` tables with a column `id`."""
    requests, views = (
        scan(n, name, *["id"][: name in shared]) for n, name in ((1, "requests"), (2, "views"))
    )
    clicks = scan(4, "clicks", *more)
    first = join(3, kinds[0], (bounds[0], afterwards[0]), requests, views)
    second = join(5, kinds[1], (bounds[1], afterwards[1]), first, clicks)
    nodes = [requests, views, first, clicks, second]
    joined = [(1, 3), (2, 3), (3, 5), (4, 5)]
    if third:
        nodes += [scan(6, "sales"), join(7, "INNER", (1000, 0), second, scan(6, "sales"))]
        joined += [(5, 7), (6, 7)]
        chains = ((*chains[0], f"{SECOND}+sales"),)
    edges = [{"source": source, "target": target} for source, target in joined]
    plan = read_plan(json.dumps({"flinkVersion": "2.3", "nodes": nodes, "edges": edges}))
    topics = {"requests": "requests", "views": "views", "clicks": "clicks"}
    return Version(plan, frozenset({FIRST, SECOND, f"{SECOND}+sales"}), topics, chains)


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
        "the rows were kept by one operator for 2 joins, and are now by an operator of its own: neither"
        " reads the other's state; `join_chains: fused` in the job keeps it, where they can run together",
    ) in reasons


def _chain(old: Version, new: Version) -> tuple[str, int | None, str]:
    first, second = (each for each in state_verdict(old, new).operators if each.uid in (FIRST, SECOND))
    assert (first.verdict, first.gap_millis, first.reasons) == (
        second.verdict,
        second.gap_millis,
        second.reasons,
    )
    assert (first.restores, second.restores) == (True, True)
    return first.verdict, first.gap_millis, "; ".join(first.reasons)


def test_narrower_bounds_of_a_chain_are_kept() -> None:
    verdict, gap, why = _chain(version(), version(bounds=(599_999, 900_000)))
    assert (verdict, gap) == ("KEEP", None)
    assert "narrower" in why


def test_wider_bounds_of_a_chain_are_whole_after_what_they_are_wider_by() -> None:
    assert _chain(version(), version(bounds=(600_000, 900_001)))[:2] == ("KEEP_WITH_GAP", 1)
    assert _chain(version(), version(bounds=(660_000, 900_000)))[:2] == ("KEEP_WITH_GAP", 60_000)
    # Where they run apart, as each join has it.
    apart = _of_joins(version(chains=()), version(chains=(), bounds=(600_000, 900_001)))
    assert apart == {FIRST: ("KEEP", True), SECOND: ("KEEP_WITH_GAP", True)}


def test_a_row_that_is_missing_to_a_later_join_with_wider_bounds_is_missing_for_longer() -> None:
    old = version(bounds=(600_000, 600_000))
    wider = version(bounds=(600_000, 700_000), afterwards=(50_000, 0))
    assert _chain(old, wider)[:2] == ("KEEP_WITH_GAP", 150_000)
    assert _chain(old, version(bounds=(700_000, 600_000), afterwards=(0, 50_000)))[1] == 100_000


def test_kinds_of_a_chain_s_joins_change() -> None:
    assert _chain(version(), version(kinds=("INNER", "INNER")))[0] == "KEEP"
    assert _chain(version(kinds=("LEFT", "INNER")), version())[0] == "KEEP"
    verdict, gap, why = _chain(version(kinds=("INNER", "LEFT")), version())
    assert (verdict, gap) == ("KEEP_WITH_GAP", 900_000)
    assert "the join of requests with views had found nothing for" in why


def test_columns_between_the_joins_of_a_chain_are_not_kept() -> None:
    # The planner gives names of its own where two topics have columns of one name, and numbers them anew.
    assert _chain(version(), version(shared=("views",)))[0] == "KEEP"
    assert _of_joins(version(chains=()), version(chains=(), shared=("views",)))[SECOND] == ("LOST", False)
    # Of a topic itself they are not the planner's.
    assert _of_joins(version(), version(more=("sha256",)))[SECOND] == ("KEEP", True)


def test_a_chain_with_a_topic_more_or_less_is_another() -> None:
    old, longer = version(), version(third=True)
    found = {each.uid: each.verdict for each in state_verdict(old, longer).operators}
    assert (found[FIRST], found[SECOND]) == ("LOST", "LOST")
    found = {each.uid: each.verdict for each in state_verdict(longer, old).operators}
    assert (found[FIRST], found[SECOND]) == ("LOST", "LOST")
