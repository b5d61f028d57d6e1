"""The steps of a case: what they mean, and every mistake at its place, before anything is started."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.validation.cases.test_case_file import problems, read, root

from juncture.errors import InvalidProject
from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.validation.cases.case_file import make_cases
from juncture.validation.cases.timeline import (
    Arrive,
    Checkpoint,
    Expect,
    Idle,
    Kill,
    Malformed,
    Rescale,
    Restart,
    Rewind,
    Stall,
    Upgrade,
    Watermark,
    needs_spare,
    partitions_of,
)

__all__ = ["root"]

STEPS = """\
job: impression_clicks
limit: 20 s
cases:
  - name: all steps
    limit: 1 min
    steps:
      - arrive:
          - page_impressions: [[impression_id, served_at], [i1, "+00:00"]]
          - page_clicks: [[click_id, impression_id, clicked_at, $partition], [c1, i1, "+05:00", 1]]
      - watermark: {page_clicks: "+10:00", page_impressions: "+09:00"}
      - idle: page_impressions
      - stall: {page_clicks: 1}
      - malformed: {page_clicks: "{"}
      - checkpoint
      - restart: checkpoint
      - restart: savepoint
      - kill: taskmanager
      - kill: broker
      - rescale: 2
      - upgrade: {to: impression_clicks, ignore_unclaimed_state: true}
      - upgrade: wider.sql
      - rewind: {page_clicks: "+01:00"}
      - rewind: {page_clicks: {to: "+02:00", partition: 1}}
      - expect: [[click_id], [c1]]
      - expect:
          rows: []
          absent: [[click_id], [c9]]
          watermark: {page_clicks: "+10:00", join: null}
          late: 2
          state: {at_most: 20 kb}
          held_by: page_clicks
          skipped: {page_clicks: 1}
      - expect: {state: shrunk}
    expect: []
  - name: none of them
    steps: [checkpoint]
"""

WRONG = """\
job: impression_clicks
cases:
  - name: wrong
    limit: soon
    steps:
      - arive: []
      - arrive: {page_clicks: []}
      - watermark: {page_click: "+10:00", page_impressions: later}
      - idle: clicks
      - idle: {page_clicks: 3}
      - stall: {page_clicks: one}
      - arrive:
          - page_clicks: [[click_id, page, [a]], [c1, home, b]]
      - restart: now
      - kill: jobmanager
      - rescale: 129
      - upgrade: impression_click
      - upgrade: nowhere.sql
      - rewind: {page_clicks: {to: "+01:00", partition: 64}}
      - expect: {row: [], late: many, held_by: clicks, state: bigger, changelog: []}
      - expect: {rows: [[click], [c1]], state: {at_most: much}}
      - {checkpoint: 1, kill: taskmanager}
