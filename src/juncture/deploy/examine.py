"""What is wrong with a job that runs: the version that the store records, as the cluster and its topics show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from juncture.deploy.environment.connection import Connection
from juncture.deploy.store import ledger
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import read_manifest
from juncture.deploy.store.statements import tables_of
from juncture.diagnosis.engine import diagnose
from juncture.diagnosis.observe import observe
from juncture.diagnosis.patient import Authored, Patient
from juncture.diagnosis.subject import Subject
from juncture.errors import InvalidProject, JunctureError, Refused
from juncture.model.diagnosis import DiagnosisReport
from juncture.model.environment import Kafka
from juncture.model.observation import Missing
from juncture.model.wording import counted
from juncture.planner.plan import parse_plan


def examine(
    job: str,
    connection: Connection,
    store: Store,
    author: Callable[[], Authored],
    seconds: float,
    say: Callable[[str], None] = lambda message: None,
) -> DiagnosisReport:
    """Watch a running job for some seconds, and say what is wrong with it. Changes nothing.

    Args:
        job: its name.
        connection: where it runs.
        store: what was deployed.
        author: renders the job from the project's files as they are now.
        seconds: how long to watch, at least.
        say: is told each step.

    Raises:
        Refused: it was never deployed, or does not run.
        Unreachable: the cluster does not answer.
    """
    record = ledger.load(store, job, connection.environment)
    if record is None:
        raise Refused(
            f"'{job}' was never deployed to {connection.environment}",
            state="nothing was changed",
            remedy=f"run `juncture submit {job}`",
        )
    files = store.get_bundle(record.bundle)
    manifest = read_manifest(files)
    plan = parse_plan(files["plan.json"])
    missing = []
    kafka: Kafka | None = None
    try:
        kafka = connection.kafka
    except JunctureError as error:
        missing.append(
            Missing(what=f"Kafka ({error.problem})", assumed="nothing of its topics but what Flink says")
        )
    authored, why = _authored(author, files)
    if why:
        missing.append(
            Missing(what=f"lines of the author's files: {why}", assumed="operators are named alone")
        )
    subject = Subject(
        job=job,
        version=record.version,
        flink_job_id=record.flink_job_id,
        plan=plan,
        topics=manifest.topics,
        tables=tables_of(files["statements.sql"]),
        options=manifest.options,
    )
    with connection.cluster() as cluster:
        seen = observe(subject, cluster, kafka, seconds, say)
    seen = seen.model_copy(
        update={
            "missing": (*missing, *seen.missing),
            "is_local": connection.is_local,
            "ended": connection.ended,
        }
    )
    patient = Patient(seen, plan, authored)
    return DiagnosisReport(findings=diagnose(patient), operators=patient.operators, observation=seen)


def _authored(author: Callable[[], Authored], files: Mapping[str, str]) -> tuple[Authored | None, str]:
    """The author's files, if they are those of the version that runs, or why not."""
    try:
        found = author()
    except InvalidProject as error:
        first, *others = error.problems
        more = f" (and {counted(len(others), 'problem')} more)" if others else ""
        return None, f"{first}{more}"
    except JunctureError as error:
        return None, error.problem
    changed = [
        each.name for each in found.rendered.statements if f"{each.text};\n" not in files["statements.sql"]
    ]
    if changed:
        return None, f"{', '.join(changed)} changed since this version was deployed"
    return found, ""
