"""What a bundle's manifest tells the one who deploys it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from juncture.capacity.costs import Engine, engine_of
from juncture.errors import JunctureError
from juncture.model.offsets import OffsetRanges
from juncture.model.startpoint import Startpoint


@dataclass(frozen=True)
class Bundle:
    """A rendered job by name of file, and the jars that it needs."""

    files: Mapping[str, str]
    jars: Sequence[Path]


class EventJoin(BaseModel):
    """What of a job runs on the event join: uids of the plan's joins. `flink` is the only version that runs it.

    Those of each of the `chains` run as one operator. Those that are `apart` could run together with joins before them,
    and don't, as a version before had it so.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    flink: str
    joins: tuple[str, ...]
    chains: tuple[tuple[str, ...], ...] = ()
    apart: tuple[str, ...] = ()


class Source(BaseModel):
    """A source on Kafka: 'kafka' or 'upsert-kafka', and where its author wants it to start."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    connector: str
    startpoint: Startpoint


class PinnedJar(BaseModel):
    """A jar that the job needs: 'group:artifact:version', and its sha256."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    coordinates: str
    sha256: str


class PinnedOwnJar(BaseModel):
    """A jar of the project that goes with the job: its path there, and its sha256."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    sha256: str

    @property
    def name(self) -> str:
        """Of the file alone; a job has one jar of a name."""
        return self.path.rsplit("/", 1)[-1]


class Manifest(BaseModel):
    """The part of manifest.json that deploying needs. `topics` are by table, `flink` is a minor version.

    `sources` are by table; none in bundles that were rendered before startpoints were resolved.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int
    job: str
    environment: str
    flink: str
    topics: dict[str, str]
    sources: dict[str, Source] = {}
    jars: tuple[PinnedJar, ...] = ()
    own_jars: tuple[PinnedOwnJar, ...] = ()
    functions: dict[str, str] = {}
    variables: tuple[str, ...]
    options: dict[str, str]
    parallelism: int
    event_join: EventJoin | None = None

    @property
    def left_out(self) -> dict[str, dict[int, OffsetRanges]]:
        """Offsets that are not read, by source and partition; of sources that leave some out."""
        return {
            table: source.startpoint.exclude
            for table, source in self.sources.items()
            if source.startpoint.exclude
        }

    @property
    def event_joins(self) -> tuple[str, ...]:
        """Uids of the plan's joins that run on the event join."""
        return self.event_join.joins if self.event_join else ()

    @property
    def join_chains(self) -> tuple[tuple[str, ...], ...]:
        """Of these, those that run as one operator, for each operator."""
        return self.event_join.chains if self.event_join else ()

    @property
    def apart(self) -> tuple[str, ...]:
        """Joins that begin an operator only because those before them have state by themselves."""
        return self.event_join.apart if self.event_join else ()

    @property
    def backend(self) -> str:
        """Of its state."""
        return self.options.get("state.backend.type", "hashmap")

    @property
    def engine(self) -> Engine:
        """What its joins run on, and with which backend."""
        return engine_of(bool(self.event_joins), self.backend)

    @property
    def name(self) -> str:
        """The job's name on the cluster."""
        return self.options.get("pipeline.name", self.job)

    @property
    def slots(self) -> int:
        """Slots that the job takes: all its operators share them."""
        return int(self.options.get("parallelism.default", self.parallelism))


def read_manifest(files: Mapping[str, str]) -> Manifest:
    """The manifest of a bundle's files. Raises JunctureError if it is missing, damaged or of a newer Juncture."""
    for name in ("manifest.json", "job.py"):
        if name not in files:
            raise JunctureError(f"the rendered job has no {name}", remedy="render it again")
    try:
        manifest = Manifest.model_validate_json(files["manifest.json"])
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise JunctureError(
            f"the rendered job's manifest.json is damaged at '{place}'", remedy="render the job again"
        ) from None
    if manifest.schema_version != 1:
        raise JunctureError(
            f"manifest.json has schema {manifest.schema_version}, which this Juncture does not know",
            remedy="upgrade Juncture, or render the job again",
        )
    return manifest
