"""Cases from YAML: what they mean, and every mistake at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from juncture.errors import InvalidProject
from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.project.scaffold import create
from juncture.validation.cases.case_file import read_cases

GOOD = """\
job: impression_clicks
base: 2026-03-01T10:00:00Z
defaults:
  page_impressions: {member_id: 7, page: home}
cases:
  - name: two topics, in order
    markers: [slow]
    defaults:
      page_impressions: {page: search}
    events:
      - page_clicks:
          - [click_id, impression_id, clicked_at, $partition]
          - [c1, null, "+00:05", 1]
      - page_impressions:
          - [impression_id, served_at]
          - [i1, "-01:00:00.250"]
    expect:
      - [click_id, served_at]
      - [c1, "2026-03-01T10:00:00Z"]
  - name: none
    events: []
    expect: []
  - name: the oracle's
    events: []
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "p"
    create(folder)
    return folder


def read(root: Path, text: str):
    project = load_project(root)
    path = root / "cases.yaml"
    path.write_text(text)
    return read_cases(project, resolve_environment(project), path)


def problems(root: Path, text: str) -> list[str]:
    with pytest.raises(InvalidProject) as caught:
        read(root, text)
    return [f"{each} | {each.remedy}" for each in caught.value.problems]


def test_events_keep_their_order_and_get_defaults_and_times(root: Path) -> None:
    case = read(root, GOOD)[0]

    assert [(each.source, each.partition, each.location.line) for each in case.arrivals] == [
        ("page_clicks", 1, 13),
        ("page_impressions", 0, 16),
    ]
    assert case.arrivals[0].row == {
        "click_id": "c1", "impression_id": None, "target": None, "clicked_at": "2026-03-01T10:00:05.000Z",
    }  # fmt: skip
    assert case.arrivals[1].row == {
        "impression_id": "i1", "member_id": 7, "page": "search", "items": None,
        "served_at": "2026-03-01T08:59:59.750Z",
    }  # fmt: skip
    assert (case.id, case.job, case.markers) == (
        "cases.yaml::two topics, in order", "impression_clicks", ("slow",),
    )  # fmt: skip


def test_expected_rows_are_those_named_or_none_or_the_oracles(root: Path) -> None:
    first, second, third = read(root, GOOD)

    assert first.expectation is not None
    assert first.expectation.columns == ("click_id", "served_at")
    assert first.expectation.rows[0].row == {"click_id": "c1", "served_at": "2026-03-01T10:00:00.000Z"}
    assert first.expectation.rows[0].location.line == 19
    assert second.expectation is not None
    assert second.expectation.rows == ()
    assert second.expectation.columns[0] == "impression_id"
    assert third.expectation is None


