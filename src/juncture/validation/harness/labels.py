"""Steps of a case in a few words, as a timeline shows them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from juncture.validation.cases.cells import format_relative
from juncture.validation.cases.timeline import (
    Arrive,
    Checkpoint,
    Expect,
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


def label_of(step: Step, base: datetime) -> str:
    """What a step does, its times relative to `base`."""
    match step:
        case Arrive():
            counts = Counter(each.source for each in step.arrivals)
            return ", ".join(f"{count} x {source}" for source, count in counts.items())
        case Watermark():
            return ", ".join(f"{source} {format_relative(each, base)}" for source, each in step.times.items())
        case Idle():
            return step.source
        case Stall():
            return f"{step.source}, partition {step.partition}"
        case Malformed():
            return f"{step.source}: {step.text}"
        case Restart():
            return f"from a {step.origin}"
        case Kill():
            return step.what
        case Rescale():
            return f"to a parallelism of {step.parallelism}"
        case Upgrade():
            return f"to {step.label}"
        case Rewind():
            which = "" if step.partition is None else f", partition {step.partition}"
            return f"{step.source}{which} to {format_relative(step.moment, base)}"
        case Expect():
            named = ("rows", "absent", "changelog", "watermarks", "late", "state", "held_by", "skipped")
            return ", ".join(name for name in named if getattr(step, name) is not None)
        case Checkpoint():
            return ""
