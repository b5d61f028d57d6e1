"""SQL that decodes fields of a payload."""

from __future__ import annotations

import pytest

from juncture.errors import JunctureError
from juncture.model.rendered import Statement
from juncture.render.json_fields import json_field, json_fields

MOMENT = "TRY_CAST(REPLACE(REPLACE(JSON_VALUE(i.payload, '$.x'), 'T', ' '), 'Z', '') AS TIMESTAMP(3))"


@pytest.mark.parametrize(
    ("type", "sql"),
    [
        ("STRING", "JSON_VALUE(i.payload, '$.x')"),
        ("bigint", "TRY_CAST(JSON_VALUE(i.payload, '$.x') AS BIGINT)"),
        ("DECIMAL(10, 2)", "TRY_CAST(JSON_VALUE(i.payload, '$.x') AS DECIMAL(10, 2))"),
        ("VARCHAR(20)", "TRY_CAST(JSON_VALUE(i.payload, '$.x') AS VARCHAR(20))"),
        ("TIMESTAMP(3)", MOMENT),
        ("TIMESTAMP_LTZ(3)", f"TO_TIMESTAMP_LTZ(DATE_FORMAT({MOMENT}, 'yyyy-MM-dd HH:mm:ss.SSS'))"),
        ("BOOLEAN", "(LOWER(TRIM(JSON_VALUE(i.payload, '$.x'))) = 'true')"),
        ("JSON", "JSON_QUERY(i.payload, '$.x')"),
        ("ARRAY<STRING>", "JSON_QUERY(i.payload, '$.x' RETURNING ARRAY<STRING>)"),
    ],
)
def test_a_field_of_each_type(type: str, sql: str) -> None:
    assert json_field("i.payload", "x", type) == sql


@pytest.mark.parametrize(
    "type", ["BYTES", "ROW<a INT>", "ARRAY<INT>", "INT NOT NULL", "TIMESTAMP(6)", "INT) --"]
)
def test_other_types_are_refused(type: str) -> None:
    with pytest.raises(JunctureError, match="the field 'x' can't be decoded as") as error:
        json_field("payload", "x", type)
    assert "STRING" in (error.value.remedy or "")


def test_any_name_is_a_field() -> None:
    assert json_field("payload", 'it\'s "a\\b"') == "JSON_VALUE(payload, '$[\"it''s \\\"a\\\\b\\\"\"]')"


def test_a_list_for_select() -> None:
    found = json_fields("i.payload", {"page": "STRING", "method": "INT"})
    assert found == (
        "JSON_VALUE(i.payload, '$.page') AS `page`,\nTRY_CAST(JSON_VALUE(i.payload, '$.method') AS INT) AS `method`"
    )


@pytest.mark.parametrize(
    ("column", "format", "found"),
    [
        ("payload STRING METADATA FROM 'value.payload' VIRTUAL", "json-payload", "payload"),
        ("`the record` string not null metadata from 'value.payload' virtual", "json-payload", "the record"),
        ("payload STRING METADATA FROM 'value.payload' VIRTUAL", "json", None),
        ("payload STRING, o BIGINT METADATA FROM 'offset'", "json-payload", None),
    ],
)
def test_the_column_that_is_the_whole_record(column: str, format: str, found: str | None) -> None:
    text = f"CREATE TABLE t (id STRING, {column}) WITH ('connector' = 'kafka', 'format' = '{format}')"
    assert Statement(kind="source", name="t", text=text, spans=()).payload == found
