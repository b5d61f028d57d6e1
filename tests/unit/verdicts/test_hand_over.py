"""Which versions can be handed over from one to the other exactly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from juncture.planner.plan import read_plan
from juncture.verdicts.hand_over import join_delay, join_span, obstacles, writes_unmatched
from juncture.verdicts.version import Version

JOIN = "interval-join:pages+clicks"


def _scan(number: int, table: str) -> dict[str, Any]:
    return {
        "id": number,
        "type": "stream-exec-table-source-scan_2",
        "scanTableSource": {"table": {"identifier": f"`default_catalog`.`default_database`.`{table}`"}},
    }


def version(
    kind: str = "INNER",
    bounds: tuple[int, int] = (-600_000, 0),
    ours: bool = True,
    more: str | None = None,
    topics: tuple[str, str] = ("page-impressions", "page-clicks"),
) -> Version:
    """A join of pages with clicks; behind it an operator of the kind `more`."""
    spec = {
        "joinSpec": {"joinType": kind, "leftKeys": [0], "rightKeys": [0]},
        "windowBounds": {"isEventTime": True, "leftLowerBound": bounds[0], "leftUpperBound": bounds[1]},
    }
    nodes = [
        _scan(1, "pages"),
        _scan(2, "clicks"),
        {"id": 3, "type": "stream-exec-interval-join_1", "intervalJoinSpec": spec},
    ]
    edges = [{"source": 1, "target": 3}, {"source": 2, "target": 3}]
    if more:
        nodes.append({"id": 4, "type": f"stream-exec-{more}_1"})
        edges.append({"source": 3, "target": 4})
    plan = read_plan(json.dumps({"flinkVersion": "2.3", "nodes": nodes, "edges": edges}))
    names = dict(zip(("pages", "clicks"), topics, strict=True))
    return Version(plan, frozenset({JOIN} if ours else ()), names)


@pytest.mark.parametrize("kind", ["INNER", "LEFT", "RIGHT", "FULL"])
def test_one_event_join_is_handed_over(kind: str) -> None:
    assert obstacles(version(kind), version(kind)) == ()
    assert writes_unmatched(version(kind)) == (kind != "INNER")


def test_flinks_inner_join_is_handed_over_and_its_left_join_is_not() -> None:
    assert obstacles(version(ours=False), version()) == ()
    (why,) = obstacles(version("LEFT", ours=False), version("LEFT"))
    assert why.startswith("the old version's LEFT JOIN runs on Flink's operator")


def test_the_new_version_has_to_be_an_event_join() -> None:
    (why,) = obstacles(version(), version(ours=False))
    assert why.startswith("the new version's join runs on Flink's operator")


def test_other_bounds_are_an_inner_joins_alone() -> None:
    assert obstacles(version(), version(bounds=(-900_000, 0))) == ()
    assert obstacles(version(), version("LEFT", bounds=(-900_000, 0))) == ()
    (why,) = obstacles(version("LEFT"), version(bounds=(-900_000, 0)))
    assert why.startswith("the bounds of the LEFT JOIN are others")


@pytest.mark.parametrize("more", ["group-aggregate", "deduplicate"])
def test_other_state_is_not_handed_over(more: str) -> None:
    (why,) = obstacles(version(), version(more=more))
    assert why.startswith("the new version keeps state in")
    assert why.endswith(f"({more}), too")
    assert obstacles(version(more="calc"), version()) == ()


CHAIN = ("interval-join:pages+clicks", "interval-join:pages+clicks+orders")


def chain(
    kinds: tuple[str, str] = ("INNER", "INNER"),
    bounds: tuple[tuple[int, int], tuple[int, int]] = ((-600_000, 0), (-300_000, 60_000)),
    chains: tuple[tuple[str, ...], ...] = (CHAIN,),
    ours: bool = True,
) -> Version:
    """Joins of pages with clicks, and with orders."""
    tables = ("pages", "clicks", "orders")
    nodes = [_scan(number, table) for number, table in enumerate(tables, 1)]
    for number, (kind, (lower, upper)) in enumerate(zip(kinds, bounds, strict=True), 4):
        spec = {
            "joinSpec": {"joinType": kind, "leftKeys": [0], "rightKeys": [0]},
            "windowBounds": {"isEventTime": True, "leftLowerBound": lower, "leftUpperBound": upper},
        }
        nodes.append({"id": number, "type": "stream-exec-interval-join_1", "intervalJoinSpec": spec})
    pairs = ((1, 4), (2, 4), (4, 5), (3, 5))
    edges = [{"source": source, "target": target} for source, target in pairs]
    plan = read_plan(json.dumps({"flinkVersion": "2.3", "nodes": nodes, "edges": edges}))
    return Version(plan, frozenset(CHAIN if ours else ()), {name: name for name in tables}, chains)


def test_a_chain_of_inner_joins_is_handed_over_to_one_operator() -> None:
    for old in (chain(), chain(chains=()), chain(chains=(), ours=False)):
        assert obstacles(old, chain()) == ()
        assert not writes_unmatched(old)
    (apart,) = obstacles(chain(), chain(chains=()))
    assert apart.startswith("the new version's joins are no chain of one operator")
    (flinks,) = obstacles(chain(), chain(chains=(), ours=False))
    assert flinks.startswith("the new version's join runs on Flink's operator")


def test_a_chain_with_a_left_join_is_not_handed_over() -> None:
    were, are = obstacles(chain(("INNER", "LEFT")), chain(("LEFT", "INNER")))
    assert were.startswith(
        "the old version has 2 interval joins, and the left join of pages and clicks with orders is one"
    )
    assert are.startswith(
        "the new version has 2 interval joins, and the left join of pages with clicks is one"
    )


def test_as_many_joins_as_before_are_handed_over() -> None:
    (why,) = obstacles(chain(), version(topics=("pages", "clicks")))
    assert why == "the old version has 2 interval joins, and the new one 1"


def test_exists_is_not_handed_over() -> None:
    nodes = [
        _scan(1, "pages"),
        _scan(2, "clicks"),
        {"id": 3, "type": "stream-exec-join_1", "joinSpec": {"joinType": "ANTI"}},
    ]
    edges = [{"source": 1, "target": 3}, {"source": 2, "target": 3}]
    plan = read_plan(json.dumps({"flinkVersion": "2.3", "nodes": nodes, "edges": edges}))
    topics = {"pages": "page-impressions", "clicks": "page-clicks"}
    found = obstacles(version(), Version(plan, frozenset({"join:pages+clicks"}), topics))
    assert found == (
        "the new version has no interval join",
        "the new version keeps state in the NOT EXISTS (or NOT IN) of clicks for pages (join), too",
    )


def test_a_chain_keeps_a_row_for_the_row_of_the_first_topic_that_keeps_it() -> None:
    assert join_span(chain()) == 600_000 + 60_000
    assert join_span(chain(bounds=((-1000, 500), (-700, 400)))) == 1500
    assert join_span(chain(bounds=((500, -500), (700, -400)))) == 0


def test_how_far_the_last_watermark_is_behind() -> None:
    assert join_delay(version()) == 0
    assert join_delay(chain()) == 600_000
    assert join_delay(chain(bounds=((-1000, 5000), (-700, 400)))) == 5000


def test_topics_have_to_be_the_old_versions_and_each_read_once() -> None:
    (why,) = obstacles(version(), version(topics=("page-impressions", "ad-clicks")))
    assert why == "the old version does not read ad-clicks, which clicks names"
    (twice,) = obstacles(version(), version(topics=("page-clicks", "page-clicks")))
    assert "reads one topic twice" in twice


def test_how_long_rows_are_kept() -> None:
    assert join_span(version(bounds=(-600_000, 30_000))) == 600_000
    assert join_span(version(bounds=(-1000, 30_000))) == 30_000
    assert join_span(version(bounds=(5000, -1000))) == 0
