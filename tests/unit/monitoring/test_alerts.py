"""Rules and dashboard from a plan that Flink compiled: limits, names of metrics, labels, places."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.projects import JOB, SINK, SOURCE, small_project

from juncture.monitoring.alerts import rules_text
from juncture.monitoring.dashboard import dashboard_text
from juncture.monitoring.subject import Subject, label, subject
from juncture.planner.plan import parse_plan
from juncture.render.renderer import render

PLAN = parse_plan((Path(__file__).parent / "plan.json").read_text())
"""Of the small project."""
Watch = Callable[..., Subject]


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    """The small project's job, with more lines in its file, or other files."""

    def _watch(more: str = "", files: Mapping[str, str] | None = None) -> Subject:
        project = small_project(tmp_path, {"jobs/matches.yaml": JOB + more, **(files or {})})
        rendered = render(project, "matches", project.environments["production"])
        return subject(rendered, PLAN, project.jobs["matches"])

    return _watch


def rules(watched: Subject) -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(rules_text(watched))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def limit(watched: Subject, name: str, about: str | None = None) -> float:
    """What the first comparison of a rule is with."""
    expressions = [
        each["expr"]
        for each in rules(watched)
        if each["alert"] == name and about in (None, each["labels"].get("about"))
    ]
    (found,) = (re.search(r" > ([\d.]+)", text) for text in expressions)
    assert found is not None
    return float(found[1])


def test_limits_come_from_the_job(watch: Watch) -> None:
    watched = watch()
    # A minute that the watermark waits, 30 s of the idle timeout, a minute at least for a restart.
    assert limit(watched, "JunctureEventTimeLags", "server") == 60 + 30 + 60
    # The window of ten minutes, and again 30 s and a minute.
    assert limit(watched, "JunctureWatermarkHeldBack") == 600 + 30 + 60
    assert limit(watched, "JunctureCheckpointsSlow") == 10
    assert limit(watched, "JunctureCheckpointOverdue") == 120
    assert limit(watched, "JunctureTransactionsExpire") == 450


def test_a_long_interval_between_checkpoints_gives_more_time(watch: Watch) -> None:
    watched = watch("checkpointing: {interval: 5 min, timeout: 2 min}\n")
    assert limit(watched, "JunctureEventTimeLags", "client") == 60 + 30 + 900
    assert limit(watched, "JunctureCheckpointsSlow") == 300
    assert limit(watched, "JunctureCheckpointOverdue") == 900
    (fails,) = (each for each in rules(watched) if each["alert"] == "JunctureCheckpointsFail")
    assert "[25m]" in fails["expr"]
    assert "given up after 2 min" in fails["annotations"]["description"]


@pytest.mark.parametrize(
    ("written", "seconds"), [("20000", 20.0), ("20 s", 20.0), ("PT20S", 10.0), ("often", 10.0)]
)
def test_an_option_wins_over_what_juncture_sets(watch: Watch, written: str, seconds: float) -> None:
    watched = watch(f"options: {{execution.checkpointing.interval: '{written}'}}\n")
    assert watched.interval == seconds


TASKS = 'flink_taskmanager_job_task_busyTimeMsPerSecond{job_name="shop_matches"}'


def test_a_job_that_waits_for_slots_is_down_and_has_not_failed(watch: Watch) -> None:
    """Flink says that it is up, and counts each of its tries as a restart; but no TaskManager has a task of it."""
    by_name = {each["alert"]: each for each in rules(watch())}
    down, restarts = by_name["JunctureJobDown"], by_name["JunctureJobRestarts"]
    assert (
        down["expr"]
        == f'absent(flink_jobmanager_job_uptime{{job_name="shop_matches"}} > 0 and on () {TASKS})'
    )
    assert restarts["expr"].endswith(f"> 0 unless on () absent({TASKS})")
    assert "waits for slots, which Flink counts, too" in restarts["annotations"]["description"]


def test_a_job_that_fails_again_and_again_has_no_checkpoint_however_short_it_is_up(watch: Watch) -> None:
    """Before the first checkpoint it is waited for, from its start, or from its first restart."""
    (overdue,) = (each["expr"] for each in rules(watch()) if each["alert"] == "JunctureCheckpointOverdue")
    job = '{job_name="shop_matches"}'
    age = f"time() - max(flink_jobmanager_job_lastCheckpointCompletedTimestamp{job}) / 1000"
    up = f"max(flink_jobmanager_job_uptime{job}) / 1000"
    then = f"flink_jobmanager_job_uptime{job} offset 120s"
    restarted = f"max(flink_jobmanager_job_numRestarts{job} > 0 and on (job_id) {then})"
    assert overdue == f"{age} > 120 and ({age} < 1000000000 or {up} > 120 or {restarted})"


def test_a_job_that_takes_no_checkpoints_misses_none(watch: Watch) -> None:
    names = {each["alert"] for each in rules(watch("options: {execution.checkpointing.interval: '0'}\n"))}
    assert "JunctureJobDown" in names
    assert not {each for each in names if "Checkpoint" in each or "Transactions" in each}


