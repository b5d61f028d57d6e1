"""All rules, causes before what they cause."""

from __future__ import annotations

from juncture.diagnosis.rule import Rule
from juncture.diagnosis.rules.failing_checkpoints import FailingCheckpoints
from juncture.diagnosis.rules.garbage_collection import GarbageCollection
from juncture.diagnosis.rules.growing_state import GrowingState
from juncture.diagnosis.rules.held_watermark import HeldWatermark
from juncture.diagnosis.rules.key_skew import KeySkew
from juncture.diagnosis.rules.late_records import LateRecords
from juncture.diagnosis.rules.overloaded import Overloaded
from juncture.diagnosis.rules.restarts import Restarts
from juncture.diagnosis.rules.silent_subtasks import SilentSubtasks
from juncture.diagnosis.rules.skipped_records import SkippedRecords
from juncture.diagnosis.rules.slow_checkpoints import SlowCheckpoints
from juncture.diagnosis.rules.slow_sink import SlowSink
from juncture.diagnosis.rules.state_memory import StateMemory

RULES: tuple[type[Rule], ...] = (
    Restarts,
    FailingCheckpoints,
    SilentSubtasks,
    HeldWatermark,
    LateRecords,
    SkippedRecords,
    SlowSink,
    KeySkew,
    StateMemory,
    GarbageCollection,
    SlowCheckpoints,
    Overloaded,
    GrowingState,
)
