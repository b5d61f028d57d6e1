"""The steps of a case from YAML: each a mapping of one key, every mistake at its line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from juncture.errors import InvalidProject, JunctureError, Location
from juncture.model.environment import Environment
from juncture.model.project import Project, SqlFile
from juncture.model.rendered import RenderedJob
from juncture.project.document import Path as Keys
from juncture.project.files import read_text, relative
from juncture.project.nearest import did_you_mean
from juncture.validation.cases.case_table import MOST_PARTITIONS
from juncture.validation.cases.cells import is_whole, shown
from juncture.validation.cases.expect_file import ExpectReader
from juncture.validation.cases.rendering import render_in_json
from juncture.validation.cases.schema import read_tables
from juncture.validation.cases.scope import Scope
from juncture.validation.cases.timeline import (
    Arrive,
    Checkpoint,
    Idle,
    Kill,
    Malformed,
    Rescale,
    Restart,
    Rewind,
    Stall,
    Step,
    Upgrade,
    Watermark,
)


class StepReader:
    """Reads the steps of one case. What is wrong goes to the scope's reading.

    Args:
        scope: the case's.
        project: whose job it is about.
        environment: what its job is rendered for.
    """

    def __init__(self, scope: Scope, project: Project, environment: Environment) -> None:
        self.scope = scope
        """After `read`, that of the version of the job that the last step leaves."""
        self._project, self._environment = project, environment
        self._stalled: set[tuple[str, int]] = set()
        self._kinds: dict[str, Callable[[Any, Keys, Location], Step | None]] = {
            "arrive": self._arrive,
            "watermark": self._watermark,
            "idle": self._idle,
            "stall": self._stall,
            "malformed": self._malformed,
            "checkpoint": self._checkpoint,
            "restart": self._restart,
            "kill": self._kill,
            "rescale": self._rescale,
            "upgrade": self._upgrade,
            "rewind": self._rewind,
            "expect": self._expect,
        }

    def read(self, raw: object, at: Keys) -> Iterator[Step]:
        """The steps, in their order."""
        reading = self.scope.reading
        if not isinstance(raw, list) or not raw:
            self.scope.wrong(
                "the steps are no list", at, "write '- arrive:', and what follows, below 'steps:'"
            )
            return
        for index, entry in enumerate(raw):
            here: Keys = (*at, index)
            if isinstance(entry, str) and entry in self._kinds:
                entry = {entry: None}
            if not isinstance(entry, dict) or len(entry) != 1:
                remedy = f"write one of {', '.join(self._kinds)}, and what it takes"
                self.scope.wrong("a step is one key with its value", here, remedy)
                continue
            ((name, value),) = entry.items()
            if name not in self._kinds:
                where = reading.document.key((*here, name))
                reading.problem(f"there is no step '{name}'", where, did_you_mean(name, self._kinds))
                continue
            step = self._kinds[name](value, (*here, name), reading.document.key((*here, name)))
            if step is not None:
                yield step

    def _arrive(self, raw: Any, at: Keys, location: Location) -> Step:
        arrivals = tuple(self.scope.arrivals(raw, at))
        for each in arrivals:
            if (each.source, each.partition) in self._stalled:
                self.scope.reading.problem(
                    f"partition {each.partition} of '{each.source}' has stalled: nothing comes any more",
                    each.location,
                    "let it arrive before the step 'stall', or in another $partition",
                )
        return Arrive(location, arrivals)

    def _watermark(self, raw: Any, at: Keys, location: Location) -> Step | None:
        if not isinstance(raw, dict) or not raw:
            self.scope.wrong("this is not 'SOURCE: time'", at, "write '{SOURCE: \"+10:00\"}'")
            return None
        times: dict[str, datetime] = {}
        for source, value in raw.items():
            moment = self.scope.time(value, (*at, source))
            if self._has_watermark(source, (*at, source)) and moment is not None:
                times[source] = moment
        return Watermark(location, times)

    def _idle(self, raw: Any, at: Keys, location: Location) -> Step | None:
        return Idle(location, raw) if self._has_watermark(raw, at) else None

    def _stall(self, raw: Any, at: Keys, location: Location) -> Step | None:
        found = self._one(raw, at, "PARTITION")
        if found is None:
            return None
        source, partition = found
        if not self._is_partition(partition, (*at, source)):
            return None
        self._stalled.add((source, partition))
        return Stall(location, source, partition)

    def _malformed(self, raw: Any, at: Keys, location: Location) -> Step | None:
        found = self._one(raw, at, "text")
        if found is None:
            return None
        source, text = found
        if not isinstance(text, str):
            self.scope.wrong("the record is not text", (*at, source), "quote it: '{SOURCE: \"{broken\"}'")
            return None
        return Malformed(location, source, text)

    def _checkpoint(self, raw: Any, at: Keys, location: Location) -> Step:
        self._no_value("checkpoint", raw, at)
        return Checkpoint(location)

    def _restart(self, raw: Any, at: Keys, location: Location) -> Step | None:
        origins: tuple[Literal["checkpoint", "savepoint"], ...] = ("checkpoint", "savepoint")
        origin = next((each for each in origins if each == raw), None)
        if origin is None:
            self.scope.wrong(
                f"a job can't restart from '{raw}'", at, "write 'restart: checkpoint' or 'restart: savepoint'"
            )
            return None
        return Restart(location, origin)

    def _kill(self, raw: Any, at: Keys, location: Location) -> Step | None:
        mortals: tuple[Literal["taskmanager", "broker"], ...] = ("taskmanager", "broker")
        what = next((each for each in mortals if each == raw), None)
        if what is None:
            self.scope.wrong(f"'{raw}' can't be killed", at, "write 'kill: taskmanager' or 'kill: broker'")
            return None
        return Kill(location, what)

    def _rescale(self, raw: Any, at: Keys, location: Location) -> Step | None:
        most = self._project.jobs[self.scope.tables.job].job.max_parallelism
        if not is_whole(raw) or not 1 <= raw <= most:
            remedy = f"write a number from 1 to {most}, the max_parallelism of '{self.scope.tables.job}'"
            self.scope.wrong(f"{shown(raw)} is not a parallelism", at, remedy)
            return None
        return Rescale(location, raw)

    def _upgrade(self, raw: Any, at: Keys, location: Location) -> Step | None:
        ignore = False
        if isinstance(raw, dict):
            self.scope.reading.unknown(raw, at, ("to", "ignore_unclaimed_state"))
            ignore = raw.get("ignore_unclaimed_state", False) is True
            raw, at = raw.get("to"), (*at, "to")
        if not isinstance(raw, str):
            self.scope.wrong("the upgrade names no version", at, "name a job, or an SQL file beside this one")
            return None
        version = self._version(raw, at)
        if version is None:
            return None
        self.scope = replace(self.scope, tables=read_tables(version))
        return Upgrade(location, version, raw, ignore)

    def _version(self, name: str, at: Keys) -> RenderedJob | None:
        """The job of that name; or the case's own, with the SQL of a file of that name as its join."""
        document, job = self.scope.reading.document, self.scope.tables.job
        project = self._project
        try:
            if name.endswith(".sql"):
                path = Path(os.path.realpath(project.root / Path(document.path).parent / name))
                file = project.joins[project.jobs[job].job.join]
                text = read_text(project.root, path)
                changed = SqlFile(name=file.name, path=relative(project.root, path), text=text)
                project = project.model_copy(update={"joins": {**project.joins, file.name: changed}})
            elif name not in project.jobs:
                self.scope.wrong(f"there is no job '{name}'", at, did_you_mean(name, project.jobs))
                return None
            else:
                job = name
            return render_in_json(project, job, self._environment)
        except InvalidProject as error:
            self.scope.reading.problems.extend(error.problems)
        except (JunctureError, ValueError) as error:
            problem = error.problem if isinstance(error, JunctureError) else str(error)
            remedy = "name a job, or an SQL file by its path from this file"
            self.scope.wrong(f"'{name}' can't be read: {problem}", at, remedy)
        return None

    def _rewind(self, raw: Any, at: Keys, location: Location) -> Step | None:
        found = self._one(raw, at, "time")
        if found is None:
            return None
        source, value = found
        if self.scope.tables.sources[source].is_changelog:
            remedy = "Flink reads a changelog topic from its beginning, or goes on from its state"
            self.scope.wrong(f"'{source}' can't be rewound to a time", (*at, source), remedy)
            return None
        place: Keys = (*at, source)
        partition = None
        if isinstance(value, dict):
            self.scope.reading.unknown(value, place, ("to", "partition"))
            partition = value.get("partition")
            if not self._is_partition(partition, (*place, "partition")):
                return None
            place, value = (*place, "to"), value.get("to")
        moment = self.scope.time(value, place)
        return Rewind(location, source, moment, partition) if moment is not None else None

    def _expect(self, raw: Any, at: Keys, location: Location) -> Step | None:
        return ExpectReader(self.scope).read(raw, at, location)

    def _one(self, raw: Any, at: Keys, what: str) -> tuple[str, Any] | None:
        """The only entry of a mapping by source."""
        if not isinstance(raw, dict) or len(raw) != 1:
            self.scope.wrong(
                f"this is not 'SOURCE: {what}'", at, f"write '{{SOURCE: {what}}}', for one source"
            )
            return None
        ((source, value),) = raw.items()
        return (source, value) if self.scope.is_source(source, (*at, source)) else None

    def _is_partition(self, raw: Any, at: Keys) -> bool:
        if is_whole(raw) and raw < MOST_PARTITIONS:
            return True
        self.scope.wrong(
            f"{shown(raw)} is not a partition", at, f"write a number from 0 to {MOST_PARTITIONS - 1}"
        )
        return False

    def _has_watermark(self, name: Any, at: Keys) -> bool:
        if not self.scope.is_source(name, at):
            return False
        if self.scope.tables.sources[name].rowtime is None:
            self.scope.wrong(f"'{name}' has no watermark", at, "name a source with WATERMARK FOR")
            return False
        return True

    def _no_value(self, name: str, raw: Any, at: Keys) -> None:
        if raw is not None:
            self.scope.wrong(f"'{name}' takes no value", at, f"write '- {name}:'")
