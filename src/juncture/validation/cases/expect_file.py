"""What a case expects after a step, from YAML."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from juncture.errors import Location
from juncture.project.document import Path as Keys
from juncture.validation.cases.case_table import KIND
from juncture.validation.cases.cells import is_whole, shown
from juncture.validation.cases.scope import Scope
from juncture.validation.cases.timeline import JOIN, Change, Expect

_EXPECT = ("rows", "absent", "changelog", "watermark", "late", "state", "held_by", "skipped")
_SIZE = re.compile(r"(\d+)\s*(b|kb|mb)?", re.IGNORECASE)
_UNITS = {"b": 1, "kb": 1024, "mb": 1024 * 1024}


class ExpectReader:
    """Reads expectations of one case. What is wrong goes to the scope's reading."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def read(self, raw: Any, at: Keys, location: Location) -> Expect | None:
        """One expectation; None if there is nothing to it."""
        if isinstance(raw, list):
            return Expect(location, rows=self._scope.expectation(raw, at))
        if not isinstance(raw, dict) or not raw:
            self._scope.wrong("there is nothing expected", at, f"write one of {', '.join(_EXPECT)}")
            return None
        self._scope.reading.unknown(raw, at, _EXPECT)
        found = Expect(location)
        if "rows" in raw:
            found = replace(found, rows=self._scope.expectation(raw["rows"], (*at, "rows")))
        if "absent" in raw:
            found = replace(found, absent=self._scope.expectation(raw["absent"], (*at, "absent")))
        if "changelog" in raw:
            found = replace(found, changelog=self._changelog(raw["changelog"], (*at, "changelog")))
        if "watermark" in raw:
            found = replace(found, watermarks=self._watermarks(raw["watermark"], (*at, "watermark")))
        if "late" in raw:
            found = replace(found, late=self._count(raw["late"], (*at, "late")))
        if "state" in raw:
            found = self._state(found, raw["state"], (*at, "state"))
        if "held_by" in raw and self._scope.is_source(raw["held_by"], (*at, "held_by")):
            found = replace(found, held_by=raw["held_by"])
        if "skipped" in raw:
            found = replace(found, skipped=self._skipped(raw["skipped"], (*at, "skipped")))
        return found

    def _changelog(self, raw: Any, at: Keys) -> tuple[tuple[str, ...], tuple[Change, ...]] | None:
        if not self._scope.tables.sink.is_changelog:
            sink = self._scope.tables.sink.name
            self._scope.wrong(f"the sink '{sink}' holds no changelog", at, "expect 'rows'")
            return None
        read = self._scope.sink_rows(raw, at)
        changes = []
        for row in read.rows:
            if row.kind is None:
                self._scope.reading.problem(
                    "the change has no kind", row.location, f"add the column {KIND}: upsert or delete"
                )
                continue
            values = {column: row.values.get(column) for column in read.columns}
            changes.append(Change(row.kind, values, row.location))
        return read.columns, tuple(changes)

    def _watermarks(self, raw: Any, at: Keys) -> dict[str, datetime | None] | None:
        if not isinstance(raw, dict):
            self._scope.wrong(
                "this is not 'SOURCE: time'", at, f"write '{{SOURCE: \"+10:00\", {JOIN}: null}}'"
            )
            return None
        found: dict[str, datetime | None] = {}
        for source, value in raw.items():
            if source == JOIN or self._scope.is_source(source, (*at, source), JOIN):
                found[source] = None if value is None else self._scope.time(value, (*at, source))
        return found

    def _state(self, found: Expect, raw: Any, at: Keys) -> Expect:
        if raw == "grown" or raw == "shrunk":
            return replace(found, state_since=raw)
        if not isinstance(raw, dict) or not raw:
            self._scope.wrong(
                f"'{raw}' is no size of state", at, "write grown, shrunk, or {at_least: 1 kb, at_most: 20 kb}"
            )
            return found
        self._scope.reading.unknown(raw, at, ("at_least", "at_most"))
        bounds = [self._size(raw.get(name), (*at, name)) for name in ("at_least", "at_most")]
        return replace(found, state=(bounds[0], bounds[1]))

    def _size(self, raw: Any, at: Keys) -> int | None:
        if raw is None:
            return None
        match = _SIZE.fullmatch(str(raw))
        if match is None:
            self._scope.wrong(f"'{raw}' is not a size", at, "write '900 b', '20 kb' or '1 mb'")
            return None
        return int(match[1]) * _UNITS[(match[2] or "b").lower()]

    def _skipped(self, raw: Any, at: Keys) -> dict[str, int] | None:
        if not isinstance(raw, dict):
            self._scope.wrong("this is not 'SOURCE: number'", at, "write '{SOURCE: 1}'")
            return None
        return {
            source: self._count(value, (*at, source)) or 0
            for source, value in raw.items()
            if self._scope.is_source(source, (*at, source))
        }

    def _count(self, raw: Any, at: Keys) -> int | None:
        if is_whole(raw):
            return int(raw)
        self._scope.wrong(f"{shown(raw)} is not a number of records", at, "write a whole number from 0")
        return None
