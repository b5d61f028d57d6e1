import pytest

from juncture.errors import InvalidProject
from juncture.project.config import load_config

HEAD = (
    '[project]\nname = "shop"\ndefault_environment = "a"\n[environments.a]\nkafka.bootstrap_servers = "k:1"\n'
)
PLAIN = 'namespace = "shop"\nimage = "shop/{job}:{digest}"\n'
TABLE = "[environments.a.kubernetes]\n"


def read(tmp_path, text):
    (tmp_path / "juncture.toml").write_text(HEAD + text)
    return load_config(tmp_path).environments["a"].kubernetes


def test_an_environment_needs_no_session_cluster_beside_it(tmp_path):
    found = read(tmp_path, TABLE + PLAIN + 'checkpoints = "s3://b/cp/"\n')
    assert (found.service_account, found.slots, found.checkpoints) == ("flink", 1, "s3://b/cp")


def test_kubernetes_needs_kafka_and_no_local_stack(tmp_path):
    for head, expected in (("local = {}", "has both 'local' and 'kubernetes'"), ("", "has no 'kafka'")):
        (tmp_path / "juncture.toml").write_text(
            HEAD.replace('kafka.bootstrap_servers = "k:1"', head) + TABLE + PLAIN
        )
        with pytest.raises(InvalidProject) as caught:
            load_config(tmp_path)
        assert expected in str(caught.value.problems[0])


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('namespace = "Shop"', "namespace: 'Shop' is not a name in Kubernetes"),
        (f'namespace = "{"s" * 64}"', "is not a name in Kubernetes"),
        ('image = "shop:{digest}"', "image: 'shop:{digest}' has no {job}"),
        ('image = "shop/{job}:1"', "image: 'shop/{job}:1' has no {digest}"),
        ('image = "shop/{job}:{digest}{tag}"', "has other names in braces than {job} and {digest}"),
        ('image = "shop/{job:>9}:{digest}"', "has other names in braces"),
        ('image = "shop/{job:{digest}"', "has a brace without the other"),
        ('image = "Shop/{job}:{digest}"', "is not an image's name"),
        ('checkpoints = "file:///cp"', "checkpoints: 'file:///cp' is on one pod's disk"),
        ('checkpoints = "cp"', "checkpoints: 'cp' is not an address"),
        ('checkpoints = "s3://me:hunter2@b/cp"', "checkpoints: the address holds a password"),
        ('checkpoints = "s3://${BUCKET}/cp"', "checkpoints: Flink expands no ${VARIABLE} here"),
        ('savepoints = "s3://b/sp"', "savepoints needs checkpoints"),
        ('high_availability = "s3://b/ha"', "high_availability needs checkpoints"),
        ("jobmanager.replicas = 2", "more than one JobManager needs high_availability"),
        ("jobs.x.jobmanager.replicas = 2", "more than one JobManager needs high_availability"),
        ("slots = 0", "slots: 0 is out of range"),
        ("slots = 65", "slots: 65 is out of range"),
        ('taskmanager.memory = "1279m"', "1279m is too little"),
        ('jobmanager.memory = "767m"', "767m is too little"),
        ("taskmanager.cpu = 0", "taskmanager.cpu: 0 is out of range"),
        ('secrets.KAFKA_PASSWORD = {name = "Kafka", key = "k"}', "'Kafka' is not a name in Kubernetes"),
        ('secrets.KAFKA_PASSWORD = {name = "kafka", key = "a b"}', "is not a key of a Secret"),
        ('secrets.KAFKA_PASSWORD = {name = "kafka"}', "the key 'key' is missing"),
        ('secrets.KAFKA_PASSWORD = "hunter2"', "'KAFKA_PASSWORD' holds a secret in plain text"),
        ('options."s3.secret-key" = "hunter2"', "'s3.secret-key' holds a secret"),
        ('options."s3.secret-key" = "${KEY}"', "'s3.secret-key' holds a secret"),
        ('options."s3.endpoint" = "${HOST}"', "Flink's configuration expands none"),
        ('options."execution.checkpointing.dir" = "s3://x"', "'execution.checkpointing.dir' is set by checkpoints"),
        ('crd = "/crd.yaml"', "crd: '/crd.yaml' is outside the project"),
        ('crd = "../crd.yaml"', "crd: '../crd.yaml' is outside the project"),
        ("replicas = 2", "unknown key 'replicas'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_and_no_secret_with_it(tmp_path, lines, expected):
    key = lines.split(" ")[0]
    plain = "".join(line + "\n" for line in PLAIN.splitlines() if not line.startswith(key))
    with pytest.raises(InvalidProject) as caught:
        read(tmp_path, TABLE + plain + lines + "\n")
    told = [str(each) for each in caught.value.problems]
    assert any(expected in each for each in told), told
    assert not any("hunter2" in f"{each} {each.remedy}" for each in caught.value.problems)


@pytest.mark.parametrize(
    "lines", ['taskmanager.memory = "1280m"', 'jobmanager.memory = "768m"', "slots = 64"]
)
def test_just_enough(tmp_path, lines):
    assert read(tmp_path, TABLE + PLAIN + lines + "\n") is not None
