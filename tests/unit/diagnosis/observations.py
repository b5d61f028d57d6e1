"""Observations of one join of two topics, healthy but for what is said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from juncture.diagnosis.engine import diagnose
from juncture.diagnosis.patient import Patient
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import (
    CheckpointSeen,
    FailureSeen,
    JoinSeen,
    Observation,
    Silence,
    SubtaskSeen,
    VertexSeen,
)
from juncture.model.plan import CompiledPlan
from juncture.model.sources_seen import PartitionSeen, SourceSeen
from juncture.planner.plan import parse_plan

TEXT = (Path(__file__).parents[1] / "monitoring/plan.json").read_text()
PLAN = parse_plan(TEXT)
"""server and client joined by id within 10 minutes."""
JOIN = 7
NOW = 1_767_613_917_000


def partition(number: int = 0, **more: Any) -> PartitionSeen:
    known: dict[str, Any] = {
        "end": 500,
        "begin": 0,
        "grew": 10,
        "position": 490,
        "watermark": NOW,
        "idle": False,
    }
    return PartitionSeen(partition=number, **{**known, **more})


def source(table: str, *partitions: PartitionSeen, **more: Any) -> SourceSeen:
    return SourceSeen(
        table=table, topic=f"topic-{table}", vertex=table, partitions=partitions, **{"read": 490, **more}
    )


def found(
    *sources: SourceSeen,
    busy: float = 0.1,
    joins: tuple[JoinSeen, ...] = (),
    checkpoints: tuple[CheckpointSeen, ...] = (),
    plan: CompiledPlan = PLAN,
    silence: Silence | None = None,
    vertices: tuple[VertexSeen, ...] = (),
    watermark: int | None = None,
    job_state: str = "RUNNING",
    failures: tuple[FailureSeen, ...] = (),
    around: Mapping[str, Any] | None = None,
    **join: Any,
) -> tuple[Diagnosis, ...]:
    task = SubtaskSeen(
        index=0, seconds=10, busy=busy, backpressured=0, idle=1 - busy, records_in=900, records_out=900,
        watermark=watermark,
    )  # fmt: skip
    vertex = VertexSeen(
        id="v", name="IntervalJoin[7]", nodes=(JOIN, 8, 9), parallelism=1, subtasks=(task,), **join
    )
    seen = Observation(
        job="matches",
        version=1,
        flink_job_id="f" * 32,
        state=job_state,
        at=datetime.fromtimestamp(NOW / 1000, timezone.utc),
        seconds=10,
        running=700,
        restarts=0,
        failures=failures,
        vertices=(*vertices, vertex),
        sources=sources or (source("server", partition()), source("client", partition())),
        checkpoints=checkpoints,
        workers=(),
        joins=joins,
        options={},
        silence=silence,
    )
    return diagnose(Patient(seen.model_copy(update=around or {}), plan))
