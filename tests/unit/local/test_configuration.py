from __future__ import annotations

from pathlib import Path

import pytest

from juncture.errors import Unreachable
from juncture.local.broker import Broker
from juncture.local.classes import Classes
from juncture.local.cluster import JOBMANAGER, Cluster, parse_memory
from juncture.local.java import Java
from juncture.local.memory import Divided
from juncture.local.processes import Launch
from juncture.local.state import Ports, StateFolder
from juncture.model.local import LocalSettings

PORTS = Ports(kafka=20001, controller=20002, rest=20003, rpc=20004)
SETTINGS = LocalSettings(slots=3, taskmanager_memory="3g")


def java(version: int = 17) -> Java:
    return Java(Path("home"), Path("home/bin/java"), version, "system")


def classes(folder: StateFolder) -> Classes:
    return Classes(folder.root / "classes", java(), records=True)


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder.of(tmp_path)
    folder.create()
    return folder


@pytest.fixture
def broker(folder: StateFolder) -> Broker:
    return Broker(folder, SETTINGS, PORTS, java(), [Path("a.jar"), Path("b.jar")], classes(folder))


@pytest.fixture
def cluster(folder: StateFolder) -> Cluster:
    return Cluster(folder, SETTINGS, PORTS, java(), classes(folder))


def test_the_broker_listens_on_the_loopback_interface(broker):
    properties = broker.properties()
    listeners = properties["listeners"].split(",")
    assert listeners == ["PLAINTEXT://127.0.0.1:20001", "CONTROLLER://127.0.0.1:20002"]
    assert properties["advertised.listeners"] == listeners[0]


def test_records_are_kept_whatever_their_timestamp(broker):
    properties = broker.properties()
    assert properties["log.retention.ms"] == "-1"
    assert properties["log.message.timestamp.before.max.ms"] == str(2**63 - 1)
    assert properties["log.message.timestamp.after.max.ms"] == str(2**63 - 1)


def test_what_stands_in_a_projects_path_is_kept_from_java(tmp_path, monkeypatch):
    """Which reads properties in Latin-1, lists of folders by their commas, and where logging is told as an address."""
    folder = StateFolder.of(tmp_path / "my c# (100%20), åä 本\\n")
    folder.create()
    broker, cluster = (
        Broker(folder, SETTINGS, PORTS, java(), [], classes(folder)),
        Cluster(folder, SETTINGS, PORTS, java(), classes(folder)),
    )
    broker.prepare()
    written = (folder.conf / "kafka" / "server.properties").read_text(encoding="ascii")
    assert "log.dirs=../data/kafka\n" in written
    assert (broker.launch().cwd / "../data/kafka").resolve() == folder.data / "kafka"
    for launch, name in ((broker.launch(), "log4j2."), (cluster.memory(JOBMANAGER), "log4j.")):
        (told,) = [each for each in launch.argv if each.startswith(f"-D{name}configurationFile=")]
        assert "/my%20c%23%20%28100%2520%29%2C%20%C3%A5%C3%A4%20%E6%9C%AC%5Cn/" in told
    # What a broker of one's own adds, such as a key store.
    monkeypatch.setattr(broker, "properties", lambda: {"ssl.keystore.location": "/å\\𝄞"})
    broker.prepare()
    written = (folder.conf / "kafka" / "server.properties").read_text(encoding="ascii")
    assert written == "ssl.keystore.location=/\\u00e5\\u005c\\ud834\\udd1e\n"


def test_an_interrupted_format_is_done_again_and_a_finished_one_is_kept(broker, folder):
    data = folder.data / "kafka"
    data.mkdir()
    broker.prepare()
    assert broker.needs_format
    assert not data.exists()
    data.mkdir()
    broker.formatted()
    broker.prepare()
    assert not broker.needs_format
    assert data.exists()


