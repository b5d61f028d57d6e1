"""Which versions can be handed over from one to the other exactly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from juncture.planner.plan import read_plan
from juncture.verdicts.hand_over import join_span, obstacles, writes_unmatched
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


def test_two_joins_are_not_handed_over() -> None:
    reasons = obstacles(version(), version(more="interval-join"))
    assert reasons[0] == "the new version has 2 interval joins, and it takes one"


def test_topics_have_to_be_the_old_versions_and_each_read_once() -> None:
    (why,) = obstacles(version(), version(topics=("page-impressions", "ad-clicks")))
    assert why == "the old version does not read ad-clicks, which clicks names"
    (twice,) = obstacles(version(), version(topics=("page-clicks", "page-clicks")))
    assert "reads one topic twice" in twice


def test_how_long_rows_are_kept() -> None:
    assert join_span(version(bounds=(-600_000, 30_000))) == 600_000
    assert join_span(version(bounds=(-1000, 30_000))) == 30_000
    assert join_span(version(bounds=(5000, -1000))) == 0
