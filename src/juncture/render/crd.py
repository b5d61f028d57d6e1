"""A FlinkDeployment held against the schema that Flink's Kubernetes operator publishes for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from juncture.errors import JunctureError

_NAME = "flinkdeployments.flink.apache.org"
_KEPT = "x-kubernetes-preserve-unknown-fields"
_EITHER = "x-kubernetes-int-or-string"
_VERSION = re.compile(r"v(\d+)_(\d+)")


class DeploymentSchema:
    """The schema of flink.apache.org/v1beta1 in a definition of the resource.

    Kubernetes' own rules apply besides those of JSON Schema: a field that the schema does not have is a problem, as
    the API server would drop it.

    Args:
        text: the definition, YAML or JSON, as `kubectl get crd` prints it.
        origin: what it is called in messages.
        added: versions of Flink that later definitions know besides.

    Raises JunctureError if the text is no definition of this resource.
    """

    def __init__(self, text: str, origin: str, added: tuple[str, ...] = ()) -> None:
        self.origin = origin
        try:
            # libyaml: the definition has half a MB, which takes a parser in Python three seconds.
            document = yaml.load(text, yaml.CSafeLoader)
            if document["metadata"]["name"] != _NAME:
                raise ValueError(f"it defines {document['metadata']['name']}")
            (schema,) = (
                each["schema"]["openAPIV3Schema"]
                for each in document["spec"]["versions"]
                if each["name"] == "v1beta1"
            )
            versions = schema["properties"]["spec"]["properties"]["flinkVersion"]["enum"]
        except (yaml.YAMLError, ValueError, KeyError, TypeError) as error:
            raise JunctureError(
                f"{origin} is no definition of flink.apache.org/v1beta1 FlinkDeployment: {_first_line(error)}",
                remedy=f"write it by `kubectl get crd {_NAME} -o yaml`",
            ) from error
        versions += [each for each in added if each not in versions]
        self._validator = Draft202012Validator(_strict(schema, root=True))
        self._versions: list[str] = versions

    def flink_version(self, flink: str) -> str:
        """The value of `flinkVersion` for a Flink, as '2.3.0': the newest that is known, of the same major version.

        The operator asks by it what a Flink is able to do, and does not compare it with the image.

        Raises JunctureError if only others are known.
        """
        major, minor = (int(part) for part in flink.split(".")[:2])
        known = [(int(m[1]), int(m[2])) for each in self._versions if (m := _VERSION.fullmatch(each))]
        able = [each for each in known if each[0] == major and each[1] <= minor]
        if not able:
            raise JunctureError(
                f"the operator that {self.origin} is of does not know Flink {major}.{minor}, only up to"
                f" v{max(known)[0]}_{max(known)[1]}"
                if known
                else f"{self.origin} names no version of Flink",
                remedy="upgrade the operator, with its definitions: 1.13 and newer run this Flink",
            )
        return f"v{max(able)[0]}_{max(able)[1]}"

    def problems(self, manifest: Mapping[str, Any]) -> list[str]:
        """What is wrong with a manifest, each with its path; none for one that the API server takes."""
        found = sorted(self._validator.iter_errors(dict(manifest)), key=lambda each: each.json_path)
        return [
            f"{leaf.json_path.removeprefix('$.')}: {leaf.message}" for each in found for leaf in _leaves(each)
        ]


def _strict(schema: Any, root: bool = False) -> Any:
    """The schema in JSON Schema's words, with unknown fields refused where Kubernetes keeps none."""
    if not isinstance(schema, dict):
        return schema
    found = {key: value for key, value in schema.items() if key not in ("description", "default", "example")}
    for key in ("properties", "patternProperties"):
        if isinstance(found.get(key), dict):
            found[key] = {name: _strict(each) for name, each in found[key].items()}
    for key in ("items", "additionalProperties", "not"):
        if key in found:
            found[key] = _strict(found[key])
    if root:
        text = {"type": "string"}
        found["properties"] |= {"apiVersion": text, "kind": text, "metadata": {"type": "object"}}
        found["required"] = [*found.get("required", ()), "apiVersion", "kind", "metadata"]
    if found.get(_EITHER):
        found["type"] = ["integer", "string"]
    if found.get("nullable") and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    if "properties" in found and not found.get(_KEPT):
        found.setdefault("additionalProperties", False)
    return found


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    if not error.context:
        yield error
    for each in error.context or ():
        yield from _leaves(each)


def _first_line(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return (str(error) or type(error).__name__).splitlines()[0]
