"""A rendered job as a FlinkDeployment: an application of its own, for Flink's Kubernetes operator."""

from __future__ import annotations

import hashlib
import itertools
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from juncture import __version__
from juncture.errors import JunctureError, Location
from juncture.model.kubernetes import Kubernetes, set_elsewhere
from juncture.model.rendered import RenderedJob
from juncture.project.secrets import is_secret_key
from juncture.render.image import FOLDER, PYTHON

MANIFEST = "kubernetes.yaml"
DOCKERFILE = "Dockerfile"
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,43}[a-z0-9])?")
"""What the operator takes for a name."""
_DIGITS = 12
_CONFIG = "juncture.toml"


@dataclass(frozen=True)
class Upgrade:
    """How the operator carries state from one version of a job to the next, and why so."""

    mode: Literal["savepoint", "last-state", "stateless"]
    reason: str


def plain_name(job: str) -> str:
    """A job's name in the letters of Kubernetes."""
    return job.lower().replace("_", "-")


def deployment_name(job: str) -> str:
    """A job's name in Kubernetes. Raises JunctureError if the operator would not take it."""
    name = plain_name(job)
    if not _NAME.fullmatch(name):
        raise JunctureError(
            f"'{job}' can't be a deployment's name: Flink's operator takes up to 45 small letters, digits and -,"
            " which end with no -",
            location=Location(f"jobs/{job}.yaml"),
            remedy="give the job's file a shorter name, without _ at its end",
        )
    return name


def upgrade_of(rendered: RenderedJob, settings: Kubernetes) -> Upgrade:
    """How a job is upgraded. Raises JunctureError if what it promises can't be kept on these settings."""
    job = rendered.job
    missing = [key for key in ("checkpoints", "high_availability") if getattr(settings, key) is None]
    if job.delivery == "exactly-once" and missing:
        table = f"environments.{rendered.environment}.kubernetes"
        why = {
            "checkpoints": "without durable checkpoints",
            "high_availability": "by a JobManager that begins anew when its pod is replaced",
        }
        raise JunctureError(
            f"'{job.name}' promises exactly-once, which can't be kept {' and '.join(why[key] for key in missing)}",
            location=Location(_CONFIG),
            remedy=f"add {' and '.join(missing)} to [{table}], or write `delivery: at-least-once` in"
            f" jobs/{job.name}.yaml",
        )
    if settings.savepoints is not None:
        reason = "the job is stopped with a savepoint, which commits its rows, and goes on from that"
        if settings.high_availability is not None:
            reason += "; where it is not well enough for one, from its newest checkpoint"
        return Upgrade("savepoint", reason)
    if settings.high_availability is not None:
        return Upgrade(
            "last-state", "no folder for savepoints is named: it goes on from its newest checkpoint"
        )
    kept = "no folder for savepoints" if settings.checkpoints else "no folder for checkpoints or savepoints"
    return Upgrade(
        "stateless", f"{kept} is named: it starts anew at its startpoints, and joined rows come again"
    )


def image_of(settings: Kubernetes, name: str, manifest: str, dockerfile: str) -> str:
    """The image of a job's content: another one for other files, jars or plugins."""
    digest = hashlib.sha256((manifest + dockerfile).encode()).hexdigest()[:_DIGITS]
    return settings.image.format(job=name, digest=digest)


