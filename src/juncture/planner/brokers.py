"""What brokers keep of topics, and how much they let a user read and write, asked for with the connector's own client
in the planner's process.

librdkafka, which everything else asks with, does not know these requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyflink.java_gateway import get_gateway

from juncture.planner.javaerrors import root_cause
from juncture.planner.operatorstate import each

_TIMEOUTS = {"default.api.timeout.ms": "8000", "request.timeout.ms": "8000"}


def describe_brokers(request: dict[str, Any]) -> dict[str, Any]:
    """The bytes of topics on the brokers' disks, what is free there, and quotas.

    Request: `properties` (of the Java client), `topics`, `user` (whose quotas).
    Answer: `brokers` (how many there are), `stored` ({topic: [bytes of one replica of each partition, bytes of all]},
    without topics of which a replica is not told), `usable` (bytes that are free, the largest of each broker's disks,
    or None), `quotas` ([{entity, values}], an entity's default name is None), `refused` ({what: why}) and `error`, both
    in the client's words.
    """
    jvm = get_gateway().jvm
    admin = jvm.org.apache.flink.kafka.shaded.org.apache.kafka.clients.admin
    properties = jvm.java.util.Properties()
    for name, value in {**request["properties"], **_TIMEOUTS}.items():
        properties.setProperty(name, value)
    found: dict[str, Any] = {
        "brokers": 0, "stored": {}, "usable": None, "quotas": [], "refused": {}, "error": None,
    }  # fmt: skip
    try:
        client = admin.Admin.create(properties)
    except Exception as error:
        return {**found, "error": root_cause(str(error))}
    try:
        nodes = [node.id() for node in each(client.describeCluster().nodes().get())]
        found["brokers"] = len(nodes)
        try:
            found |= _on_disk(client, nodes, request["topics"])
        except Exception as error:
            found["refused"]["disks"] = root_cause(str(error))
        try:
            found["quotas"] = list(_quotas(client, request["user"]))
        except Exception as error:
            found["refused"]["quotas"] = root_cause(str(error))
    except Exception as error:
        found["error"] = root_cause(str(error))
    finally:
        client.close()
    return found


def _on_disk(client: Any, nodes: list[int], topics: list[str]) -> dict[str, Any]:
    jvm = get_gateway().jvm
    partition_of = jvm.org.apache.flink.kafka.shaded.org.apache.kafka.common.TopicPartition
    asked = jvm.java.util.ArrayList()
    for node in nodes:
        asked.add(node)
    described = client.describeLogDirs(asked).allDescriptions().get()
    disks: dict[int, list[Any]] = {}
    usable: list[int] = []
    for node in nodes:
        # A broker that may not be asked gives no disk.
        told = (entry.getValue() for entry in each(described.get(node).entrySet()))
        disks[node] = [disk for disk in told if disk.error() is None]
        free = [disk.usableBytes().getAsLong() for disk in disks[node] if disk.usableBytes().isPresent()]
        if free:
            usable.append(max(free))
    stored = {}
    for topic in topics:
        names = jvm.java.util.Collections.singletonList(topic)
        one = both = 0
        known = True
        for partition in each(client.describeTopics(names).allTopicNames().get().get(topic).partitions()):
            place = partition_of(topic, partition.partition())
            sizes = [_size(disks.get(node.id(), []), place) for node in each(partition.replicas())]
            there = [size for size in sizes if size is not None]
            known = known and bool(sizes) and len(there) == len(sizes)
            one, both = one + max(there, default=0), both + sum(there)
        if known:
            stored[topic] = [one, both]
    return {"stored": stored, "usable": sum(usable) if len(usable) == len(nodes) else None}


def _size(disks: list[Any], place: Any) -> int | None:
    for disk in disks:
        replica = disk.replicaInfos().get(place)
        if replica is not None and not replica.isFuture():
            return int(replica.size())
    return None


def _quotas(client: Any, user: str) -> Iterator[dict[str, Any]]:
    """Those of the user, of users by default, and of clients by default."""
    jvm = get_gateway().jvm
    quota = jvm.org.apache.flink.kafka.shaded.org.apache.kafka.common.quota
    component = quota.ClientQuotaFilterComponent
    seen = set()
    for wanted in (
        component.ofEntity("user", user),
        component.ofDefaultEntity("user"),
        component.ofDefaultEntity("client-id"),
    ):
        components = jvm.java.util.Collections.singletonList(wanted)
        answer = client.describeClientQuotas(quota.ClientQuotaFilter.contains(components))
        for entry in each(answer.entities().get().entrySet()):
            entity = {part.getKey(): part.getValue() for part in each(entry.getKey().entries().entrySet())}
            key = tuple(sorted(entity.items(), key=str))
            if key not in seen:
                seen.add(key)
                values = {part.getKey(): float(part.getValue()) for part in each(entry.getValue().entrySet())}
                yield {"entity": entity, "values": values}
