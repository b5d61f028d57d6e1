"""The job that builds a new version's state: that version's, but for what would disturb the one that runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.projects import small_project
from tests.unit.deploy.records import deployment

from juncture.deploy.store.deployments import Store, builder_of, is_over
from juncture.deploy.store.manifest import read_manifest
from juncture.deploy.upgrading.builder import Blueprint, builder_files, read_to
from juncture.planner.plan import parse_plan, read_plan, with_uids
from juncture.render.renderer import render


def _scan(number: int, table: str) -> dict[str, Any]:
    return {
        "id": number,
        "type": "stream-exec-table-source-scan_2",
        "scanTableSource": {"table": {"identifier": f"`default_catalog`.`default_database`.`{table}`"}},
    }


PLAN = read_plan(
    json.dumps(
        {
            "flinkVersion": "2.3",
            "nodes": [_scan(1, "server"), _scan(2, "client"), {"id": 3, "type": "stream-exec-join_1"}],
            "edges": [{"source": 1, "target": 3}, {"source": 2, "target": 3}],
        }
    )
)
REWOUND = with_uids(PLAN, {"table-source-scan:client": "table-source-scan:client@7"})


def blueprint(root: Path, startpoints: str = "") -> Blueprint:
    project = small_project(root, {"jobs/matches.yaml": f"join: matches\nsink: matches\n{startpoints}"})
    rendered = render(project, "matches", project.environments["local"])
    return Blueprint(rendered, REWOUND, (), project.template_dirs, ())


def test_it_writes_no_transactions_commits_no_offsets_and_is_not_restarted(tmp_path: Path) -> None:
    made = blueprint(tmp_path)
    manifest = read_manifest(builder_files(made, 50, 1_700_000_000_000))
    assert manifest.job == "matches__hand_over"
    changed = {
        key: value for key, value in manifest.options.items() if made.rendered.options.get(key) != value
    }
    assert changed == {
        "juncture.join.build-until": "1700000000000",
        "juncture.table.client.properties.commit.offsets.on.checkpoint": "false",
        "juncture.table.server.properties.commit.offsets.on.checkpoint": "false",
        "juncture.table.matches.sink.delivery-guarantee": "none",
        "pipeline.name": "shop.matches.hand-over",
        "restart-strategy.type": "none",
    }
    assert set(made.rendered.options) - set(manifest.options) == {"execution.checkpointing.interval"}


def test_its_sources_have_uids_of_their_own_and_all_else_has_the_new_versions(tmp_path: Path) -> None:
    plan = parse_plan(builder_files(blueprint(tmp_path), 51, None)["plan.json"])
    assert [node.uid for node in plan.nodes] == [
        "table-source-scan:server@51", "table-source-scan:client@51", "join:server+client",
    ]  # fmt: skip


def test_it_is_told_of_as_long_as_it_runs(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append(deployment(job=builder_of("clicks")))
    store.append(deployment(job="clicks", phase="stopped"))
    assert [is_over(job, store) for job in store.jobs()] == [False, False]
    store.append(deployment(job=builder_of("clicks"), phase="stopped"))
    assert [is_over(job, store) for job in store.jobs()] == [False, True]


def test_before_the_first_watermark_nothing_has_expired(tmp_path: Path) -> None:
    options = read_manifest(builder_files(blueprint(tmp_path), 50, None)).options
    assert options["juncture.join.build-until"] == str(-(2**63))


def test_a_source_tells_of_no_more_than_what_stands_before_what_is_left_out_at_its_end(
    tmp_path: Path,
) -> None:
    made = blueprint(tmp_path, "startpoints:\n  client: {exclude: {0: [6, 7-8, 3], 1: 9, 2: 4-20}}\n")
    topics = made.sources
    start = {topic: dict.fromkeys(range(3), 5) for topic in topics.values()}
    end = {topic: dict.fromkeys(range(3), 9) for topic in topics.values()}
    found = read_to(made, start, end)
    # 6 to 8 end partition 0; 9 is not read; of partition 2 nothing is left.
    assert found[topics["client"]] == {0: 6, 1: 9, 2: 5}
    assert found[topics["server"]] == dict.fromkeys(range(3), 9)