def flink_deployment(
    rendered: RenderedJob,
    settings: Kubernetes,
    options: Mapping[str, str],
    upgrade: Upgrade,
    image: str,
    flink: tuple[str, str],
    starts: Mapping[str, str],
) -> dict[str, Any]:
    """The resource.

    Args:
        rendered: the job.
        settings: its environment's.
        options: Flink's, complete, as job.py sets them.
        upgrade: how it is upgraded.
        image: what its pods run.
        flink: the version, as '2.3.0' and as the operator names it.
        starts: options of job.py for where tables start, as long as there is no state.

    Raises JunctureError for a variable that has no Secret, and for options that are not the job's to set.
    """
    name = deployment_name(rendered.job.name)
    version, operators_name = flink
    slots, jobmanager, taskmanager = settings.sizes_of(rendered.job.name)
    container: dict[str, Any] = {"name": "flink-main-container"}
    variables = _variables(rendered, settings)
    if variables:
        container["env"] = variables
    return {
        "apiVersion": "flink.apache.org/v1beta1",
        "kind": "FlinkDeployment",
        "metadata": {
            "name": name,
            "namespace": settings.namespace,
            "labels": {"app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "juncture"},
        },
        "spec": {
            "image": image,
            "flinkVersion": operators_name,
            "mode": "native",
            "serviceAccount": settings.service_account,
            "flinkConfiguration": _configuration(rendered, settings, options, name, slots),
            "jobManager": {
                "replicas": jobmanager.replicas,
                "resource": {"memory": jobmanager.memory, "cpu": float(jobmanager.cpu)},
                # TaskManagers get what job.py has put into the tables, and need no variables.
                "podTemplate": {"spec": {"containers": [container]}},
            },
            "taskManager": {"resource": {"memory": taskmanager.memory, "cpu": float(taskmanager.cpu)}},
            "job": {
                "jarURI": f"local:///opt/flink/opt/flink-python-{version}.jar",
                "entryClass": "org.apache.flink.client.python.PythonDriver",
                "args": [
                    "-pyclientexec",
                    PYTHON,
                    "-py",
                    f"{FOLDER}/{name}/job.py",
                    *(f"-D{option}={value}" for option, value in sorted(starts.items())),
                ],
                "parallelism": rendered.job.parallelism,
                "upgradeMode": upgrade.mode,
                "state": "running",
            },
        },
    }


def manifest_text(rendered: RenderedJob, deployment: Mapping[str, Any], upgrade: Upgrade) -> str:
    """The resource as YAML, the same bytes for the same resource."""
    told = (
        f"{rendered.job.name}: rendered by Juncture {__version__} from jobs/{rendered.job.name}.yaml for the"
        f" environment '{rendered.environment}'. Change the authored files and render again; a change made here is"
        " lost.",
        f"upgradeMode is {upgrade.mode}: {upgrade.reason}.",
    )
    head = "#\n".join(textwrap.indent(textwrap.fill(each, 108), "# ") + "\n" for each in told)
    text: str = yaml.safe_dump(dict(deployment), sort_keys=False, allow_unicode=True, width=110)
    return head + text


def _variables(rendered: RenderedJob, settings: Kubernetes) -> list[dict[str, Any]]:
    missing = [name for name in rendered.placeholders if name not in settings.secrets]
    if missing:
        table = f"environments.{rendered.environment}.kubernetes.secrets"
        raise JunctureError(
            f"'{rendered.job.name}' reads {', '.join(missing)}, and no Secret is named for"
            f" {'them' if len(missing) > 1 else 'it'}",
            location=Location(_CONFIG),
            remedy=f'name a Secret for each in [{table}], as {{name = "SECRET", key = "KEY"}}',
        )
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret.name, "key": secret.key}}}
        for name, secret in ((name, settings.secrets[name]) for name in rendered.placeholders)
    ]


def _configuration(
    rendered: RenderedJob, settings: Kubernetes, options: Mapping[str, str], name: str, slots: int
) -> dict[str, str]:
    job = rendered.job
    for option in job.options:
        key = set_elsewhere(option)
        if key is not None:
            raise JunctureError(
                f"the option '{option}' of '{job.name}' is set by {key} on Kubernetes",
                location=Location(f"jobs/{job.name}.yaml"),
                remedy="take it away",
            )
        if is_secret_key(option):
            raise JunctureError(
                f"the option '{option}' of '{job.name}' holds a secret, and would be readable in the cluster",
                location=Location(f"jobs/{job.name}.yaml"),
                remedy="give the service account the right, or mount a Secret",
            )
    own = {key: value for key, value in options.items() if set_elsewhere(key) is None}
    state = {"taskmanager.numberOfTaskSlots": str(slots)}
    if options.get("state.backend.type") == "forst":
        if settings.checkpoints is None:
            raise JunctureError(
                f"the backend 'forst' keeps the state of '{job.name}' where checkpoints are, and no folder for them is"
                " named",
                location=Location(_CONFIG),
                remedy=f"add checkpoints to [environments.{rendered.environment}.kubernetes], or write `backend:"
                f" rocksdb` in jobs/{job.name}.yaml",
            )
        # It writes no savepoints of the form that all backends read, which the operator asks for otherwise.
        state["kubernetes.operator.savepoint.format.type"] = "NATIVE"
    if settings.checkpoints is not None:
        state["execution.checkpointing.dir"] = f"{settings.checkpoints}/{name}"
    if settings.savepoints is not None:
        state["execution.checkpointing.savepoint-dir"] = f"{settings.savepoints}/{name}"
    if settings.high_availability is not None:
        state["high-availability.type"] = "kubernetes"
        state["high-availability.storageDir"] = f"{settings.high_availability}/{name}"
    found = dict(sorted((settings.options | own | state).items()))
    _refuse_nested(found, rendered)
    return found


def _refuse_nested(options: Mapping[str, str], rendered: RenderedJob) -> None:
    """The operator writes options as nested YAML, in which a value can't have others below it."""
    for outer, inner in itertools.combinations(options, 2):
        if inner.startswith(f"{outer}."):
            job = rendered.job
            is_jobs = outer in job.options or inner in job.options
            raise JunctureError(
                f"'{job.name}' can't have both '{outer}' and '{inner}' on Kubernetes: one begins the other",
                location=Location(f"jobs/{job.name}.yaml" if is_jobs else _CONFIG),
                remedy=f"take '{outer}' away, and write the newer option that stands for it",
            )