def test_all_mistakes_are_reported_at_once_with_the_nearest_name(root: Path) -> None:
    text = """\
job: impression_clicks
base: yesterday
cases:
  - name: wrong
    evnts: []
    events:
      - page_click:
          - [click_id]
      - page_clicks:
          - [clck_id, clicked_at]
          - [c1, "+5"]
          - [c2]
      - page_impressions:
          - [impression_id, member_id, served_at]
          - [7, seven, "10:00"]
    expect:
      - [click]
"""
    assert problems(root, text) == [
        "cases.yaml:2:7: 'yesterday' is not a time | write for instance '2026-01-31T12:00:00Z'",
        "cases.yaml:5:5: unknown key 'evnts' | did you mean 'events'?",
        "cases.yaml:7:9: the job 'impression_clicks' has no source 'page_click' | did you mean 'page_clicks'?",
        "cases.yaml:10:14: 'page_clicks' has no column 'clck_id' | did you mean 'click_id'?",
        "cases.yaml:11:18: clicked_at: '+5' is not a time | write '+00:05' (five seconds after base),"
        " '+01:30:00.250', or '2026-01-31T12:00:00Z'",
        "cases.yaml:12:13: the row has 1 value, and its table 2 columns | write one value for each column;"
        " null for none",
        "cases.yaml:15:14: impression_id: '7' is not text | quote it",
        "cases.yaml:15:17: member_id: 'seven' is not a whole number of type BIGINT | None",
        "cases.yaml:15:24: served_at: '10:00' is not a time | write '+00:05' (five seconds after base),"
        " '+01:30:00.250', or '2026-01-31T12:00:00Z'",
        "cases.yaml:17:10: 'joined_clicks' has no column 'click' | did you mean 'click_id'?",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("job: impression_clicks\n", "cases.yaml:1:1: there are no cases"),
        ("cases:\n  - {name: a, events: []}\n", "cases.yaml:2:5: the case names no job"),
        ("job: impresion_clicks\ncases:\n  - {name: a, events: []}\n", "there is no job 'impresion_clicks'"),
        ("job: impression_clicks\ncases:\n  - {events: []}\n", "cases.yaml:3:5: the case has no name"),
        ("job: impression_clicks\ncases:\n  - {name: a}\n", "the case has neither events nor steps"),
        (
            "job: impression_clicks\ncases:\n  - {name: a, events: []}\n  - {name: a, events: []}\n",
            "cases.yaml:4:12: line 3 has a case of the same name",
        ),
        (
            "job: impression_clicks\ncases:\n  - name: a\n"
            "    events: [{page_clicks: [[$partition, click_id], [-1, c]]}]\n",
            "cases.yaml:4:54: '-1' is not a partition",
        ),
        (
            "job: impression_clicks\ncases:\n  - name: a\n"
            "    events: [{page_clicks: [[$partition, click_id], [true, c]]}]\n",
            "cases.yaml:4:54: true is not a partition",
        ),
        (
            "job: impression_clicks\ncases:\n  - name: a\n"
            "    events: [{page_clicks: [[click_id, target], [null, t]]}]\n",
            "cases.yaml:4:50: click_id is NOT NULL, and this record has none",
        ),
        (
            "job: impression_clicks\ncases:\n  - name: a\n    events: [{page_clicks: [[target], [t]]}]\n",
            "cases.yaml:4:39: click_id is NOT NULL, and this record has none",
        ),
    ],
)
def test_what_is_missing_is_named(root: Path, text: str, problem: str) -> None:
    assert problem in problems(root, text)[0]


def test_a_file_may_hold_cases_of_several_jobs(root: Path) -> None:
    text = """\
job: impression_clicks
defaults:
  orders: {currency: EUR}
cases:
  - {name: a, events: []}
  - name: b
    job: paid_orders
    events:
      - orders: [[order_id, amount, ordered_at], [o1, 12.5, "+00:00"]]
"""
    cases = read(root, text)

    assert [case.job for case in cases] == ["impression_clicks", "paid_orders"]
    assert cases[1].arrivals[0].row["currency"] == "EUR"
    assert cases[1].arrivals[0].row["amount"] == 12.5


def test_deletions_are_for_changelog_topics(root: Path) -> None:
    text = """\
job: paid_orders
cases:
  - name: a
    events:
      - customers: [[customer_id, $delete], [1, true], [2, false]]
"""
    assert [each.deletes for each in read(root, text)[0].arrivals] == [True, False]
    (problem, *_) = problems(root, text.replace("customers:", "orders:"))
    assert problem.startswith("cases.yaml:5:32: 'orders' has no column '$delete'")


def test_the_oracle_may_count_beside_the_rows_written_down(root: Path) -> None:
    text = """\
job: impression_clicks
oracle: true
cases:
  - {name: a, events: [], expect: []}
  - {name: b, events: [], expect: [], oracle: false}
"""
    assert [case.oracle for case in read(root, text)] == [True, False]
    (problem,) = problems(root, text.replace("false", "no thanks"))
    assert problem.startswith("cases.yaml:5:47: 'oracle' is neither true nor false")
