"""How the sources of a job go on while it is observed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from juncture.diagnosis.lag import Lags
from juncture.flink.answers import JobDetail
from juncture.flink.metrics import SourceMetrics, progress
from juncture.flink.rest import FlinkCluster
from juncture.model.observation import Step
from juncture.model.sources_seen import SourceSeen

_STEPS = 20
"""How often the sources are looked at, once a second at most."""


@dataclass(frozen=True)
class Look:
    """The sources at one moment: what Flink tells, and how far they are behind as their topics tell, by table."""

    at: int
    metrics: tuple[SourceMetrics, ...]
    lags: Mapping[str, int]


def looks(cluster: FlinkCluster, job: JobDetail, lags: Lags, began: float, seconds: float) -> list[Look]:
    """Look again and again until `seconds` after `began`, a moment of the monotonic clock, have passed."""
    found = []
    while (left := began + seconds - time.monotonic()) > 0:
        time.sleep(min(left, max(seconds / _STEPS, 1.0)))
        now = int(time.time() * 1000)
        behind = lags.now(cluster, job)
        found.append(Look(now, progress(cluster, job, patience=0).sources, behind))
    return found


def course(
    first: Look, between: Sequence[Look], last: Look, sources: Sequence[SourceSeen]
) -> tuple[Step, ...]:
    """The steps of an observation: it begins and ends with what the sources are told to be behind by.

    Args:
        first: when the observation began; of its lags and those of `last` the sources tell.
        between: the looks meanwhile.
        last: when it ended.
        sources: as seen over all of it. A lag is told by the same means, the brokers or Flink, all the way.
    """
    seen = {each.table: each for each in sources}
    steps = []
    for look in (first, *between, last):
        for each in look.metrics:
            source = seen.get(each.table)
            if source is None:
                continue
            if look is first:
                behind = source.behind_before
            elif look is last:
                behind = source.behind
            else:
                behind = each.behind if source.behind_by_flink else look.lags.get(each.table)
            steps.append(Step(at=look.at, table=each.table, behind=behind, watermark=each.watermark))
    return tuple(steps)
