"""Tokens, tables and places in SQL text."""

from __future__ import annotations

import pytest
from tests.unit.checks.conftest import MakeCase

from juncture.checks.case import Case
from juncture.checks.tables import read_table
from juncture.checks.tokens import comments, tokens
from juncture.model.rendered import Span, Statement


def statement(text: str) -> Statement:
    return Statement(
        kind="source",
        name="t",
        text=text,
        spans=(Span(start=0, path="sql/sources/t.sql", line=1, column=1, literal=True),),
    )


class TestTokens:
    def test_offsets_lead_to_the_text(self) -> None:
        sql = "SELECT `a``b`, 'it''s é', /*+ HINT('x') */ c.d -- end 'x\nFROM t /* no */ WHERE a<>b"
        for token in tokens(sql):
            assert (
                token.text.replace("`", "``").replace("'", "''") in sql[token.start : token.end] or token.word
            )

    def test_literals_and_quoted_names_are_no_keywords(self) -> None:
        words = [token.word for token in tokens("SELECT 'FROM', `JOIN` FROM t")]
        assert words == ["SELECT", "", ",", "", "FROM", "T"]

    def test_backslashes_are_plain(self) -> None:
        assert [token.text for token in tokens(r"'a\' , 'b'")] == ["a\\", ",", "b"]

    def test_an_open_quote(self) -> None:
        assert tokens("SELECT 'x FROM t") == ()

    def test_comments(self) -> None:
        sql = "-- one\nSELECT '-- no', /*+ no */ `-- no` /* two\n */ -- three"
        assert [text for _, text in comments(sql)] == ["-- one", "/* two\n */", "-- three"]
        assert all(sql[offset:].startswith(text) for offset, text in comments(sql))


class TestTables:
    DDL = """\
-- A comment (with a parenthesis
CREATE TEMPORARY TABLE `t` (
    id STRING NOT NULL,
    `order` ROW<a STRING, b MAP<STRING, INT>> COMMENT 'x, y',
    amount DECIMAL(12, 2),
    at AS TO_TIMESTAMP_LTZ(ms, 3),
    ms BIGINT METADATA FROM 'x' VIRTUAL,
    PRIMARY KEY (id, `order`) NOT ENFORCED,
    WATERMARK FOR at AS at - INTERVAL '1' MINUTE
) WITH ('connector' = 'upsert-kafka', 'topic' = 'a,b')"""

    def test_columns(self) -> None:
        table = read_table(statement(self.DDL))
        assert [(column.name, column.type) for column in table.columns] == [
            ("id", "STRING"),
            ("order", "ROW<a STRING, b MAP<STRING, INT>>"),
            ("amount", "DECIMAL(12, 2)"),
            ("at", ""),
            ("ms", "BIGINT"),
        ]
        assert self.DDL[table.columns[1].offset :].startswith("`order` ROW")

    def test_watermark_key_and_options(self) -> None:
        table = read_table(statement(self.DDL))
        assert table.watermark == ("at", self.DDL.index("WATERMARK"))
        assert table.key == (("id", "order"), self.DDL.index("PRIMARY"))
        assert table.options == {"connector": "upsert-kafka", "topic": "a,b"}
        assert table.is_changelog

    def test_a_key_at_its_column(self) -> None:
        ddl = "CREATE TABLE t (a INT PRIMARY KEY NOT ENFORCED, b INT)"
        table = read_table(statement(ddl))
        assert table.key == (("a",), ddl.index("PRIMARY"))
        assert [column.type for column in table.columns] == ["INT", "INT"]

    @pytest.mark.parametrize("text", ["", "CREATE TABLE", "CREATE TABLE t", "CREATE TABLE t (", "SELECT 'x"])
    def test_what_is_no_table(self, text: str) -> None:
        assert read_table(statement(text)).columns == ()


SERVER, CLIENT = "{{ source('server') }}", "{{ source('client') }}"


def spot(case: Case, offset: int) -> str:
    at = case.in_query(offset)
    return f"{at.line}:{at.column}"


class TestNames:
    def test_aliases(self, make_case: MakeCase) -> None:
        case = make_case(
            f"SELECT 1 FROM {SERVER} AS s JOIN {CLIENT} FOR SYSTEM_TIME AS OF s.ts AS `c d`"
            f" ON TRUE LEFT JOIN {CLIENT} ON TRUE, {SERVER} x"
        )
        assert [(n.alias, n.table) for n in case.places.named()] == [
            ("s", "server"),
            ("c d", "client"),
            ("client", "client"),
            ("x", "server"),
        ]
        assert [n.alias for n in case.places.versioned()] == ["c d"]
        assert [n.alias for n in case.places.as_of()] == ["s"]

    def test_windowed(self, make_case: MakeCase) -> None:
        case = make_case(
            f"SELECT 1 FROM TUMBLE(TABLE {CLIENT}, DESCRIPTOR(ts), INTERVAL '1' MINUTE), {SERVER}"
        )
        assert [n.table for n in case.places.windowed()] == ["client"]

    def test_types_of_columns(self, make_case: MakeCase) -> None:
        case = make_case(f"SELECT s.id FROM {SERVER} AS s JOIN {CLIENT} AS c ON s.id = c.id")
        assert case.column_type("s", "member_id") == "BIGINT"
        assert case.column_type(None, "ts") == "TIMESTAMP_LTZ(3)"
        assert case.column_type("s", "nothing") is None

    def test_equalities(self, make_case: MakeCase) -> None:
        case = make_case(
            f"SELECT 1\nFROM {SERVER} AS s JOIN {CLIENT} AS c ON s.id = c.id\nAND payload = 'x' AND 1 = id"
        )
        (pair,) = case.places.equalities()
        assert [term.name for term in pair] == [("s", "id"), ("c", "id")]
        assert [spot(case, term.offset) for term in pair] == ["2:70", "2:77"]


class TestPlacesOfColumns:
    def test_in_the_condition_first(self, make_case: MakeCase) -> None:
        case = make_case(
            f"SELECT c.payload\nFROM {SERVER} AS s\nJOIN {CLIENT} AS c\n  ON c.payload = s.id\nWHERE c.ts > 1"
        )
        join = case.places.word("JOIN")
        assert join is not None
        assert spot(case, case.places.column("payload", join=join)) == "4:6"
        assert spot(case, case.places.column("ts", join=join)) == "5:7"
        assert spot(case, case.places.column("member_id", join=join)) == "3:1"

    @pytest.mark.parametrize(("position", "place"), [(0, "1:8"), (1, "2:3"), (2, "3:3"), (3, "1:1")])
    def test_items_of_the_select(self, make_case: MakeCase, position: int, place: str) -> None:
        case = make_case(
            f"SELECT a,\n  COALESCE(b, 'x, y') AS b,\n  (SELECT c, d FROM {CLIENT}) AS c FROM {SERVER}, t"
        )
        assert spot(case, case.places.select_item(position)) == place
