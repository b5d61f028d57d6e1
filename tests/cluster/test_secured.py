"""A remote environment: brokers that want a login over TLS and deny some things, Flink behind HTTPS and a token."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without saying so
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from tests.cluster.conftest import Stack
from tests.cluster.example import JOB, START, TOPICS, stamp, until
from tests.cluster.secured import Certificates, SecuredBroker, guarded, make_certificates

from juncture.capacity.traffic import traffic
from juncture.diagnosis.topics import ends_of
from juncture.errors import Location, Refused, Unreachable
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

REPOSITORY = Path(__file__).parents[2]
# What needs care in a JAAS entry, in SQL, in a regular expression's replacement, in a URL and in JSON.
PASSWORD = 'it\'s "q" \\1;$x %7B,{}/é'  # noqa: S105
TOKEN = "t0ken-of.Flink~77"  # noqa: S105
WRONG = "not-the-right-one"
CONFIG = """\
[project]
name = "secured"
default_environment = "production"

[vars]
click_window = "INTERVAL '10' MINUTE"

[environments.production.kafka]
bootstrap_servers = "{kafka}"
security = {{ protocol = "SASL_SSL", mechanism = "SCRAM-SHA-512", username = "ads", password = "${{KAFKA_PASSWORD}}", \
ca_file = "{ca}" }}