"""

# ruff: noqa: E501 - what is told is told on one line
PROBLEMS = """\
4:12: 'soon' is not a duration | write '10 s'
6:9: there is no step 'arive' | did you mean 'arrive'?
7:9: this is no list of events | write '- SOURCE:', and rows
8:33: the job 'impression_clicks' has no source 'page_click' | did you mean 'page_clicks'?
8:61: 'later' is not a time | write '+00:05' (five seconds after base), '+01:30:00.250', or '2026-01-31T12:00:00Z'
9:15: the job 'impression_clicks' has no source 'clicks' | did you mean 'page_clicks'?
10:15: the job 'impression_clicks' has no source '{'page_clicks': 3}' | did you mean 'page_clicks'?
11:30: 'one' is not a partition | write a number from 0 to 63
13:38: 'page_clicks' has no column 'page' | did you mean 'target'?
13:44: '['a']' is not a column's name | write the names of columns in the first row
14:18: a job can't restart from 'now' | write 'restart: checkpoint' or 'restart: savepoint'
15:15: 'jobmanager' can't be killed | write 'kill: taskmanager' or 'kill: broker'
16:18: '129' is not a parallelism | write a number from 1 to 128, the max_parallelism of 'impression_clicks'
17:18: there is no job 'impression_click' | did you mean 'impression_clicks'?
18:18: 'nowhere.sql' can't be read: the file can't be read: No such file or directory | name a job, or an SQL file by its path from this file
19:57: '64' is not a partition | write a number from 0 to 63
20:18: unknown key 'row' | did you mean 'rows'?
20:33: 'many' is not a number of records | write a whole number from 0
20:48: the job 'impression_clicks' has no source 'clicks' | did you mean 'page_clicks'?
20:63: 'bigger' is no size of state | write grown, shrunk, or {at_least: 1 kb, at_most: 20 kb}
20:82: the sink 'joined_clicks' holds no changelog | expect 'rows'
21:26: 'joined_clicks' has no column 'click' | did you mean 'click_id'?
21:58: 'much' is not a size | write '900 b', '20 kb' or '1 mb'
22:9: a step is one key with its value | write one of arrive, watermark, idle, stall, malformed, checkpoint, restart, kill, rescale, upgrade, rewind, expect, and what it takes
"""


@pytest.fixture(scope="module", autouse=True)
def version(root) -> None:
    text = (root / "sql/joins/impression_clicks.sql").read_text()
    (root / "wider.sql").write_text(text.replace("{{ var('click_window') }}", "INTERVAL '1' HOUR"))


def test_steps_are_read_in_their_order_with_their_lines(root) -> None:
    case, other = read(root, STEPS)
    kinds = [Arrive, Watermark, Idle, Stall, Malformed, Checkpoint, Restart, Restart, Kill, Kill, Rescale]

    assert [type(step) for step in case.steps] == [*kinds, Upgrade, Upgrade, *[Rewind] * 2, *[Expect] * 3]
    assert [step.location.line for step in case.steps[:3]] == [7, 10, 11]
    assert (case.limit, other.limit) == (60, 20)
    assert [arrival.source for arrival in case.arrivals] == ["page_impressions", "page_clicks"]
    assert case.arrivals[1].partition == 1
    assert (needs_spare(case), needs_spare(other)) == (True, False)


def test_a_version_whose_file_is_a_link_in_a_loop_is_told_at_its_line(root) -> None:
    (root / "loop.sql").symlink_to("loop.sql")
    with pytest.raises(InvalidProject) as caught:
        read(root, "job: impression_clicks\ncases:\n  - name: n\n    steps:\n      - upgrade: loop.sql\n")
    (found,) = caught.value.problems
    assert "'loop.sql' can't be read: the file can't be read: Too many levels" in found.problem
    assert found.location is not None
    assert found.location.line == 5


def test_a_topic_has_each_partition_that_a_step_names(root) -> None:
    steps = 'stall: {page_impressions: 3}\n      - rewind: {page_clicks: {to: "+01:00", partition: 63}}'
    (case,) = read(
        root, f"job: impression_clicks\ncases:\n  - name: n\n    steps:\n      - {steps}\n    expect: []\n"
    )
    assert partitions_of(case) == {"page_impressions": 4, "page_clicks": 64}


def test_what_a_step_says_is_read_against_the_cases_base(root) -> None:
    case, _ = read(root, STEPS)
    found = {type(step): step for step in case.steps}

    assert found[Watermark].times["page_clicks"] - case.base == timedelta(minutes=10)
    assert (found[Rewind].partition, found[Rewind].moment - case.base) == (1, timedelta(minutes=2))
    assert "INTERVAL '1' HOUR" in found[Upgrade].version.insert.text
    assert found[Upgrade].version.job.name == "impression_clicks"
    expected = case.steps[-2]
    assert expected.watermarks == {"page_clicks": case.base + timedelta(minutes=10), "join": None}
    assert (expected.state, expected.late, expected.skipped) == ((None, 20480), 2, {"page_clicks": 1})


def test_every_mistake_is_told_at_its_line(root) -> None:
    told = [each.removeprefix("cases.yaml:") for each in problems(root, WRONG)]

    assert told == PROBLEMS.splitlines()


def test_nothing_arrives_in_a_partition_that_has_stalled(root) -> None:
    text = STEPS.replace(
        "      - malformed",
        "      - arrive:\n          - page_clicks: [[$partition], [1]]\n      - malformed",
    )

    told = [each for each in problems(root, text) if "partition 1 of 'page_clicks' has stalled" in each]
    assert [each.split(":")[1] for each in told] == ["14"]


def test_events_and_steps_exclude_each_other(root) -> None:
    text = STEPS.replace("    steps: [checkpoint]", "    steps: [checkpoint]\n    events: []")

    assert any("the case has events and steps" in each for each in problems(root, text))


def test_cases_are_made_from_values_too(root) -> None:
    project = load_project(root)
    (case,) = make_cases(
        project,
        resolve_environment(project),
        {
            "job": "impression_clicks",
            "cases": [{"name": "made", "steps": [{"arrive": [{"page_clicks": [["click_id"], ["c1"]]}]}]}],
        },
    )

    assert case.arrivals[0].row["click_id"] == "c1"
    assert case.location.path.endswith("test_steps.py")
