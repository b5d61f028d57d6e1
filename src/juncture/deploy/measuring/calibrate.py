"""What a job costs, measured: its own plan over a sample of its own topics, on the cluster that it runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from juncture.capacity.accesses import counted_of
from juncture.capacity.costs import PACKAGED, Engine, is_whole
from juncture.capacity.fit import (
    byte_micros,
    pauses_of,
    speed_of,
    stage_of,
    uploaded_bytes,
    writes_of,
    written_in,
    yields_of,
)  # fmt: skip
from juncture.capacity.loads import mean_row_bytes
from juncture.capacity.packing import held_of
from juncture.capacity.run import Run
from juncture.deploy.environment.site import Site
from juncture.deploy.measuring.calibrator import (
    calibration_interval,
    calibrator_files,
    create_topics,
    end_calibrator,
    taken_away,
)
from juncture.deploy.measuring.cautions import coming_cautions, late_cautions, speed_cautions
from juncture.deploy.measuring.sampling import extents_of, refuse_too_few, start_for, within
from juncture.deploy.measuring.watching import Watched, cores_in_use, watch
from juncture.deploy.readiness.facts import Facts, gather
from juncture.deploy.starting.starts import Starting
from juncture.deploy.starting.stop import stop
from juncture.deploy.starting.submission import Submission
from juncture.deploy.starting.submit import submit
from juncture.deploy.store import calibrations, ledger
from juncture.deploy.store.deployments import calibration_of
from juncture.deploy.store.manifest import Bundle
from juncture.deploy.upgrading.builder import Blueprint
from juncture.deploy.upgrading.cut import Offsets
from juncture.diagnosis import profile
from juncture.diagnosis.lag import Lags
from juncture.errors import Refused
from juncture.flink.rest import FlinkCluster
from juncture.flink.subtasks import cores_of, workers
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.local.supervisor import signals_raise
from juncture.model.calibration import Calibration, Counted, Machine, Stage
from juncture.model.figures import Range
from juncture.model.managed import backend_memory
from juncture.model.startpoint import AtOffsets, Startpoint
from juncture.model.traffic import SideState
from juncture.model.wording import counted, size
from juncture.render.bundle import digest

_SMALLER = 4
"""How many times as many records the second run reads as the first one."""
_LITTLE = 1024 * 1024
"""Bytes of state below which what backends keep beside the rows is most of it."""


class Reading(NamedTuple):
    """A run: how many records it reads, and whether it takes checkpoints."""

    records: int
    checkpoints: bool = True


@dataclass(frozen=True)
class Sampled:
    """How much is read: the runs, that with the most records last, and the seconds that each may take."""

    runs: Sequence[Reading]
    seconds: float

    @classmethod
    def up_to(cls, records: int, seconds: float) -> Sampled:
        """Three runs: for two sizes of state, and of the larger one without and with checkpoints."""
        less = Reading(max(records // _SMALLER, 1))
        return cls((less, Reading(records, checkpoints=False), Reading(records)), seconds)


def calibrate(blueprint: Blueprint, files: Mapping[str, str], site: Site, sampled: Sampled) -> Calibration:
    """Run the job over the last records of its topics, and record what a record and its state cost.

    The job itself, if it runs, is left alone, but for the cores and slots that this takes beside it: what measures
    reads as a group of its own, commits nothing, and writes to topics of its own, which are gone after. Interrupted,
    it takes its job and its topics away; killed, the next calibration of the job does.

    Args:
        blueprint: the job, before it becomes files.
        files: its bundle.
        site: where to.
        sampled: how much is read.

    Raises:
        Refused: a sink is not on Kafka, slots are missing, or too few records are there to be measured.
        Unreachable: the cluster or the brokers do not answer.
    """
    measuring = {each: calibrator_files(blueprint, checkpoints=each) for each in (True, False)}
    name = calibration_of(blueprint.rendered.job.name)
    with (
        signals_raise(),
        site.connection.cluster() as cluster,
        site.holding(name, "calibrate") as held,
    ):
        end_calibrator(blueprint, held)
        facts = gather(files, site.connection, site.progress)
        refuse_too_few(facts, sampled.runs[-1].records, cluster)
        bench = _Bench(blueprint, measuring, facts, held, cluster)
        with taken_away(blueprint, held):
            create_topics(blueprint, held)
            runs = bench.runs(sampled)
        found = bench.fitted(runs, digest(files))
        site.progress(f"Recorded at {calibrations.keep(site.store, found)}")
        return found


@dataclass(frozen=True)
class _Bench:
    blueprint: Blueprint
    files: Mapping[bool, Mapping[str, str]]
    """Its bundle, with checkpoints and without."""
    facts: Facts
    site: Site
    cluster: FlinkCluster

    def runs(self, sampled: Sampled) -> list[tuple[Run, Watched]]:
        admin = Admin(self.site.connection.kafka)
        end = offsets.latest(admin, sorted(set(self.facts.topics.values())))
        held = sum(each.records for each in self.facts.traffic)
        of, most = len(sampled.runs), sampled.runs[-1].records
        longest = min(most, held)
        return [
            self._run(
                admin,
                each._replace(records=max(round(each.records / most * longest), 1)),
                end,
                sampled.seconds,
                f"Run {number} of {of}",
                last=number == of,
            )
            for number, each in enumerate(sampled.runs, start=1)
        ]

    def _run(
        self, admin: Admin, reading: Reading, end: Offsets, seconds: float, told: str, *, last: bool
    ) -> tuple[Run, Watched]:
        start = dict(start_for(admin, self.facts.traffic, reading.records, end))
        whole = {
            self.facts.topics[each.name]
            for each in self.blueprint.rendered.statements
            if each.kind == "source" and each.connector != "kafka" and each.name in self.facts.topics
        }
        start |= within(offsets.earliest(admin, whole), end)  # Flink reads them so, always
        wanted = sum(end[topic][p] - first for topic, parts in start.items() for p, first in parts.items())
        without = "" if reading.checkpoints else ", without checkpoints"
        self.site.progress(f"{told}: {counted(wanted, 'record')}{without}")
        instead = {
            table: Startpoint(start=AtOffsets(offsets=dict(start[topic])))
            for table, topic in self.facts.topics.items()
            if topic not in whole
        }
        before = cores_in_use(self.cluster)
        quiet = replace(self.site, progress=lambda message: None)
        bundle = Bundle(self.files[reading.checkpoints], self.blueprint.jars)
        begun = submit(Submission(bundle, anew=True, starting=Starting(instead=instead)), quiet)
        lags = Lags(self.site.connection.kafka, self.facts.topics, start, end)
        seen = watch(
            self.cluster,
            begun.flink_job_id,
            lags,
            wanted,
            seconds,
            self.site.progress,
            checkpoints=reading.checkpoints,
            counting=last,  # the longest one: of the others nobody looks at it
        )
        stop(begun.job, quiet, savepoint=False)
        after = cores_in_use(self.cluster)
        others = [sum(cores.get(name, 0.0) for name in seen.taskmanagers) for cores in (before, after)]
        # A job that ends leaves work behind, which is not there while it runs: the lower one counts.
        course = replace(seen.course, others=min(others), unsure=abs(others[0] - others[1]) / 2)
        return Run(course, extents_of(admin, self.facts, start, end), reading.checkpoints), seen

    def fitted(self, runs: list[tuple[Run, Watched]], of: str) -> Calibration:
        facts, job, engine = self.facts, self.facts.job(PACKAGED), self.facts.manifest.engine
        measured = [run for run, _ in runs]
        longest = measured[-1]
        stages, notes = self._stages(measured)
        if stages:
            notes += speed_cautions(longest.course, stages[-1], job.parallelism)
        notes += coming_cautions(longest.course)
        notes += late_cautions(runs[-1][1].late, sum(longest.course.read.values()))
        whole = [seen for run, seen in runs if run.size == longest.size]
        spent = profile.merged(*(seen.spent for seen in whole))
        busiest = profile.merged(*(seen.busiest for seen in whole))
        if not spent:
            notes.append(
                "threads were not sampled, or not in time (rest.flamegraph.enabled): no parts are told"
            )
        read = longest.course.read
        written = written_in(longest, facts.traffic, lambda of, within: facts.written(of, within=within))
        held = held_of(measured, self._sides, engine)
        most = max((each.state for run in measured for each in run.course.taken), default=0.0)
        if held is not None and most < _LITTLE:
            notes.append(f"what state takes is not known: checkpoints had {size(most)} of it at the most")
            held = None
        sizes = {each.table: each.record_bytes.expected for each in facts.traffic}
        return Calibration(
            job=facts.manifest.job,
            environment=self.site.connection.environment,
            at=ledger.now(),
            by=ledger.whoami(),
            digest=of,
            engine=engine,
            joins=job.joins,
            parallelism=job.parallelism,
            record_bytes=sum(sizes.get(table, 0.0) * count for table, count in read.items())
            / max(sum(read.values()), 1),
            row_bytes=mean_row_bytes(written).expected or None,
            machine=machine_of(self.cluster),
            stages=tuple(stages),
            state=held.factor if held else None,
            unmerged=held.unmerged if held else 0.0,
            uploaded=uploaded_bytes(measured),
            writes=writes_of(measured, self._sides, engine, held.factor.expected)
            if held and not is_whole(engine)
            else None,
            byte_micros=byte_micros(stages, engine),
            pauses=pauses_of(measured),
            interval=calibration_interval(facts.manifest.options) / 1000,
            speed=speed_of(measured),
            yields=yields_of(longest, sum(each.rate.expected for each in written)),
            counted=self._counted(*runs[-1], engine, held.factor.expected if held else 0.0),
            spent=spent,
            busiest=busiest,
            others=longest.course.others,
            notes=tuple(notes),
        )

    def _counted(self, run: Run, seen: Watched, engine: Engine, packed: float) -> Counted | None:
        """What the state's backend counted in the longest run; None of a heap, and where it is not told."""
        if seen.counted is None:
            return None
        counters, records = seen.counted
        return counted_of(counters, run, records, self._sides, engine, packed, self._memory())

    def _memory(self) -> float:
        """Bytes that the state's backend has in all slots of the job."""
        manifest, machine = self.facts.manifest, machine_of(self.cluster)
        options = {**self.cluster.config(), **manifest.options}
        each = machine.managed / machine.slots if machine.slots else 0.0
        memory = backend_memory(options, manifest.backend, each, bool(manifest.event_joins))
        return (each if memory is None else memory) * manifest.slots

    def _stages(self, runs: list[Run]) -> tuple[list[Stage], list[str]]:
        """A stage of each run; of those before the last where they were long enough. None where CPU is not told."""
        if untold := next((run.course.untold for run in runs if run.course.untold), ""):
            return [], [f"CPU a record and the highest rate are not known: {untold}"]
        stages, notes = [], []
        for run in runs[:-1]:
            try:
                stages.append(self._stage(run))
            except Refused as error:
                lacks = "one size of state only" if run.checkpoints else "what checkpoints cost is not known"
                notes.append(f"{lacks}: of the run before, {error.problem}")
        return [*stages, self._stage(runs[-1])], notes

    def _stage(self, run: Run) -> Stage:
        return stage_of(run, self._sides, self.facts.manifest.engine)

    def _sides(self, rates: Mapping[str, Range]) -> tuple[SideState, ...]:
        nothing = Range.exactly(0)
        traffic = tuple(
            each.model_copy(update={"peak": rates.get(each.table, nothing)}) for each in self.facts.traffic
        )
        return self.facts.sides(traffic)[0]


def machine_of(cluster: FlinkCluster) -> Machine:
    """What a cluster tells of itself."""
    overview, found = cluster.overview(), workers(cluster)
    return Machine(
        cluster=cluster.base_url,
        flink=overview.version,
        taskmanagers=len(found),
        cores=cores_of(found),
        slots=overview.slots_total,
        managed=sum(each.memory.managed for each in found),
        heap=sum(each.memory.heap for each in found),
    )
