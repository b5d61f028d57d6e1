"""All rules."""

from __future__ import annotations

from juncture.checks.rule import Rule
from juncture.checks.rules.bounds_exclude import BoundsExclude
from juncture.checks.rules.event_join_impossible import EventJoinImpossible
from juncture.checks.rules.failure_loses_rows import FailureLosesRows
from juncture.checks.rules.invalid_option import InvalidOption
from juncture.checks.rules.invalid_silence import InvalidSilence
from juncture.checks.rules.join_key_cast import JoinKeyCast
from juncture.checks.rules.missing_watermark import MissingWatermark
from juncture.checks.rules.no_idle_timeout import NoIdleTimeout
from juncture.checks.rules.nondeterministic_in_updating import NondeterministicInUpdating
from juncture.checks.rules.null_event_time import NullEventTime
from juncture.checks.rules.regular_join_with_time_bound import RegularJoinWithTimeBound
from juncture.checks.rules.sql_invalid import SqlInvalid
from juncture.checks.rules.swapped_columns import SwappedColumns
from juncture.checks.rules.unbounded_state import UnboundedState
from juncture.checks.rules.unused_column_in_state import UnusedColumnInState
from juncture.checks.rules.unused_silence import UnusedSilence
from juncture.checks.rules.updating_into_append_sink import UpdatingIntoAppendSink
from juncture.checks.rules.upsert_key_mismatch import UpsertKeyMismatch

RULES: tuple[type[Rule], ...] = (
    SqlInvalid,
    BoundsExclude,
    RegularJoinWithTimeBound,
    UnboundedState,
    UpdatingIntoAppendSink,
    UpsertKeyMismatch,
    SwappedColumns,
    MissingWatermark,
    NoIdleTimeout,
    NullEventTime,
    JoinKeyCast,
    FailureLosesRows,
    UnusedColumnInState,
    NondeterministicInUpdating,
    EventJoinImpossible,
    InvalidOption,
    InvalidSilence,
    UnusedSilence,
)


def known_rules() -> tuple[str, ...]:
    """The ids of all rules, in the order of their documentation."""
    return tuple(rule.id for rule in RULES)
