"""A rendered FlinkDeployment's command line, on the real Flink and broker: all of it but Kubernetes."""

import pytest
from click.testing import CliRunner, Result
from tests.cluster.application import Pods
from tests.cluster.example import JOB, until

from juncture.cli.main import main

pytestmark = pytest.mark.usefixtures("one_planner")

ENVIRONMENT = """
[environments.pods]
kafka.bootstrap_servers = "${KAFKA_ADDRESS}"

[environments.pods.kubernetes]
namespace = "adstream"
image = "adstream/{job}:{digest}"
checkpoints = "s3://state/checkpoints"
savepoints = "s3://state/savepoints"
high_availability = "s3://state/ha"
slots = 2
secrets.KAFKA_ADDRESS = { name = "kafka", key = "address" }
"""


@pytest.fixture
def example(make):
    """The example on the event join, with a source whose start Flink has no option for."""

    def edit(job: str) -> str:
        start = "page_clicks: {start: earliest, partitions: {3: {offset: 0}}}"
        return job.replace("page_clicks: earliest", start) + "join_strategy: event_join\n"

    return make(edit=edit)


def test_an_application_starts_at_its_offsets_and_goes_on_from_its_savepoint(example, tmp_path):
    made, project = example, tmp_path / "project"
    config = project / "juncture.toml"
    config.write_text(config.read_text() + ENVIRONMENT)
    variables = {"KAFKA_ADDRESS": made.connection.kafka.bootstrap_servers}

    def juncture(*args: str) -> Result:
        shared = ["--project", str(project), "--env", "pods"]
        return CliRunner().invoke(main, [*shared, *args], env=variables)

    made.write(20)
    result = juncture("render", JOB, "--target", "kubernetes")
    assert result.exit_code == 2
    assert "where page_clicks starts has to be resolved before" in result.stderr
    result = juncture("startpoints", JOB, "--output", "json")
    seen = tmp_path / "seen.json"
    seen.write_text(result.stdout)
    both = ("--target", "kubernetes", "--target", "prometheus")
    result = juncture("render", JOB, *both, "--startpoints", str(seen))
    assert result.exit_code == 0, result.stderr

    built = project / "build" / JOB
    assert (built / "prometheus-rules.yaml").exists()
    pods = Pods(tmp_path / "pods", built)
    assert pods.variables == set(variables)
    assert variables["KAFKA_ADDRESS"] not in (built / "kubernetes.yaml").read_text()
    chosen = {"$internal.pipeline.job-id": "0" * 31 + "a"}  # as the operator chooses it
    with pods.running(variables, chosen) as cluster:
        until(lambda: len(made.joined()) == 20)
        (job,) = cluster.jobs()
        assert job.id in chosen.values()
        savepoint = cluster.stop(job.id, str(tmp_path / "savepoints"))
    made.write(20, first=20)
    with pods.running(variables, {"execution.state-recovery.path": savepoint}) as cluster:
        until(lambda: len(made.joined()) >= 40)
        assert len(set(made.joined())) == len(made.joined()) == 40
