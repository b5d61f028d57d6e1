"""The sources of a job as they are seen: what Flink tells, what brokers tell, and samples of their records."""

from __future__ import annotations

from juncture.diagnosis import reading, topics
from juncture.diagnosis.comparing import joins_seen
from juncture.diagnosis.lag import Offsets
from juncture.diagnosis.reading import Reading
from juncture.diagnosis.sampling import Columns, Sampled, columns_of, last_records, sample_seen
from juncture.diagnosis.subject import Subject
from juncture.errors import JunctureError
from juncture.flink.answers import JobDetail
from juncture.flink.metrics import SourceMetrics
from juncture.model.environment import Kafka
from juncture.model.observation import JoinSeen, Missing, VertexSeen
from juncture.model.plan import table_names
from juncture.model.sources_seen import SourceSeen


def sources_seen(
    subject: Subject,
    job: JobDetail,
    metrics: tuple[tuple[SourceMetrics, ...], tuple[SourceMetrics, ...]],
    readings: tuple[Reading, Reading],
    ends: tuple[topics.Ends, topics.Ends],
    passed: Offsets,
) -> tuple[SourceSeen, ...]:
    """The sources between two looks at metrics, readings and ends of topics; `passed` is of Lags."""
    timeouts = topics.idle_timeouts(subject.plan, subject.options)
    found = []
    for table, topic in sorted(subject.read_topics.items()):
        scans = {n.id for n in subject.plan.of_kind("table-source-scan") if table in table_names(n.raw)}
        vertex = next((v.id for v in job.vertices if scans & set(reading.nodes_of(job, v, subject.plan))), "")
        then, now = (next((each for each in part if each.table == table), None) for part in metrics)
        found.append(
            topics.source_seen(
                table, topic, vertex, timeouts.get(table), (then, now), readings, ends, passed.get(topic)
            )
        )
    return tuple(found)


def with_samples(
    subject: Subject,
    kafka: Kafka,
    sources: tuple[SourceSeen, ...],
    vertices: tuple[VertexSeen, ...],
    before: Reading,
    missing: list[Missing],
) -> tuple[tuple[SourceSeen, ...], tuple[JoinSeen, ...]]:
    """The sources with a sample of their last records each, and what these foretell of the joins."""
    wanted = columns_of(subject.plan, subject.tables)
    found = []
    samples: dict[str, tuple[Sampled, ...]] = {}
    for source in sources:
        columns = wanted.get(source.table, Columns(None, ()))
        read = topics.positions_of(before, source.vertex, source.topic)
        # What had not been read when the watermark was, and, of partitions never read, what has come since.
        unread = {
            each.partition: read.get(each.partition, each.end - each.grew) for each in source.partitions
        }
        mark = _watermark_before(columns.join, vertices, before)
        if source.partitions:
            try:
                firsts = {each.partition: each.begin or 0 for each in source.partitions}
                ends = {each.partition: each.end for each in source.partitions}
                samples[source.table] = last_records(kafka, source.topic, firsts, ends)
            except JunctureError as error:
                missing.append(
                    Missing(
                        what=f"a sample of the topic '{source.topic}' ({error.problem})",
                        assumed="nothing of its lateness and its keys",
                    )
                )
        taken = sample_seen(samples.get(source.table, ()), unread, columns, mark)
        found.append(source.model_copy(update={"sample": taken}))
    return tuple(found), joins_seen(subject.plan, found, samples)


def _watermark_before(join: int | None, vertices: tuple[VertexSeen, ...], before: Reading) -> int | None:
    """The lowest watermark of a join's subtasks when the observation began."""
    vertex = next((each for each in vertices if join in each.nodes), None)
    if vertex is None:
        return None
    marks = before.vertices.get(vertex.id, {}).get("currentInputWatermark", {}).values()
    known = [reading.watermark(each) for each in marks]
    return min((each for each in known if each is not None), default=None) if None not in known else None
