"""Which version a rollback brings back."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.deploy.records import deployment

from juncture.deploy.store.deployments import Store
from juncture.deploy.store.ledger import TAKEN_BACK
from juncture.deploy.upgrading.rollback import rollback_target
from juncture.errors import Refused
from juncture.model.deployment import Deployment


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Version 1, stopped with a savepoint, and version 2 of other files, which runs."""
    store = Store(tmp_path)
    store.append(deployment(1, "stopped", savepoint="/savepoints/1"))
    store.append(deployment(2, "running", digest="other"))
    return store


def last(store: Store) -> Deployment:
    found = store.last("clicks")
    assert found is not None
    return found


def test_the_newest_version_of_other_files(store: Store) -> None:
    assert rollback_target("clicks", store, last(store), None).version == 1


def test_a_version_that_was_taken_back_is_brought_back_by_its_number_alone(store: Store) -> None:
    store.append(
        deployment(2, "stopped", digest="other", checkpoint="/c/2/chk-1", note=f"{TAKEN_BACK}it failed")
    )
    store.append(deployment(3, "running", restored_from="/savepoints/1"))
    with pytest.raises(Refused, match="no earlier version"):
        rollback_target("clicks", store, last(store), None)
    assert rollback_target("clicks", store, last(store), 2).version == 2


def test_the_version_that_runs_is_not_brought_back(store: Store) -> None:
    with pytest.raises(Refused, match="is the one that runs"):
        rollback_target("clicks", store, last(store), 2)


def test_a_version_that_has_failed_is_brought_back_from_a_checkpoint_that_is_not_recorded(
    store: Store,
) -> None:
    failed = last(store).model_copy(update={"phase": "failed", "checkpoint": "/checkpoints/2/chk-7"})
    assert rollback_target("clicks", store, failed, 2) == failed


def test_a_version_without_state_is_not_brought_back(store: Store) -> None:
    failed = last(store).model_copy(update={"phase": "failed"})
    with pytest.raises(Refused, match="version 2 of 'clicks' has left no savepoint or checkpoint"):
        rollback_target("clicks", store, failed, 2)
