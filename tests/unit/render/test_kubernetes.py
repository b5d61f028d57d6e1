import pytest
import yaml
from tests.projects import CONFIG, JOB, small_project

from juncture.errors import JunctureError
from juncture.model.kubernetes import Kubernetes
from juncture.render.image import dockerfile
from juncture.render.kubernetes import (
    deployment_name,
    flink_deployment,
    image_of,
    manifest_text,
    upgrade_of,
)
from juncture.render.renderer import render

STATE = {"checkpoints": "s3://b/cp", "savepoints": "s3://b/sp/", "high_availability": "s3://b/ha"}
SECRETS = {"KAFKA_PASSWORD": {"name": "kafka", "key": "password"}, "UNUSED": {"name": "other", "key": "k"}}


def settings(**more):
    plain = {"namespace": "shop", "image": "shop/{job}:{digest}", **STATE, "secrets": SECRETS}
    kept = {key: value for key, value in {**plain, **more}.items() if value is not None}
    return Kubernetes.model_validate(kept)


@pytest.fixture
def rendered(tmp_path):
    """Renders the small project's job, with more lines in its file, for production."""

    def _rendered(more=""):
        project = small_project(tmp_path, {"jobs/matches.yaml": JOB + more, "juncture.toml": CONFIG})
        return render(project, "matches", project.environments["production"])

    return _rendered


def deployed(job, kubernetes, starts=None):
    upgrade = upgrade_of(job, kubernetes)
    found = flink_deployment(job, kubernetes, job.options, upgrade, "i:1", ("2.3.0", "v2_2"), starts or {})
    text = manifest_text(job, found, upgrade)
    assert yaml.safe_load(text) == found
    return found["spec"], text


def test_what_the_operator_is_told(rendered):
    spec, _ = deployed(rendered("parallelism: 3\n"), settings(slots=2))
    assert spec["job"] == {
        "jarURI": "local:///opt/flink/opt/flink-python-2.3.0.jar",
        "entryClass": "org.apache.flink.client.python.PythonDriver",
        "args": ["-pyclientexec", "/usr/bin/python3", "-py", "/opt/flink/usrlib/matches/job.py"],
        "parallelism": 3,
        "upgradeMode": "savepoint",
        "state": "running",
    }
    options = spec["flinkConfiguration"]
    assert options["execution.checkpointing.savepoint-dir"] == "s3://b/sp/matches"
    assert options["high-availability.storageDir"] == "s3://b/ha/matches"
    assert options["taskmanager.numberOfTaskSlots"] == "2"
    assert options["execution.checkpointing.mode"] == "EXACTLY_ONCE"
    assert "parallelism.default" not in options


def test_only_the_job_manager_gets_the_secrets_and_only_those_of_the_job(rendered):
    spec, text = deployed(rendered(), settings())
    (container,) = spec["jobManager"]["podTemplate"]["spec"]["containers"]
    reference = {"secretKeyRef": {"name": "kafka", "key": "password"}}
    assert container["env"] == [{"name": "KAFKA_PASSWORD", "valueFrom": reference}]
    assert "podTemplate" not in spec["taskManager"]
    assert "UNUSED" not in text


def test_a_variable_without_a_secret(rendered):
    with pytest.raises(JunctureError, match="reads KAFKA_PASSWORD, and no Secret is named for it") as caught:
        deployed(rendered(), settings(secrets={}))
    assert caught.value.remedy == (
        'name a Secret for each in [environments.production.kubernetes.secrets], as {name = "SECRET", key = "KEY"}'
    )


def test_offsets_are_arguments_behind_the_programs_own(rendered):
    spec, _ = deployed(
        rendered(), settings(), {"juncture.table.server.b": "0;1", "juncture.table.server.a": "x"}
    )
    assert spec["job"]["args"][4:] == ["-Djuncture.table.server.a=x", "-Djuncture.table.server.b=0;1"]


def test_the_same_bytes_whatever_the_order_of_the_keys(rendered):
    options = {"s3.endpoint": "http://minio:9000", "a": "1"}
    turned = dict(reversed(options.items()))
    texts = {deployed(rendered(), settings(options=each))[1] for each in (options, turned)}
    assert len(texts) == 1
    assert "s3.endpoint: http://minio:9000" in texts.pop()


def test_a_jobs_own_sizes_and_options_win(rendered):
    sizes = {"slots": 4, "taskmanager": {"cpu": 4}}
    job = rendered("options: {taskmanager.memory.managed.fraction: 0.6}\n")
    spec, _ = deployed(
        job,
        settings(
            jobs={"matches": sizes},
            taskmanager={"memory": "16g"},
            options={"taskmanager.memory.managed.fraction": "0.1"},
        ),
    )
    assert spec["taskManager"]["resource"] == {"memory": "16g", "cpu": 4.0}
    assert spec["jobManager"]["resource"] == {"memory": "2g", "cpu": 1.0}
    assert spec["flinkConfiguration"]["taskmanager.numberOfTaskSlots"] == "4"
    assert spec["flinkConfiguration"]["taskmanager.memory.managed.fraction"] == "0.6"


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("taskmanager.numberOfTaskSlots: 8", "is set by slots on Kubernetes"),
        ("high-availability.cluster-id: x", "is set by the job's name on Kubernetes"),
        ("s3.secret-key: hunter2", "holds a secret, and would be readable in the cluster"),
    ],
)
def test_options_that_a_job_must_not_have_there(rendered, option, expected):
    with pytest.raises(JunctureError, match=expected) as caught:
        deployed(rendered(f"options: {{{option}}}\n"), settings())
    assert str(caught.value.location) == "jobs/matches.yaml"
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("of_the_job", "of_the_cluster", "place"),
    [
        ("options: {state.backend: rocksdb}\n", {}, "jobs/matches.yaml"),
        ("", {"high-availability": "kubernetes"}, "juncture.toml"),
    ],
)
def test_options_that_no_nested_yaml_can_hold(rendered, of_the_job, of_the_cluster, place):
    with pytest.raises(
        JunctureError, match=r"can't have both '([a-z-.]+)' and '\1\.\w+' on Kubernetes"
    ) as caught:
        deployed(rendered(of_the_job), settings(options=of_the_cluster))
    assert str(caught.value.location) == place


