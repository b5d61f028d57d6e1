"""A job as an application on Kubernetes: its resource, its image's Dockerfile, and the jars for that."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from juncture.deploy.environment.toolchain import Toolchain
from juncture.deploy.starting.starts import refuse_errors, table_options
from juncture.deploy.store.manifest import Manifest, read_manifest
from juncture.errors import InvalidProject, JunctureError, Location
from juncture.local.jarlock import read_lock
from juncture.local.jars import JarCache
from juncture.model.environment import Environment
from juncture.model.kubernetes import Kubernetes
from juncture.model.project import Project
from juncture.model.rendered import RenderedJob
from juncture.model.resolved import ResolvedStartpoints
from juncture.model.startpoint import knows_flink
from juncture.project.config import CONFIG
from juncture.project.files import read_text
from juncture.project.nearest import did_you_mean
from juncture.render.crd import DeploymentSchema
from juncture.render.image import LIBRARIES, dockerfile
from juncture.render.kubernetes import (
    DOCKERFILE,
    MANIFEST,
    Upgrade,
    deployment_name,
    flink_deployment,
    image_of,
    manifest_text,
    plain_name,
    upgrade_of,
)
from juncture.startpoints.resolve import Source
from juncture.startpoints.seen import seen_sources

_GROUP = "flink-operator-api"
_DEFINITION = "META-INF/fabric8/flinkdeployments.flink.apache.org-v1.yml"
_ADDED_SINCE = ("v2_0", "v2_1", "v2_2")
"""Versions of Flink that the operator's releases from 1.11 to 1.15 have added to the locked definition."""


@dataclass(frozen=True)
class Application:
    """What comes beside a job's bundle: texts and files by name, and what they say."""

    files: dict[str, str]
    beside: dict[str, Path]
    name: str
    image: str
    upgrade: Upgrade
    flink_version: str


class Applications:
    """The applications of a project's jobs in one environment.

    Raises:
        JunctureError: the environment has no Kubernetes.
        InvalidProject: what juncture.toml says of it does not fit the project's jobs.
    """

    def __init__(self, project: Project, environment: Environment) -> None:
        if environment.kubernetes is None:
            others = [name for name, each in project.environments.items() if each.kubernetes is not None]
            raise JunctureError(
                f"the environment '{environment.name}' has no Kubernetes",
                location=Location(CONFIG),
                remedy=f"name one that has, by --env: {', '.join(others)}"
                if others
                else f"add [environments.{environment.name}.kubernetes], with namespace and image",
            )
        self._project = project
        self._settings = environment.kubernetes
        problems = [*_unknown_jobs(project, environment.name, self._settings), *_same_names(project)]
        if problems:
            raise InvalidProject(problems)

    @cached_property
    def schema(self) -> DeploymentSchema:
        """What the resources are held against: the file that juncture.toml names, or the operator's published one.

        Raises JunctureError if the file is no such definition, Refused or Unreachable as `JarCache.jars`.
        """
        if self._settings.crd is not None:
            path = self._project.root / self._settings.crd
            return DeploymentSchema(read_text(self._project.root, path), self._settings.crd)
        (coordinates,) = read_lock().group(_GROUP).jars
        (jar,) = JarCache().jars(_GROUP)
        with zipfile.ZipFile(jar) as archive:
            text = archive.read(_DEFINITION).decode()
        return DeploymentSchema(text, f"{coordinates.artifact} {coordinates.version}", _ADDED_SINCE)

    def application(
        self,
        rendered: RenderedJob,
        files: Mapping[str, str],
        toolchain: Toolchain,
        seen: ResolvedStartpoints | None = None,
    ) -> Application:
        """What a job needs besides its bundle.

        Args:
            rendered: the job.
            files: its bundle.
            toolchain: what it needs, and no more.
            seen: start at these offsets, as long as there is no state.

        Raises:
            JunctureError: the settings can't keep what the job promises, or lack something that it needs; or what
                came out is not what the operator takes.
            Refused: `seen` is not of this job as it is now.
        """
        manifest = read_manifest(files)
        flink = version("apache-flink")
        name = deployment_name(rendered.job.name)
        upgrade = upgrade_of(rendered, self._settings)
        starts = _starts(rendered, manifest, seen)
        own = toolchain.beside
        jars = {
            f"{LIBRARIES}/{jar.path.name}": jar.path for jar in toolchain.jars if jar.path not in own.values()
        }
        state = (self._settings.checkpoints, self._settings.savepoints, self._settings.high_availability)
        image_file = dockerfile(name, flink, [*jars, *own], [each for each in state if each])
        image = image_of(self._settings, name, files["manifest.json"], image_file)
        named = self.schema.flink_version(flink)
        deployment = flink_deployment(
            rendered, self._settings, manifest.options, upgrade, image, (flink, named), starts
        )
        problems = self.schema.problems(deployment)
        if problems:
            raise JunctureError(
                f"the FlinkDeployment of '{rendered.job.name}' is not what {self.schema.origin} describes: "
                + "; ".join(problems),
                state="nothing was written",
                remedy="if the operator in your cluster is older than 1.13, upgrade it; else report this",
            )
        text = manifest_text(rendered, deployment, upgrade)
        return Application(
            files={DOCKERFILE: image_file, MANIFEST: text},
            beside=jars,
            name=name,
            image=image,
            upgrade=upgrade,
            flink_version=named,
        )


def _starts(rendered: RenderedJob, manifest: Manifest, seen: ResolvedStartpoints | None) -> dict[str, str]:
    job = rendered.job.name
    if seen is not None:
        authored = {
            table: Source(manifest.topics[table], each.startpoint) for table, each in manifest.sources.items()
        }
        seen_sources(job, rendered.environment, authored, seen)
        refuse_errors(seen)
        return table_options(manifest, seen)
    unknown = [table for table, start in sorted(rendered.startpoints.items()) if not knows_flink(start)]
    if unknown:
        raise JunctureError(
            f"where {', '.join(unknown)} start{'s' if len(unknown) == 1 else ''} has to be resolved before '{job}'"
            " is started, and Flink has no option for it",
            location=Location(f"jobs/{job}.yaml"),
            remedy=f"run `juncture startpoints {job} --env {rendered.environment} --output json > FILE`, look at it,"
            " and render with --startpoints FILE",
        )
    return {}


def _unknown_jobs(project: Project, environment: str, settings: Kubernetes) -> list[JunctureError]:
    return [
        JunctureError(
            f"environments.{environment}.kubernetes.jobs: there is no job '{name}'",
            location=Location(CONFIG),
            remedy=did_you_mean(name, project.jobs),
        )
        for name in settings.jobs
        if name not in project.jobs and not project.problems_of(f"jobs/{name}.yaml")
    ]


def _same_names(project: Project) -> list[JunctureError]:
    names: dict[str, str] = {}
    problems = []
    for job in project.jobs:
        name = plain_name(job)
        other = names.setdefault(name, job)
        if other != job:
            problems.append(
                JunctureError(
                    f"'{other}' and '{job}' would be the same deployment, {name}",
                    location=Location(f"jobs/{job}.yaml"),
                    remedy="give one of the files another name",
                )
            )
    return problems
