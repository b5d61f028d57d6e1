"""SQL that decodes fields of a JSON text where a query wants them: after a join whose state holds the text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from juncture.errors import JunctureError
from juncture.render.sql import identifier, literal

_CASTS = re.compile(
    r"(?:(?:VAR)?CHAR\s*\(\s*\d+\s*\)|TINYINT|SMALLINT|INT(?:EGER)?|BIGINT|FLOAT|DOUBLE|DATE"
    r"|DEC(?:IMAL)?(?:\s*\(\s*\d+\s*(?:,\s*\d+\s*)?\))?)"
)
_TIMES = ("TIMESTAMP(3)", "TIMESTAMP_LTZ(3)")
_WRITTEN = "yyyy-MM-dd HH:mm:ss.SSS"
_KNOWN = (
    "STRING, CHAR(n), VARCHAR(n), BOOLEAN, numbers, DATE, TIMESTAMP(3), TIMESTAMP_LTZ(3), ARRAY<STRING>, JSON"
)


def json_field(text: str, name: str, type: str = "STRING") -> str:
    """An expression for one field of a JSON object, as Flink's JSON format decodes a column of that type.

    A field that is missing, null or of another type is NULL.

    Args:
        text: the column that holds the object, as SQL: 'i.payload'.
        name: the field's.
        type: Flink's, of scalars and of ARRAY<STRING>; 'JSON' is the text of an object or array.

    Raises JunctureError for any other type.
    """
    path = literal('$["' + name.replace("\\", "\\\\").replace('"', '\\"') + '"]')
    if re.fullmatch(r"[A-Za-z_]\w*", name):
        path = literal(f"$.{name}")
    value, wanted = f"JSON_VALUE({text}, {path})", " ".join(type.upper().split())
    if wanted == "STRING":
        return value
    if wanted == "BOOLEAN":
        return f"(LOWER(TRIM({value})) = 'true')"
    if _CASTS.fullmatch(wanted):
        return f"TRY_CAST({value} AS {wanted})"
    if wanted.replace(" ", "") in _TIMES:
        moment = f"TRY_CAST(REPLACE(REPLACE({value}, 'T', ' '), 'Z', '') AS TIMESTAMP(3))"
        # Of other text TO_TIMESTAMP_LTZ makes no NULL, but an error.
        return f"TO_TIMESTAMP_LTZ(DATE_FORMAT({moment}, '{_WRITTEN}'))" if "LTZ" in wanted else moment
    if wanted == "JSON":
        return f"JSON_QUERY({text}, {path})"
    if wanted.replace(" ", "") == "ARRAY<STRING>":
        return f"JSON_QUERY({text}, {path} RETURNING ARRAY<STRING>)"
    raise JunctureError(
        f"the field '{name}' can't be decoded as {type}", remedy=f"decode it as one of {_KNOWN}"
    )


def json_fields(text: str, fields: Mapping[str, str]) -> str:
    """A list for SELECT: each of the fields, by name with its type, under its name. Raises as `json_field` does."""
    return ",\n".join(
        f"{json_field(text, name, type)} AS {identifier(name)}" for name, type in fields.items()
    )
