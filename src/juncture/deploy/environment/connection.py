"""What an environment's name comes to at this moment: addresses, secrets, store."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path

from juncture.deploy.store.deployments import Store
from juncture.errors import JunctureError, Unreachable
from juncture.flink.rest import FlinkCluster
from juncture.local.cluster import JOBMANAGER
from juncture.local.stack import LocalStack
from juncture.model.environment import PLACEHOLDER, USUAL, Environment, Flink, Headroom, Kafka, Prices
from juncture.project.secrets import expand, expand_all, is_secret_key, redact, secret_values
from juncture.render.connectors import LOCAL_BOOTSTRAP

_LOCAL_VARIABLE = PLACEHOLDER.sub(r"\1", LOCAL_BOOTSTRAP)
_FOLDER = "PWD"
"""The folder that a shell stands in, and no password: most paths in messages begin with it."""


class Connection:
    """An environment's Kafka and Flink, as they are to be used now.

    Secrets are put in when an attribute is first asked for: to look at Flink, Kafka's password need not
    be set.

    Args:
        environment: its name.
        kafka: with placeholders.
        flink: with placeholders; None where there is no session cluster.
        variables: values that placeholders of rendered statements take before the process's environment.
        environ: the process's environment.
        is_local: whether it is a project's local stack.
        ended: of that stack, the roles of processes that ended.
        headroom: what capacity is to leave over there.
        prices: what capacity costs there.
    """

    def __init__(
        self,
        environment: str,
        kafka: Kafka,
        flink: Flink | None,
        variables: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        is_local: bool = False,
        headroom: Headroom | None = None,
        prices: Prices | None = None,
        ended: tuple[str, ...] = (),
    ) -> None:
        self.environment, self.is_local, self.ended = environment, is_local, ended
        self.headroom, self.prices = headroom or USUAL, prices
        self.variables = dict(variables or {})
        self._environ = os.environ if environ is None else environ
        self._kafka, self._flink = kafka, flink
        self._asked: set[str] = set()

    @cached_property
    def kafka(self) -> Kafka:
        """Expanded. Raises JunctureError if a variable is not set."""
        return expand_all(self._kafka, self._environ, f"environments.{self.environment}.kafka")

    @cached_property
    def flink(self) -> Flink:
        """Expanded. Raises JunctureError if a variable is not set, or there is no session cluster."""
        if self._flink is None:
            raise JunctureError(
                f"the environment '{self.environment}' has no Flink session cluster",
                remedy=f"add [environments.{self.environment}.flink] to juncture.toml; jobs on Kubernetes are rendered"
                " by `juncture render --target kubernetes`, and then Flink's operator's",
            )
        return expand_all(self._flink, self._environ, f"environments.{self.environment}.flink")

    def cluster(self) -> FlinkCluster:
        """A new connection to the Flink cluster; the caller closes it."""
        return FlinkCluster(self.flink.rest, self.flink.headers, self.redact, self.flink.ca_file)

    def redact(self, text: str) -> str:
        """The text without secrets: values that addresses or jobs refer to, or whose variable's name says so."""
        placeholders = [each.model_dump_json() for each in (self._kafka, self._flink) if each is not None]
        secret = {name for name in self._environ if is_secret_key(name) and name != _FOLDER} | self._asked
        named = [f"${{{name}}}" for name in sorted(secret)]
        return redact(text, secret_values(placeholders + named, self._environ))

    def values(self, names: Iterable[str]) -> dict[str, str]:
        """Values of a job's placeholders, by name. Raises JunctureError that names all that are not set."""
        wanted = sorted(names)
        known = {**self._environ, **self.variables}
        missing = [name for name in wanted if name not in known]
        if missing:
            raise JunctureError(
                f"environment variables that the job needs are not set: {', '.join(missing)}",
                state="nothing was changed",
                remedy=f"export {' '.join(name + '=...' for name in missing)} and run the command again",
            )
        self._asked |= set(wanted) - set(self.variables)
        return {name: known[name] for name in wanted}


def connect(
    root: Path,
    environment: Environment,
    environ: Mapping[str, str] | None = None,
    *,
    needed: str | None = None,
) -> Connection:
    """Where an environment is: as configured, or where the project's local stack is at this moment.

    Args:
        root: the project's folder.
        environment: one of the project's.
        environ: the process's environment.
        needed: the part of a local stack without which there is nothing to do, by its role; all of them if None.

    Raises:
        Unreachable: the local stack is not running, or not as far as it is needed.
        JunctureError: the environment has no addresses.
    """
    if environment.is_local:
        kafka, flink, ended = _local(root, needed)
        variables = {_LOCAL_VARIABLE: kafka.bootstrap_servers}
        return Connection(
            environment.name,
            kafka,
            flink,
            variables,
            environ,
            is_local=True,
            headroom=environment.headroom,
            prices=environment.prices,
            ended=ended,
        )
    if environment.kafka is None:
        raise JunctureError(
            f"the environment '{environment.name}' has no address of Kafka",
            remedy=f"add [environments.{environment.name}.kafka] to juncture.toml",
        )
    return Connection(
        environment.name,
        environment.kafka,
        environment.flink,
        None,
        environ,
        headroom=environment.headroom,
        prices=environment.prices,
    )


def open_store(root: Path, environment: Environment, environ: Mapping[str, str] | None = None) -> Store:
    """The environment's store: as configured, else a folder of the project's state.

    Raises JunctureError if a variable in its address is not set, or the address cannot be used.
    """
    if environment.store is None:
        return Store(_own_store(root, environment))
    values = os.environ if environ is None else environ
    url = expand(environment.store, values, f"environments.{environment.name}.store")
    return Store(url if "://" in url else root / Path(url).expanduser())


def forget_local(root: Path, environments: Iterable[Environment]) -> None:
    """Remove the records of what was deployed to the local stack, whose jobs and savepoints are gone."""
    for environment in environments:
        if environment.is_local and environment.store is None:
            shutil.rmtree(_own_store(root, environment), ignore_errors=True)


def _own_store(root: Path, environment: Environment) -> Path:
    return root / ".juncture" / "store" / environment.name


def ended_parts(ended: Collection[str]) -> Unreachable:
    """The error that parts of the local stack ended."""
    jobs = "; jobs that ran go on by `juncture submit`" if JOBMANAGER in ended else ""
    return Unreachable(
        f"{' and '.join(ended)} of this project's local stack ended",
        state="the rest of it runs",
        remedy=f"run `juncture local up`, which starts again what ended{jobs}",
    )


def _local(root: Path, needed: str | None) -> tuple[Kafka, Flink, tuple[str, ...]]:
    state = LocalStack(root).status()
    if state is None or len(state.dead) == len(state.processes):
        raise Unreachable(
            "the local Kafka and Flink of this project are not running", remedy="run `juncture local up`"
        )
    if state.dead and (needed is None or needed in state.dead):
        raise ended_parts(state.dead)
    if state.phase != "up":
        raise Unreachable(
            "the local Kafka and Flink of this project do not answer yet: their start goes on, or was broken off",
            remedy="run `juncture local up`, which waits for it or clears what it left",
        )
    return Kafka(bootstrap_servers=state.kafka_address), Flink(rest=state.web_url), state.dead
