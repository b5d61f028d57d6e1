"""What is to be written, in the author's own names."""

from __future__ import annotations

import re

from juncture.diagnosis.patient import Patient

_UNITS = (("DAY", 86_400_000), ("HOUR", 3_600_000), ("MINUTE", 60_000), ("SECOND", 1_000))
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_NUMBERS = ("TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE")


def interval(millis: int) -> str:
    """An interval of SQL that is as long, and less than a tenth longer: "INTERVAL '34' MINUTE"."""
    for unit, size in _UNITS:
        number = -(-millis // size)
        if number * size * 10 < millis * 11 or unit == "SECOND":
            return f"INTERVAL '{number}' {unit}"
    raise AssertionError


def macro_of(patient: Patient, table: str) -> str:
    """Where a source's options are: 'the macro of sql/sources/clicks.sql'."""
    place = patient.in_source(table)
    return f"the macro of {place.path}" if place is not None else f"the macro of the source {table}"


def alias_of(patient: Patient, table: str) -> str:
    """How the query calls a table, at its first place."""
    named = patient.case.places.named() if patient.case is not None else ()
    return next((each.alias for each in named if each.table == table), table)


def time_of(patient: Patient, table: str) -> str | None:
    """The column of a source's WATERMARK; None where that is not known."""
    found = patient.case.tables.get(table) if patient.case is not None else None
    return found.watermark[0] if found is not None and found.watermark is not None else None


def literal(patient: Patient, table: str, column: str, value: str) -> str:
    """A value of a column as SQL has it."""
    declared = patient.case.tables[table].column(column) if patient.case is not None else None
    is_number = declared is not None and declared.type.upper().startswith(_NUMBERS)
    if is_number and _NUMBER.fullmatch(value):
        return value
    return "'" + value.replace("'", "''") + "'"
