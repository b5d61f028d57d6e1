"""A cluster of which nothing can be seen: it is named, with what that leaves open."""

from __future__ import annotations

from juncture.deploy.environment.connection import Connection
from juncture.deploy.readiness.supplied import supplied
from juncture.model.environment import Flink, Kafka


def test_a_local_stack_whose_jobmanager_ended_is_not_asked() -> None:
    connection = Connection(
        "local",
        Kafka(bootstrap_servers="k:1"),
        Flink(rest="http://f:1"),
        is_local=True,
        ended=("jobmanager",),
    )
    found = supplied(connection, {}, {})
    assert (found.supply, found.kept, found.stored) == (None, (), ())
    assert found.unseen is not None
    assert "`juncture local up`" in str(found.unseen.remedy)
    (told,) = found.open_
    assert told.startswith(
        "of the cluster slots, cores, memory, its version, checkpoints, checkpoint-storage,"
    )
    assert (
        "(jobmanager of this project's local stack ended): whether the job fits there, and whether it" in told
    )
