import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml
from tests.projects import CONFIG, JOB, small_project
from tests.unit.render.test_crd import definition

from juncture.deploy.application import Applications
from juncture.deploy.environment.toolchain import Jar, Toolchain
from juncture.errors import JunctureError, Refused
from juncture.model.resolved import PartitionRange, ResolvedSource, ResolvedStartpoints
from juncture.model.startpoint import Startpoint
from juncture.render.renderer import render

PODS = """
[environments.pods]
kafka.bootstrap_servers = "k:1"
[environments.pods.kubernetes]
namespace = "shop"
image = "shop/{job}:{digest}"
checkpoints = "s3://b/cp"
high_availability = "s3://b/ha"
crd = "crd.yaml"
"""
ANY = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
FIELDS = {
    **dict.fromkeys(("flinkConfiguration", "jobManager", "taskManager", "job"), ANY),
    **{key: {"type": "string"} for key in ("image", "mode", "serviceAccount")},
    "flinkVersion": {"type": "string", "enum": ["v1_20", "v2_2"]},
}
"""What a FlinkDeployment has, as far as it is looked at here."""
TOOLCHAIN = Toolchain(Path("java"), (Jar("g:kafka:1", "00", Path("cache/kafka-1.jar")),))


class Made:
    def __init__(self, root: Path, job: str, crd: str) -> None:
        files = {"juncture.toml": CONFIG + PODS, "jobs/matches.yaml": job, "crd.yaml": crd}
        project = small_project(root, files)
        environment = project.environments["pods"]
        self.rendered = render(project, "matches", environment)
        self.applications = Applications(project, environment)
        sources = {
            name: {"connector": "kafka", "startpoint": start.model_dump(mode="json")}
            for name, start in self.rendered.startpoints.items()
        }
        manifest = {
            "schema_version": 1, "job": "matches", "environment": "pods", "flink": "2.3",
            "topics": self.rendered.topics, "sources": sources, "variables": [],
            "options": self.rendered.options, "parallelism": 1,
        }  # fmt: skip
        self.files = {"manifest.json": json.dumps(manifest), "job.py": ""}

    def application(self, seen: ResolvedStartpoints | None = None):
        return self.applications.application(self.rendered, self.files, TOOLCHAIN, seen)


@pytest.fixture
def make(tmp_path):
    def _make(job: str = JOB, crd: str = definition({"type": "object", "properties": FIELDS})) -> Made:
        return Made(tmp_path, job, crd)

    return _make


def test_the_projects_own_definition_decides_and_the_jars_come_along(make):
    found = make().application()
    assert found.flink_version == "v2_2"
    assert found.beside == {"lib/kafka-1.jar": Path("cache/kafka-1.jar")}
    assert "lib/kafka-1.jar /opt/flink/lib/" in found.files["Dockerfile"]
    spec = yaml.safe_load(found.files["kubernetes.yaml"])["spec"]
    assert (spec["image"], spec["job"]["upgradeMode"]) == (found.image, "last-state")


def test_the_jobs_own_jars_lie_beside_job_py_and_go_to_the_same_folder_of_the_image(make):
    made = make()
    own = replace(TOOLCHAIN, own=(Path("cache/own/00/functions.jar"),))
    found = made.applications.application(made.rendered, made.files, own)
    assert own.beside == {"functions.jar": Path("cache/own/00/functions.jar")}
    assert found.beside == {"lib/kafka-1.jar": Path("cache/kafka-1.jar")}
    copied = [
        line.split()[2:]
        for line in found.files["Dockerfile"].splitlines()
        if ".jar" in line and "COPY" in line
    ]
    assert copied == [["functions.jar", "/opt/flink/lib/"], ["lib/kafka-1.jar", "/opt/flink/lib/"]]


def test_what_the_definition_does_not_have_is_not_written(make):
    older = {key: value for key, value in FIELDS.items() if key != "mode"}
    crd = definition({"type": "object", "properties": older})
    with pytest.raises(
        JunctureError, match=r"is not what crd\.yaml describes: spec: .*'mode' was unexpected"
    ):
        make(crd=crd).application()


STARTS = JOB + "startpoints: {server: {partitions: {0: {offset: 7}}}}\n"


def seen_of(made: Made, start: int) -> ResolvedStartpoints:
    sources = tuple(
        ResolvedSource(
            table=table,
            topic=made.rendered.topics[table],
            startpoint=startpoint,
            partitions=(PartitionRange(partition=0, start=start, end=9, log_start=0, log_end=9, records=9),),
            bounded=False,
        )
        for table, startpoint in made.rendered.startpoints.items()
    )
    return ResolvedStartpoints(
        job="matches", environment="pods", resolved_at=datetime.now(timezone.utc), sources=sources
    )


def test_a_start_that_flink_can_not_be_told_is_resolved_first(make):
    made = make(STARTS)
    with pytest.raises(JunctureError, match="where server starts has to be resolved") as caught:
        made.application()
    assert "juncture startpoints matches --env pods --output json" in str(caught.value.remedy)
    text = made.application(seen_of(made, 7)).files["kubernetes.yaml"]
    arguments = yaml.safe_load(text)["spec"]["job"]["args"]
    assert "-Djuncture.table.server.scan.startup.specific-offsets=partition:0,offset:7" in arguments


def test_offsets_that_were_seen_for_another_startpoint(make):
    made = make(STARTS)
    seen = seen_of(made, 7)
    other = tuple(each.model_copy(update={"startpoint": Startpoint()}) for each in seen.sources)
    with pytest.raises(Refused, match="server or its startpoint has changed since"):
        made.application(seen.model_copy(update={"sources": other}))