def test_without_transactions_none_expire(watch: Watch) -> None:
    names = {each["alert"] for each in rules(watch("delivery: at-least-once\n"))}
    assert "JunctureTransactionsExpire" not in names
    assert "JunctureCheckpointOverdue" in names


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [(", 'properties.transaction.timeout.ms' = '${TX}'", []), ("", [1_800.0])],
)
def test_a_transactions_timeout_may_be_a_variable_or_the_connectors(
    watch: Watch, timeout: str, seconds: list[float]
) -> None:
    options = f"'connector' = 'kafka', 'topic' = 't', 'format' = 'json'{timeout}"
    sink = SINK.replace("{{ kafka(topic='matches-topic', key='id') }}", f"WITH ({options})")
    watched = watch(files={"sql/sinks/matches.sql": sink})
    named = [each for each in rules(watched) if each["alert"] == "JunctureTransactionsExpire"]
    assert [limit(watched, each["alert"]) for each in named] == seconds


def test_a_watermark_of_1970_is_far_behind_and_not_missing(watch: Watch) -> None:
    """As where event times are in seconds: only before the first one is it the least that there is."""
    told = {each["alert"]: each["annotations"]["description"] for each in rules(watch())}
    for name in ("JunctureEventTimeLags", "JunctureWatermarkHeldBack"):
        (beyond,) = re.findall(r"if gt \$value ([\d.]+)", told[name])
        assert 1.8e12 < float(beyond) < 2**63 / 1_000
    assert "if gt $value 1000000000.0" in told["JunctureCheckpointOverdue"]


def test_late_records_are_counted_by_the_event_join_alone(watch: Watch) -> None:
    assert "JunctureLateRecords" not in {each["alert"] for each in rules(watch())}
    (late,) = (
        each for each in rules(watch("join_strategy: event_join\n")) if each["alert"] == "JunctureLateRecords"
    )
    assert 'numLateRecordsDropped{job_name="shop_matches",operator_name="IntervalJoin_' in late["expr"]
    assert late["expr"].endswith("[15m])) >= 3"), "one of a few is no reason to call anybody"


def test_rules_can_be_told_apart_and_lead_to_the_author(watch: Watch) -> None:
    found = rules(watch())
    keys = Counter((each["alert"], *sorted(each["labels"].items())) for each in found)
    assert set(keys.values()) == {1}
    by_key = {(each["alert"], each["labels"].get("about")): each["annotations"] for each in found}
    assert "sql/sources/server.sql:6:5" in by_key["JunctureEventTimeLags", "server"]["description"]
    held = next(text for (name, _), text in by_key.items() if name == "JunctureWatermarkHeldBack")
    assert "sql/joins/matches.sql:3:1" in held["description"]
    assert held["summary"] == "matches: the join of server with client waits for one of its inputs"
    assert {each["remedy"] for each in by_key.values()} == {"juncture diagnose matches --env production"}


def test_names_are_those_that_the_reporter_writes(watch: Watch) -> None:
    watched = watch()
    assert watched.label == "shop_matches"
    assert watched.sources[0].operator == "Source:_KafkaSource_default_catalog_default_database_server"
    assert label("a-b.c:d_é") == "a_b_c:d__"


def test_a_long_name_is_cut_as_flink_cuts_it(tmp_path: Path) -> None:
    # "Source: KafkaSource-default_catalog.default_database." has 53 characters of the 80.
    name = "s" * 40
    files = {
        f"sql/sources/{name}.sql": SOURCE.format(name=name),
        "sql/joins/matches.sql": "SELECT id, payload, payload, ts FROM {{ source('" + name + "') }}\n",
        "sql/sinks/matches.sql": SINK,
    }
    plan = parse_plan(PLAN.text.replace("`server`", f"`{name}`"))
    project = small_project(tmp_path, files)
    watched = subject(
        render(project, "matches", project.environments["local"]), plan, project.jobs["matches"]
    )
    assert [len(each.operator) for each in watched.sources if each.table == name] == [80]


def test_the_same_job_gives_the_same_bytes(watch: Watch) -> None:
    assert rules_text(watch()) == rules_text(watch())
    assert dashboard_text(watch()) == dashboard_text(watch())


def test_panels_lie_beside_each_other_and_ask_something(watch: Watch) -> None:
    dashboard = json.loads(dashboard_text(watch("join_strategy: event_join\n")))
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells
        assert at["x"] + at["w"] <= 24
        taken |= cells
        assert all('job_name="shop_matches"' in target["expr"] for target in panel["targets"])
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    assert len(dashboard["uid"]) <= 40


def test_the_dashboard_draws_the_limits_of_the_rules(watch: Watch) -> None:
    watched = watch()
    drawn = {
        panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"]
        for panel in json.loads(dashboard_text(watched))["panels"]
        if "thresholds" in panel["fieldConfig"]["defaults"]
    }
    assert drawn["Event time behind the clock"] == limit(watched, "JunctureEventTimeLags", "server")
    assert drawn["Watermark behind the furthest input"] == limit(watched, "JunctureWatermarkHeldBack")