def test_the_operator_takes_savepoints_of_forst_in_its_own_form(rendered):
    job = rendered("state: {backend: forst}\n")
    kind = "kubernetes.operator.savepoint.format.type"
    assert deployed(job, settings())[0]["flinkConfiguration"][kind] == "NATIVE"
    assert kind not in deployed(rendered(), settings())[0]["flinkConfiguration"]
    with pytest.raises(JunctureError, match="keeps the state of 'matches' where checkpoints are") as caught:
        deployed(
            rendered("delivery: at-least-once\nstate: {backend: forst}\n"),
            settings(checkpoints=None, savepoints=None, high_availability=None),
        )
    assert "[environments.production.kubernetes]" in (caught.value.remedy or "")


NO_SAVEPOINTS = {"savepoints": None}
NO_HA = {"high_availability": None}
NOTHING = {"checkpoints": None, **NO_SAVEPOINTS, **NO_HA}


@pytest.mark.parametrize(
    ("delivery", "without", "mode", "words"),
    [
        ("exactly-once", {}, "savepoint", "not well enough for one, from its newest checkpoint"),
        ("exactly-once", NO_SAVEPOINTS, "last-state", "goes on from its newest checkpoint"),
        ("at-least-once", {}, "savepoint", "commits its rows"),
        ("at-least-once", NO_HA, "savepoint", "goes on from that"),
        ("at-least-once", NO_SAVEPOINTS | NO_HA, "stateless", "no folder for savepoints is named"),
        ("at-least-once", NOTHING, "stateless", "no folder for checkpoints or savepoints is named"),
    ],
)
def test_how_state_goes_on(rendered, delivery, without, mode, words):
    job, kubernetes = rendered(f"delivery: {delivery}\n"), settings(**without)
    upgrade = upgrade_of(job, kubernetes)
    assert upgrade.mode == mode
    assert words in upgrade.reason
    _, text = deployed(job, kubernetes)
    assert f"# upgradeMode is {mode}: " in text


@pytest.mark.parametrize(
    ("without", "remedy"),
    [
        (NO_HA, "add high_availability to [environments.production.kubernetes], or write"),
        (NOTHING, "add checkpoints and high_availability to"),
    ],
)
def test_exactly_once_needs_state_that_outlives_the_pods(rendered, without, remedy):
    with pytest.raises(JunctureError, match="'matches' promises exactly-once, which can't be kept") as caught:
        upgrade_of(rendered(), settings(**without))
    assert caught.value.remedy is not None
    assert caught.value.remedy.startswith(remedy)


@pytest.mark.parametrize(("job", "name"), [("A_b", "a-b"), ("a" * 45, "a" * 45), ("a", "a")])
def test_names_that_the_operator_takes(job, name):
    assert deployment_name(job) == name


@pytest.mark.parametrize("job", ["a" * 46, "a_", "ends_in__"])
def test_names_that_it_does_not_take(job):
    with pytest.raises(JunctureError, match="can't be a deployment's name"):
        deployment_name(job)


def test_an_image_is_another_for_each_content():
    images = {
        image_of(settings(), "j", *content) for content in (("a", "b"), ("a", "c"), ("c", "b"), ("a", "b"))
    }
    assert len(images) == 3
    assert all(image.startswith("shop/j:") for image in images)


@pytest.mark.parametrize(
    ("address", "plugin"),
    [
        ("s3://b", "flink-s3-fs-presto"),
        ("s3a://b", "flink-s3-fs-hadoop"),
        ("gs://b", "flink-gs-fs-hadoop"),
        ("abfss://c@a/x", "flink-azure-fs-hadoop"),
        ("hdfs://n/x", None),
    ],
)
def test_the_image_has_the_plugins_for_its_state(address, plugin):
    text = dockerfile("j", "2.3.0", ["operators.jar", "lib/kafka.jar"], [address, address])
    found = [line.split("/opt/flink/plugins/")[1].split()[0] for line in text.splitlines() if "mkdir" in line]
    assert found == ([plugin] if plugin else [])
    copied = [line.split()[-2] for line in text.splitlines() if line.endswith(" /opt/flink/lib/")]
    assert copied == ["lib/kafka.jar", "operators.jar"]


def test_a_jar_with_blanks_in_its_name_is_copied_as_one():
    text = dockerfile("j", "2.3.0", ["my own.jar"], [])
    assert 'COPY --chown=flink:flink ["my own.jar", "/opt/flink/lib/"]\n' in text
