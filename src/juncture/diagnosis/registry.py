"""All rules, causes before what they cause."""

from __future__ import annotations

from juncture.diagnosis.rule import Rule
from juncture.diagnosis.rules.beginning_subtasks import BeginningSubtasks
from juncture.diagnosis.rules.compaction_stalls import CompactionStalls
from juncture.diagnosis.rules.drifting_sides import DriftingSides
from juncture.diagnosis.rules.empty_topic import EmptyTopic
from juncture.diagnosis.rules.failing_checkpoints import FailingCheckpoints
from juncture.diagnosis.rules.garbage_collection import GarbageCollection
from juncture.diagnosis.rules.growing_state import GrowingState
from juncture.diagnosis.rules.held_watermark import HeldWatermark
from juncture.diagnosis.rules.key_skew import KeySkew
from juncture.diagnosis.rules.late_records import LateRecords
from juncture.diagnosis.rules.missing_slots import MissingSlots
from juncture.diagnosis.rules.missing_topic import MissingTopic
from juncture.diagnosis.rules.no_matches import NoMatches
from juncture.diagnosis.rules.overloaded import Overloaded
from juncture.diagnosis.rules.restarts import Restarts
from juncture.diagnosis.rules.scanned_entries import ScannedEntries
from juncture.diagnosis.rules.silent_brokers import SilentBrokers
from juncture.diagnosis.rules.silent_subtasks import SilentSubtasks
from juncture.diagnosis.rules.skipped_records import SkippedRecords
from juncture.diagnosis.rules.slow_checkpoints import SlowCheckpoints
from juncture.diagnosis.rules.slow_sink import SlowSink
from juncture.diagnosis.rules.state_memory import StateMemory
from juncture.diagnosis.rules.unused_columns import UnusedColumns

RULES: tuple[type[Rule], ...] = (
    SilentBrokers,
    MissingSlots,
    MissingTopic,
    Restarts,
    BeginningSubtasks,
    FailingCheckpoints,
    EmptyTopic,
    SilentSubtasks,
    HeldWatermark,
    LateRecords,
    SkippedRecords,
    SlowSink,
    KeySkew,
    ScannedEntries,
    CompactionStalls,
    StateMemory,
    GarbageCollection,
    Overloaded,
    SlowCheckpoints,
    GrowingState,
    NoMatches,
    DriftingSides,
    UnusedColumns,
)
