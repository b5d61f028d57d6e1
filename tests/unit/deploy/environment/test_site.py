"""One lock for all steps of a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.starting.stop import stop
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.lock import holder
from juncture.errors import JunctureError, Refused
from juncture.model.environment import Flink, Kafka


@pytest.fixture
def site(tmp_path: Path) -> Site:
    connection = Connection("local", Kafka(bootstrap_servers="k:9092"), Flink(rest="http://127.0.0.1:1"))
    return Site(connection, Store(tmp_path))


def test_steps_within_take_the_lock_that_is_held_and_leave_it_held(site: Site) -> None:
    with site.holding("clicks", "upgrade") as held:
        with held.holding("clicks", "stop"):
            pass
        owner = holder(site.store.files, "clicks")
        assert owner is not None
        assert owner.what == "upgrade"
        with held.holding("orders", "stop"):
            assert holder(site.store.files, "orders") is not None
    assert holder(site.store.files, "clicks") is None
    assert holder(site.store.files, "orders") is None


def test_between_two_steps_another_is_told_who_does_what(site: Site) -> None:
    with (
        site.holding("clicks", "upgrade"),
        pytest.raises(Refused, match=r"'clicks' is being changed by .*\(upgrade, pid"),
    ):
        stop("clicks", site)


def test_without_a_planner_nothing_is_started(site: Site) -> None:
    with pytest.raises(JunctureError, match="without a planner"):
        site.launcher.run(Path("job.py"), {}, {})
