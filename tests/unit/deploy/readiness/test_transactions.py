"""Which sinks write transactions, and who else may write with their ids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.deploy.records import MOMENT, deployment

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.reading import Reading
from juncture.deploy.environment.site import Site
from juncture.deploy.readiness.promises import refuse_broken
from juncture.deploy.readiness.transactions import check_ids, transactional_sinks
from juncture.deploy.store.deployments import Store
from juncture.errors import Refused
from juncture.model.capacity import Check
from juncture.model.environment import Flink, Kafka


def files(
    guarantee: str = "exactly-once", prefix: str = "p.clicks", timeout: str = "900000", **options: str
) -> dict[str, str]:
    manifest = {
        "schema_version": 1, "job": "clicks", "environment": "local", "flink": "2.3", "topics": {}, "variables": [],
        "options": options, "parallelism": 1,
    }  # fmt: skip
    statement = f"""CREATE TEMPORARY TABLE `matches` (
    a STRING
) WITH (
    'connector' = 'kafka',
    'sink.delivery-guarantee' = '{guarantee}',
    'sink.transactional-id-prefix' = '{prefix}',
    'properties.transaction.timeout.ms' = '{timeout}'
);
"""
    return {"job.py": "", "manifest.json": json.dumps(manifest), "statements.sql": statement}


def test_sinks_that_write_transactions() -> None:
    (sink,) = transactional_sinks(files())
    assert (sink.table, sink.prefix, sink.timeout) == ("matches", "p.clicks", 900_000)
    assert transactional_sinks(files("at-least-once")) == ()
    none = {"juncture.table.matches.sink.delivery-guarantee": "none"}
    assert transactional_sinks(files(**none)) == (), "as of the job that builds state for a hand-over"
    (unsaid,) = transactional_sinks(files(timeout=""))
    assert unsaid.timeout == 3_600_000


def site(root: Path, open_since: Mapping[str, object]) -> Site:
    connection = Connection("local", Kafka(bootstrap_servers="k:9092"), Flink(rest="http://127.0.0.1:1"))

    def ask(properties: Mapping[str, str], prefix: str) -> Mapping[str, int]:
        assert properties["bootstrap.servers"] == "k:9092"
        begun = open_since.get(prefix)
        if begun is None:
            return {}
        assert isinstance(begun, timedelta)
        return {f"{prefix}-0-3": round((MOMENT + begun).timestamp() * 1000)}

    return Site(connection, Store(root), reading=Reading(transactions=ask))


@pytest.mark.parametrize(("seconds", "foreign"), [(-5, False), (60, False), (61, True)])
def test_what_a_job_has_left_open_began_before_it_ended(tmp_path: Path, seconds: int, foreign: bool) -> None:
    place = site(tmp_path, {"p.clicks": timedelta(seconds=seconds)})
    stopped = deployment(1, "stopped")
    if not foreign:
        assert check_ids(files(), place, stopped) == "Nobody else writes as 'p.clicks'"
        return
    with pytest.raises(
        Refused, match=r"'p.clicks-0-3' has a transaction that began at 2026-03-01 12:01:01 UTC"
    ):
        check_ids(files(), place, stopped)


def test_of_a_job_that_was_never_deployed_nothing_is_open(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="somebody else writes"):
        check_ids(files(), site(tmp_path, {"p.clicks": timedelta(days=-1)}), None)
    assert check_ids(files("none"), site(tmp_path, {}), None) is None


def test_the_version_that_runs_has_its_own(tmp_path: Path) -> None:
    place = site(tmp_path, {"p.clicks": timedelta(), "p.other": timedelta()})
    bundle = place.store.put_bundle("clicks", "abc", files())
    running = deployment(1, "running", bundle=bundle)
    assert check_ids(files(), place, running) is None
    with pytest.raises(Refused, match=r"of matches: 'p.other-0-3'"):
        check_ids(files(prefix="p.other"), place, running)


def test_brokers_that_do_not_tell_hold_nobody_up(tmp_path: Path) -> None:
    def ask(properties: Mapping[str, str], prefix: str) -> Mapping[str, int]:
        raise Refused("ClusterAuthorizationException: no")

    place = Site(site(tmp_path, {}).connection, Store(tmp_path), reading=Reading(transactions=ask))
    assert "is not known: ClusterAuthorizationException" in str(check_ids(files(), place, None))


def test_only_a_promise_that_the_version_before_kept_is_a_reason_to_refuse() -> None:
    def checks(outcome: str) -> tuple[Check, ...]:
        return (
            Check.model_validate({"id": "checkpoints", "outcome": outcome, "message": "m", "remedy": "r"}),
        )

    with pytest.raises(Refused, match="can't keep what it promises:\n- checkpoints: m"):
        refuse_broken(checks("passed"), checks("failed"), "clicks")
    assert refuse_broken(checks("failed"), checks("failed"), "clicks") == ("warning: checkpoints: m",)
    assert refuse_broken(checks("passed"), checks("warned"), "clicks") == ("warning: checkpoints: m",)
    assert refuse_broken(checks("failed"), checks("passed"), "clicks") == ()