def test_a_data_folder_is_formatted_once_for_all_folders_and_ports(tmp_path):
    def broker_in(name: str, ports: Ports) -> Broker:
        folder = StateFolder.of(tmp_path / name)
        folder.create()
        return Broker(folder, SETTINGS, ports, java(), [jar], classes(folder))

    jar, kept = tmp_path / "kafka.jar", tmp_path / "kept"
    jar.write_text("kafka")
    first = broker_in("a", PORTS)
    assert not first.restore(kept)
    made = StateFolder.of(tmp_path / "a").data / "kafka"
    made.mkdir()
    (made / "meta.properties").write_text("node.id=1\n")
    first.keep(kept)
    assert broker_in("b", PORTS.model_copy(update={"kafka": 20007, "controller": 20008})).restore(kept)
    assert (StateFolder.of(tmp_path / "b").data / "kafka" / "meta.properties").read_text() == "node.id=1\n"


def test_every_address_of_the_cluster_is_loopback(cluster):
    configuration = cluster.configuration()
    hosts = {value for key, value in configuration.items() if key.endswith(("host", "address"))}
    assert hosts == {"127.0.0.1"}
    assert configuration["taskmanager.numberOfTaskSlots"] == 3
    assert configuration["taskmanager.memory.process.size"] == "3g"


def test_every_process_carries_the_marker_of_its_folder(broker, cluster, folder):
    worker, _ = cluster.taskmanager(1, ([], []))
    launches = [
        broker.format(),
        broker.launch(),
        cluster.memory(JOBMANAGER),
        cluster.jobmanager(([], [])),
        worker,
    ]
    assert all(folder.marker in launch.argv for launch in launches)


def test_a_taskmanager_started_again_registers_under_another_id(cluster):
    assert cluster.taskmanager(1, ([], []))[1] != cluster.taskmanager(1, ([], []))[1]


@pytest.mark.parametrize(("version", "allowed"), [(17, False), (21, True)])
def test_a_newer_java_is_told_to_allow_a_security_manager(folder, version, allowed):
    launch = Cluster(folder, SETTINGS, PORTS, java(version), classes(folder)).jobmanager(([], []))
    assert ("-Djava.security.manager=allow" in launch.argv) is allowed
    assert any(option.startswith("--add-opens=java.base/java.lang") for option in launch.argv)


def test_memory_sizes_are_read_from_what_flink_prints(tmp_path):
    launch = Launch(JOBMANAGER, (), tmp_path, tmp_path / "out", tmp_path / "log")
    mark = "BASH_JAVA_UTILS_EXEC_RESULT:"
    printed = f"INFO  [] - Loading\n{mark}-Xmx1 -Xms1\n{mark}-D a=1 -D b=2\n"
    assert parse_memory(JOBMANAGER, launch, printed) == (["-Xmx1", "-Xms1"], ["-D", "a=1", "-D", "b=2"])
    with pytest.raises(Unreachable, match="no memory sizes"):
        parse_memory(JOBMANAGER, launch, "INFO  [] - Loading\n")


def test_how_memory_is_divided_is_asked_once_for_all_folders_and_ports(folder, tmp_path):
    asked: list[Path] = []

    def told(root: Path, ports: Ports, settings: LocalSettings, **options: str) -> None:
        def ask() -> Divided:
            asked.append(root)
            return [], []

        elsewhere = StateFolder.of(root)
        given = {key.replace("_", "."): value for key, value in options.items()}
        cluster = Cluster(elsewhere, settings, ports, java(), classes(elsewhere), options=given)
        cluster.memory_sizes(tmp_path / "memory").of(JOBMANAGER, ask)

    other = PORTS.model_copy(update={"rest": 20005, "rpc": 20006})
    told(tmp_path / "a", PORTS, SETTINGS)
    told(tmp_path / "b", other, SETTINGS)
    told(tmp_path / "b", other, SETTINGS, s3_endpoint="x:1", metrics_reporter_pushed_port="2")
    assert asked == [tmp_path / "a"]
    told(tmp_path / "b", other, SETTINGS.model_copy(update={"taskmanager_memory": "4g"}))
    assert asked == [tmp_path / "a", tmp_path / "b"]