[environments.production.flink]
rest = "{flink}"
ca_file = "{ca}"
headers = {{ Authorization = "Bearer ${{FLINK_TOKEN}}" }}
"""


@dataclass
class Site:
    """A project whose one environment is remote; it keeps all that commands print and show to `ps`."""

    root: Path
    kafka: Kafka
    printed: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)

    def run(self, *arguments: str, **variables: str | None) -> subprocess.CompletedProcess[str]:
        given = {"KAFKA_PASSWORD": PASSWORD, "FLINK_TOKEN": TOKEN, **variables}
        environment = {
            **{name: value for name, value in os.environ.items() if name not in given},
            **{name: value for name, value in given.items() if value is not None},
        }
        command = [str(Path(sys.executable).with_name("juncture")), *arguments]
        process = subprocess.Popen(
            command, cwd=self.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        watch = threading.Thread(target=self._watch, args=(process,), daemon=True)
        watch.start()
        stdout, stderr = process.communicate()
        watch.join()
        self.printed += [stdout, stderr]
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def _watch(self, process: subprocess.Popen[str]) -> None:
        while process.returncode is None:
            with suppress(psutil.Error):
                top = psutil.Process(process.pid)
                for each in (top, *top.children(recursive=True)):
                    self.shown.add(" ".join(each.cmdline()))
            time.sleep(0.3)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def broker(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    users = {"ads": PASSWORD, "seer": "secret"}
    broker = SecuredBroker(tmp_path_factory.mktemp("broker"), certificates, users, trusted=["ads"])
    with broker.running():
        yield broker


@pytest.fixture
def site(stack: Stack, broker: SecuredBroker, certificates: Certificates, tmp_path: Path) -> Iterator[Site]:
    root = tmp_path / "project"
    for folder in ("sql", "jobs", "templates"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    with guarded(stack.flink.rest, certificates, TOKEN) as flink:
        config = CONFIG.format(kafka=broker.address, flink=flink, ca=certificates.ca)
        (root / "juncture.toml").write_text(config)
        yield Site(root, secured(broker, certificates))


def secured(broker: SecuredBroker, certificates: Certificates, **changed: str | None) -> Kafka:
    given = {
        "protocol": "SASL_SSL", "mechanism": "SCRAM-SHA-512", "username": "ads", "password": PASSWORD,
        "ca_file": str(certificates.ca),
    }  # fmt: skip
    login = KafkaSecurity.model_validate({**given, **changed})
    return Kafka(bootstrap_servers=broker.address, security=login)


def write(kafka: Kafka, count: int) -> None:
    with Writer(kafka) as writer:
        for number in range(count):
            moment, key = START + timedelta(seconds=number), f"i{number}"
            impression = {"impression_id": key, "member_id": number, "page": "p", "served_at": stamp(moment)}
            click = {"click_id": f"c{number}", "impression_id": key, "clicked_at": stamp(moment)}
            writer.write("page-impressions", json.dumps(impression).encode(), key.encode())
            writer.write("page-clicks", json.dumps(click).encode(), key.encode())


def joined(kafka: Kafka) -> list[str]:
    rows = read_topic(kafka, "joined-clicks")
    return sorted(json.loads(record.value or b"{}")["click_id"] for record in rows)


def test_a_job_of_a_remote_environment_from_its_check_to_its_history(site: Site, stack: Stack) -> None:
    checked = site.run("check", JOB, KAFKA_PASSWORD=None, FLINK_TOKEN=None)
    assert checked.returncode == 0, checked.stderr

    unset = site.run("sample", JOB, KAFKA_PASSWORD=None)
    assert unset.returncode == 2, unset.stderr
    assert "KAFKA_PASSWORD" in unset.stderr
    refused = site.run("sample", JOB, "--debug", KAFKA_PASSWORD=WRONG)
    assert refused.returncode == 3, refused.stderr
    assert "refused the login" in refused.stderr
    assert "kafka.security in juncture.toml" in refused.stderr

    Admin(site.kafka).create(dict.fromkeys(TOPICS, 2))
    write(site.kafka, 200)
    submitted = site.run("submit", JOB, "--debug")
    assert submitted.returncode == 0, submitted.stderr
    until(lambda: len(joined(site.kafka)) >= 200)
    assert joined(site.kafka) == sorted(f"c{number}" for number in range(200))
    closed = site.run("status", JOB, FLINK_TOKEN=WRONG)
    assert closed.returncode == 3, closed.stderr
    assert "refused the request (401)" in closed.stderr
    assert "flink.headers" in closed.stderr
    assert site.run("status", JOB).returncode == 0
    stopped = site.run("stop", JOB, "--output", "json")
    assert stopped.returncode == 0, stopped.stderr
    assert json.loads(stopped.stdout)["savepoint"]
    history = site.run("history", JOB)
    assert "stopped" in history.stdout

    files = [path for path in site.root.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"job.py", "plan.json", "statements.sql", "manifest.json"}
    written = [path.read_text(errors="replace") for path in files]
    assert any("juncture.planner.worker" in line for line in site.shown)
    logs = [path.read_text(errors="replace") for path in (stack.root / ".juncture").rglob("*.log")]
    for secret in (PASSWORD, TOKEN, WRONG):
        for form in {secret, json.dumps(secret)[1:-1], secret.replace("'", "''")}:
            for place in (written, site.printed, list(site.shown), logs):
                assert not [text for text in place if form in text]


@pytest.mark.parametrize(
    ("changed", "told", "key"),
    [
        ({"mechanism": "PLAIN", "password": WRONG}, "refused the login", "kafka.security"),
        ({"mechanism": "SCRAM-SHA-256"}, "refused the login", "kafka.security"),
        ({"ca_file": None}, "no trusted connection", "ca_file"),
        ({"protocol": "SASL_PLAINTEXT"}, "do not answer", "security protocol"),
    ],
)
def test_brokers_that_do_not_let_in(
    broker: SecuredBroker, certificates: Certificates, changed: dict[str, str | None], told: str, key: str
) -> None:
    with pytest.raises(Unreachable, match=told) as caught:
        Admin(secured(broker, certificates, **changed), timeout=2).partitions()
    assert key in (caught.value.remedy or "")
    assert WRONG not in f"{caught.value!r} {caught.value.remedy}"


def test_a_plain_login_over_tls(broker: SecuredBroker, certificates: Certificates) -> None:
    kafka = secured(broker, certificates, mechanism="PLAIN")
    Admin(kafka).create({"plain": 1})
    with Writer(kafka) as writer:
        writer.write("plain", b"x")
    assert [record.value for record in read_topic(kafka, "plain")] == [b"x"]


def test_what_brokers_refuse_to_tell_is_said_and_the_rest_is_told(
    broker: SecuredBroker, certificates: Certificates, planner: Planner
) -> None:
    """They tell offsets, and neither records nor options."""
    inner = Admin(Kafka(bootstrap_servers=broker.inner))
    inner.create({"orders": 2, "payments": 2, "hidden": 1})
    with Writer(inner.kafka) as writer:
        for number in range(10):
            writer.write("orders", b"x", partition=number % 2)
            writer.write("payments", b"x", partition=number % 2)
    allow(inner, "orders", AclOperation.DESCRIBE)
    allow(inner, "payments", AclOperation.READ)
    seer = secured(broker, certificates, mechanism="PLAIN", username="seer", password="secret")  # noqa: S106

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
