"""Startpoints where the brokers tell offsets, and neither records nor options."""

from __future__ import annotations

from pathlib import Path

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without saying so
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from tests.cluster.secured import SecuredBroker, make_certificates

from juncture.capacity.traffic import traffic
from juncture.diagnosis.topics import ends_of
from juncture.errors import Location, Refused
from juncture.kafka.admin import Admin
from juncture.kafka.connection import java_client
from juncture.kafka.reader import read_topic
from juncture.kafka.writer import Writer
from juncture.model.environment import Kafka, KafkaSecurity
from juncture.model.startpoint import Startpoint
from juncture.planner.session import Planner
from juncture.startpoints.lookup import Snapshot
from juncture.startpoints.reporter import Reporter
from juncture.startpoints.resolve import Source, resolve


class GuardedBroker(SecuredBroker):
    """Whoever has not logged in may do anything, on the inner listener; others what they are allowed."""

    def properties(self) -> dict[str, str]:
        return super().properties() | {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }


def test_what_brokers_refuse_to_tell_is_said_and_the_rest_is_told(tmp_path: Path, planner: Planner) -> None:
    certificates = make_certificates(tmp_path)
    broker = GuardedBroker(tmp_path / "broker", certificates, {"seer": "secret"}, {"seer": "secret"})
    with broker.running():
        inner = Admin(Kafka(bootstrap_servers=broker.inner))
        inner.create({"orders": 2, "payments": 2, "hidden": 1})
        with Writer(inner.kafka) as writer:
            for number in range(10):
                writer.write("orders", b"x", partition=number % 2)
                writer.write("payments", b"x", partition=number % 2)
        allow(inner, "orders", AclOperation.DESCRIBE)
        allow(inner, "payments", AclOperation.READ)
        seer = Kafka(
            bootstrap_servers=broker.address,
            security=KafkaSecurity(
                protocol="SASL_SSL",
                mechanism="PLAIN",
                username="seer",
                password="secret",  # noqa: S106
                ca_file=str(certificates.ca),
            ),
        )

        def nothing(position: object) -> Snapshot:
            raise Refused("there is none")

        report = Reporter("paid", lambda *keys: Location("jobs/paid.yaml", 3))
        source = Source("orders", Startpoint.model_validate({"offsets": {0: 2, 1: 6}}))
        found = resolve({"orders": source}, seer, nothing, (), report, "live")
        ends = ends_of(seer, {"o": "orders", "h": "hidden", "p": "payments"})
        # Whether the records come before the brokers deny the use of a group differs from time to time.
        traffic_found, assumed = traffic(Admin(seer), {"orders": "orders"}, 1.5)
        described = planner.describe_brokers(java_client(seer), ["orders"], "seer")
        read = [len(list(read_topic(seer, "payments"))) for _ in range(20)]
    assert read == [10] * 20
    assert (described.count, described.stored, described.usable) == (1, {}, None)
    assert set(described.refused) == {"disks", "quotas"}
    # By offsets at times alone.
    [seen] = traffic_found
    assert (seen.records, seen.partitions, seen.basis) == (10, 2, "assumed")
    assert seen.until is not None
    assert seen.peak.high > 0
    assert assumed[0].text.partition(" (")[0] == "records of 'orders' may not be read"
    assert any("how long 'orders' keeps records may not be read" in each.text for each in assumed)
    assert ends.by_topic == {"orders": {0: 5, 1: 5}, "payments": {0: 5, 1: 5}}
    assert not ends.gone
    [unseen] = ends.missing
    assert "the ends of 'hidden' (could not see the topic 'hidden'" in unseen.what
    assert "does not allow it" in unseen.what
    [only] = found.sources
    assert (only.start, only.records, only.bytes) == ({0: 2, 1: 6}, 3, None)
    assert [(each.rule, each.severity) for each in found.findings] == [
        ("not-looked-at", "warning"),
        ("startpoint-outside-log", "error"),
        ("not-looked-at", "warning"),
    ]
    assert "what lies between its offsets is not known of orders" in found.findings[0].message
    assert "how long its topic keeps records is not known of orders" in found.findings[2].message
    assert "does not allow it" in found.findings[2].message


def allow(admin: Admin, topic: str, operation: AclOperation) -> None:
    binding = AclBinding(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:seer", "*", operation,
        AclPermissionType.ALLOW,
    )  # fmt: skip
    for done in admin.client.create_acls([binding]).values():
        done.result(10)
