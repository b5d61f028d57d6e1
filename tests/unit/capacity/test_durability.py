"""What a job promises, against what its options and its cluster keep."""

from __future__ import annotations

import pytest

from juncture.capacity.durability import IDS, Promise, durability

SAFE = {
    "execution.checkpointing.interval": "10 s",
    "execution.checkpointing.mode": "EXACTLY_ONCE",
    "execution.checkpointing.dir": "s3://bucket/checkpoints",
    "execution.checkpointing.savepoint-dir": "s3://bucket/savepoints",
    "high-availability.type": "kubernetes",
}


def outcomes(
    exactly_once: bool = True,
    timeout: int = 900_000,
    hosts: int = 3,
    local: bool = False,
    **changed: str | None,
) -> dict[str, str]:
    """What is not passed, with these options changed; None takes one away."""
    names = {name.replace(".", "_").replace("-", "_"): name for name in SAFE}
    options = {**SAFE, **{names[name]: value for name, value in changed.items() if value is not None}}
    for name in (names[name] for name, value in changed.items() if value is None):
        del options[name]
    transactions = {"matches": timeout} if exactly_once else {}
    found = durability(Promise("clicks", options, transactions, hosts, local))
    assert {each.id for each in found} <= set(IDS)
    assert all(each.remedy for each in found if each.outcome != "passed")
    return {each.id: each.outcome for each in found if each.outcome != "passed"}


def test_nothing_is_wrong() -> None:
    assert outcomes() == {}
    assert outcomes(exactly_once=False) == {}


@pytest.mark.parametrize("exactly_once", [True, False])
def test_exactly_once_needs_checkpoints_that_outlive_the_jobmanager(exactly_once: bool) -> None:
    worst = "failed" if exactly_once else "warned"
    assert outcomes(exactly_once, execution_checkpointing_dir=None) == {"checkpoint-storage": worst}
    assert outcomes(exactly_once, execution_checkpointing_interval=None) == {"checkpoints": worst}
    assert outcomes(exactly_once, execution_checkpointing_interval="0") == {"checkpoints": worst}
    wrong = {"checkpoints": "failed"} if exactly_once else {}
    assert outcomes(exactly_once, execution_checkpointing_mode="AT_LEAST_ONCE") == wrong


def test_storage_by_its_older_names_and_in_memory_though_there_is_a_folder() -> None:
    old = {
        **SAFE,
        "state.checkpoints.dir": "s3://b/c",
        "state.savepoints.dir": "s3://b/s",
        "high-availability": "zookeeper",
    }
    for name in (
        "execution.checkpointing.dir",
        "execution.checkpointing.savepoint-dir",
        "high-availability.type",
    ):
        del old[name]
    assert {each.outcome for each in durability(Promise("clicks", old, {}, 1, False))} == {"passed"}
    memory = {**SAFE, "execution.checkpointing.storage": "jobmanager"}
    found = durability(Promise("clicks", memory, {"matches": 900_000}, 1, False))
    assert [each.id for each in found if each.outcome == "failed"] == ["checkpoint-storage"]


@pytest.mark.parametrize("scheme", ["s3", "s3a", "s3p"])
def test_forst_is_warned_of_where_its_state_is_in_s3(scheme: str) -> None:
    options = {
        **SAFE,
        "state.backend.type": "forst",
        "execution.checkpointing.dir": f"{scheme}://bucket/c",
    }
    found = durability(Promise("clicks", options, {}, 3, False))
    (warned,) = [each for each in found if each.outcome != "passed"]
    assert (warned.id, warned.outcome) == ("checkpoint-storage", "warned")
    assert "cancelled while a checkpoint ends, until its TaskManager ends" in warned.message
    rocksdb = durability(Promise("clicks", {**options, "state.backend.type": "rocksdb"}, {}, 3, False))
    assert {each.outcome for each in rocksdb} == {"passed"}


def test_forst_needs_a_folder_for_what_it_does_not_keep_on_disk() -> None:
    for exactly_once in (True, False):
        options = {
            **SAFE,
            "state.backend.type": "forst",
            "execution.checkpointing.dir": "hdfs://nodes/checkpoints",
        }
        transactions = {"matches": 900_000} if exactly_once else {}
        assert {each.outcome for each in durability(Promise("clicks", options, transactions, 3, False))} == {
            "passed"
        }
        del options["execution.checkpointing.dir"]
        found = durability(Promise("clicks", options, transactions, 3, False))
        (wrong,) = [each for each in found if each.outcome == "failed"]
        assert "ForSt keeps the state on local disk" in wrong.message


@pytest.mark.parametrize(("hosts", "warned"), [(0, False), (1, False), (2, True)])
@pytest.mark.parametrize("place", ["file:///srv/checkpoints", "/srv/checkpoints"])
def test_a_folder_serves_one_machine(hosts: int, warned: bool, place: str) -> None:
    found = outcomes(hosts=hosts, execution_checkpointing_dir=place)
    assert found == ({"checkpoint-storage": "warned"} if warned else {})


@pytest.mark.parametrize(("target", "warned"), [("kubernetes-session", True), ("remote", False)])
def test_a_folder_serves_no_session_that_starts_taskmanagers_anywhere(target: str, warned: bool) -> None:
    options = {**SAFE, "execution.checkpointing.dir": "/srv/checkpoints", "execution.target": target}
    found = durability(Promise("clicks", options, {}, 0, False))
    (check,) = [each for each in found if each.id == "checkpoint-storage"]
    assert (check.outcome == "warned") is warned
    assert ("Kubernetes starts TaskManagers on any of its machines" in check.message) is warned


def test_a_transaction_has_to_live_until_its_checkpoint_is_complete() -> None:
    # An interval of 10 s, and 10 min until Flink gives a checkpoint up.
    assert outcomes(timeout=610_000) == {}
    assert outcomes(timeout=609_999) == {"transaction-timeout": "warned"}
    assert outcomes(timeout=10_001) == {"transaction-timeout": "warned"}
    assert outcomes(timeout=10_000) == {"transaction-timeout": "failed"}


def test_what_an_upgrade_and_a_lost_jobmanager_need() -> None:
    assert outcomes(execution_checkpointing_savepoint_dir=None) == {"savepoint-storage": "warned"}
    for missing in (None, "NONE"):
        assert outcomes(high_availability_type=missing) == {"high-availability": "warned"}
        assert outcomes(high_availability_type=missing, local=True) == {}
