"""juncture.toml: the project's name, its variables and its environments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field, ValidationError

from juncture.errors import InvalidProject, JunctureError, Location
from juncture.model.base import Value
from juncture.model.environment import PLACEHOLDER, Environment
from juncture.project.document import Document
from juncture.project.files import read_text
from juncture.project.nearest import did_you_mean
from juncture.project.problems import explain
from juncture.project.secrets import is_secret_key
from juncture.project.toml import read_toml

CONFIG = "juncture.toml"
_NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"


class ProjectTable(Value):
    """The `[project]` table. `store` is the one of every environment that names none of its own."""

    name: str = Field(pattern=_NAME, max_length=100)
    default_environment: str
    store: str | None = Field(default=None, min_length=1)


class _Tables(Value):
    project: ProjectTable
    vars: dict[str, Any] = {}
    environments: dict[str, dict[str, Any]] = Field(min_length=1)


class Config(Value):
    """What juncture.toml says. `environments` is by name, in the order of the names."""

    name: str
    default_environment: str
    environments: dict[str, Environment]
    vars: dict[str, Any] = {}


class HasEnvironments(Protocol):
    """A Config, or the Project that was made from it."""

    @property
    def environments(self) -> dict[str, Environment]: ...

    @property
    def default_environment(self) -> str: ...


@dataclass(frozen=True)
class ReadConfig:
    """A Config, or None, and all that is wrong with the file."""

    config: Config | None
    problems: tuple[JunctureError, ...]


def find_root(start: Path) -> Path:
    """The nearest folder, from `start` upwards, that holds juncture.toml.

    Raises:
        JunctureError: there is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / CONFIG).is_file():
            return folder
    raise JunctureError(
        f"no {CONFIG} in {start} or in any folder above it",
        remedy="run the command inside a project, name one with --project DIR, or make one: `juncture init DIR`",
    )


def require_root(folder: Path) -> Path:
    """The folder, resolved, if it holds juncture.toml.

    Raises:
        JunctureError: it does not.
    """
    folder = folder.resolve()
    if not (folder / CONFIG).is_file():
        raise JunctureError(
            f"{folder} is not a Juncture project: it holds no {CONFIG}",
            remedy="name a project's folder with --project DIR",
        )
    return folder


def load_config(root: Path) -> Config:
    """Read juncture.toml.

    Raises:
        InvalidProject: with every problem of the file.
    """
    read = read_config(root)
    if read.config is None:
        raise InvalidProject(list(read.problems))
    return read.config


def resolve_environment(project: HasEnvironments, name: str | None = None) -> Environment:
    """The environment of that name; the project's default for None.

    Raises:
        JunctureError: the project has no environment of that name.
    """
    wanted = project.default_environment if name is None else name
    try:
        return project.environments[wanted]
    except KeyError:
        raise JunctureError(
            f"there is no environment '{wanted}'",
            location=Location(CONFIG),
            remedy=did_you_mean(wanted, project.environments),
        ) from None


def read_config(root: Path) -> ReadConfig:
    """Read juncture.toml, and collect what is wrong with it."""
    try:
        document = read_toml(CONFIG, read_text(root, root / CONFIG))
    except JunctureError as error:
        return ReadConfig(None, (error,))
    problems = list(_written_secrets(document))
    try:
        tables = _Tables.model_validate(document.data)
    except ValidationError as error:
        problems += explain(error, document, _Tables)
        tables = None
    environments = dict(_environments(document, problems))
    default = _text(document.data, "project", "default_environment")
    names = _table(document.data, "environments")
    if default is not None and names and default not in names:
        problems.append(
            JunctureError(
                f"default_environment: there is no environment '{default}'",
                location=document.value(("project", "default_environment")),
                remedy=did_you_mean(default, names),
            )
        )
    problems.sort(key=lambda problem: problem.location or Location(CONFIG))
    if problems or tables is None:
        return ReadConfig(None, tuple(problems))
    store = tables.project.store
    return ReadConfig(
        Config(
            name=tables.project.name,
            default_environment=tables.project.default_environment,
            environments={
                name: environment.model_copy(update={"store": environment.store or store})
                for name, environment in sorted(environments.items())
            },
            vars=tables.vars,
        ),
        (),
    )


def _environments(document: Document, problems: list[JunctureError]) -> Iterator[tuple[str, Environment]]:
    for name, table in _table(document.data, "environments").items():
        if not isinstance(table, dict):
            continue
        path = ("environments", name)
        if "name" in table:
            problems.append(
                JunctureError(
                    f"unknown key 'name' in '{'.'.join(path)}'",
                    location=document.key((*path, "name")),
                    remedy="take it away: the environment's name is the table's",
                )
            )
        if not re.fullmatch(_NAME, name):
            problems.append(
                JunctureError(
                    f"'{name}' is not a name for an environment",
                    location=document.key(path),
                    remedy="begin with a letter; use letters, digits, _ and - only",
                )
            )
        problems += _shape(document, path, table)
        try:
            yield name, Environment.model_validate({**table, "name": name})
        except ValidationError as error:
            problems += explain(error, document, Environment, below=path, hidden=frozenset({"name"}))


def _shape(document: Document, path: tuple[str, str], table: dict[str, Any]) -> Iterator[JunctureError]:
    """Either `local`, or `kafka` with `flink` or `kubernetes`."""
    remote = [key for key in ("kafka", "flink", "kubernetes") if key in table]
    runs = "flink" in table or "kubernetes" in table
    if "local" in table and remote:
        yield JunctureError(
            f"the environment '{path[1]}' has both 'local' and '{remote[0]}'",
            location=document.key((*path, remote[0])),
            remedy="keep 'local' for a stack on this machine, or 'kafka' and 'flink' for a remote one",
        )
    elif "local" not in table and not ("kafka" in table and runs):
        missing = [key for key, there in (("kafka", "kafka" in table), ("flink", runs)) if not there]
        absent = " and ".join(f"'{key}'" for key in missing)
        tables = " and ".join(f"[{'.'.join(path)}.{key}]" for key in missing)
        yield JunctureError(
            f"the environment '{path[1]}' has no {absent}",
            location=document.key(path),
            remedy=f"add {tables}" + ("" if remote else f", or [{'.'.join(path)}.local]"),
        )


def _written_secrets(document: Document) -> Iterator[JunctureError]:
    for path in document.values:
        # Variables go into SQL, and may be called what they like.
        if path[0] != "environments" or "vars" in path or not is_secret_key(str(path[-1])):
            continue
        value: Any = document.data
        for part in path:
            value = value[part]
        in_options = path[2:4] == ("kubernetes", "options")
        if isinstance(value, str) and value and (in_options or not PLACEHOLDER.search(value)):
            yield JunctureError(
                f"'{path[-1]}' holds a secret{'' if in_options else ' in plain text'}",
                location=document.value(path),
                remedy="give the service account the right, or mount a Secret: options are readable in the cluster"
                if in_options
                else 'write "${VARIABLE}", and set that environment variable where the command runs',
            )


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    table = data.get(key)
    return table if isinstance(table, dict) else {}


def _text(data: dict[str, Any], table: str, key: str) -> str | None:
    value = _table(data, table).get(key)
    return value if isinstance(value, str) else None
