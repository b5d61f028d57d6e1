# ruff: noqa: E501
import pytest
import yaml

from juncture.errors import JunctureError
from juncture.render.crd import DeploymentSchema

QUANTITY = {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}
SPEC = {
    "type": "object",
    "properties": {
        "flinkVersion": {"type": "string", "enum": ["v1_20", "v2_1", "v2_2"]},
        "limits": {"type": "object", "additionalProperties": QUANTITY},
        "note": {"type": "string", "nullable": True, "description": "for people"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"a": {"type": "integer"}}},
        "containers": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
    },
}  # fmt: skip


def definition(spec=SPEC, name="flinkdeployments.flink.apache.org", version="v1beta1"):
    schema = {
        "openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": {"type": "object"}}}
    }
    return yaml.safe_dump(
        {"metadata": {"name": name}, "spec": {"versions": [{"name": version, "schema": schema}]}}
    )


def problems(**spec):
    schema = DeploymentSchema(definition(), "crd.yaml")
    return schema.problems({"apiVersion": "a", "kind": "k", "metadata": {"name": "n"}, "spec": spec})


def test_what_the_api_server_takes():
    assert not problems(
        flinkVersion="v2_2",
        limits={"cpu": 1, "memory": "2g"},
        note=None,
        free={"a": 1, "anything": []},
        containers=[{"name": "x"}],
    )


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"flinkVersions": "v2_2"}, "spec: Additional properties are not allowed ('flinkVersions' was unexpected)"),
        ({"flinkVersion": "v2_3"}, "spec.flinkVersion: 'v2_3' is not one of ['v1_20', 'v2_1', 'v2_2']"),
        ({"containers": [{}, {"nam": "x"}]}, "spec.containers[1]: Additional properties are not allowed ('nam' was unexpected)"),
        ({"limits": {"cpu": 0.5}}, "spec.limits.cpu: 0.5 is not of type 'integer', 'string'"),
        ({"free": {"a": "1"}}, "spec.free.a: '1' is not of type 'integer'"),
        ({"note": 1}, "spec.note: 1 is not of type 'string', 'null'"),
    ],
)  # fmt: skip
def test_what_it_would_refuse_or_drop(spec, expected):
    assert expected in problems(**spec)


def test_a_manifest_without_its_head():
    assert DeploymentSchema(definition(), "crd.yaml").problems({"spec": {}}) == [
        "$: 'apiVersion' is a required property",
        "$: 'kind' is a required property",
        "$: 'metadata' is a required property",
    ]


@pytest.mark.parametrize(
    ("flink", "named"), [("2.3.0", "v2_2"), ("2.2.1", "v2_2"), ("2.1.0", "v2_1"), ("1.20.3", "v1_20")]
)
def test_the_newest_version_that_is_known_and_not_newer(flink, named):
    assert DeploymentSchema(definition(), "crd.yaml").flink_version(flink) == named


def test_a_version_that_was_added_since():
    assert DeploymentSchema(definition(), "crd.yaml", ("v2_2", "v2_3")).flink_version("2.3.0") == "v2_3"


def test_a_definition_from_before_this_flink():
    with pytest.raises(JunctureError, match=r"does not know Flink 2\.0, only up to v2_2"):
        DeploymentSchema(definition(), "crd.yaml").flink_version("2.0.0")


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "[]",
        "kind: Deployment",
        definition(name="flinksessionjobs.flink.apache.org"),
        definition(version="v1"),
        definition(spec={"type": "object"}),
    ],
)
def test_a_file_that_is_no_such_definition(text):
    with pytest.raises(
        JunctureError, match=r"crd\.yaml is no definition of flink\.apache\.org/v1beta1"
    ) as caught:
        DeploymentSchema(text, "crd.yaml")
    assert caught.value.remedy == "write it by `kubectl get crd flinkdeployments.flink.apache.org -o yaml`"
