"""What the threads of a job are seen doing, where that tells something."""

from __future__ import annotations

from collections.abc import Sequence

from juncture.diagnosis import profile
from juncture.flink.answers import JobDetail
from juncture.flink.metrics import table_of
from juncture.flink.rest import FlinkCluster
from juncture.flink.subtasks import flame_samples
from juncture.model.observation import Missing, Spent, VertexSeen

_SAMPLED = 3
"""Vertices whose threads are sampled."""
_SAMPLING = 12.0
_WORKING = 0.3


def worth_sampling(job: JobDetail) -> Sequence[str]:
    """Vertices whose threads are sampled, those behind exchanges first: joins and sinks are there.

    Flink takes samples only after it was asked for them: who asks for these early has them in time.
    """
    ordered = sorted(job.vertices, key=lambda vertex: vertex.name.startswith("Source: "))
    return [vertex.id for vertex in ordered[:_SAMPLED]]


def with_profiles(
    cluster: FlinkCluster, job: JobDetail, vertices: tuple[VertexSeen, ...], missing: list[Missing]
) -> tuple[VertexSeen, ...]:
    """The vertices with what the threads of those that work were seen doing; what is not sampled is missing."""
    asked = set(worth_sampling(job))
    found = []
    for vertex in vertices:
        spent: tuple[Spent, ...] = ()
        if vertex.id in asked and vertex.busy >= _WORKING:
            samples = flame_samples(cluster, job.id, vertex.id, within=_SAMPLING)
            spent = profile.spent(samples.root if samples is not None else None)
            if not spent:
                why = samples.lack if samples is not None else "the cluster takes none"
                missing.append(
                    Missing(
                        what=f"samples of the threads of '{_named(vertex)}' ({why})",
                        assumed="nothing of what its time goes into",
                    )
                )
        found.append(vertex.model_copy(update={"spent": spent}))
    return tuple(found)


def _named(vertex: VertexSeen) -> str:
    before, source, operator = vertex.name.split(" -> ")[0].partition("Source: ")
    return f"{source}{table_of(operator)}" if source and not before else vertex.name[:60]
