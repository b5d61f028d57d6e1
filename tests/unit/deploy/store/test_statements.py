"""The tables of a bundle's statements.sql."""

from __future__ import annotations

from juncture.deploy.store.statements import tables_of
from juncture.model.rendered import Span, Statement, factories

SCRIPT = """\
SET 'pipeline.name' = 'a;
b';

CREATE TEMPORARY FUNCTION `site_of` AS 'org.example.SiteOf' LANGUAGE JAVA;

CREATE TEMPORARY TABLE `clicks` (
  id STRING, -- the id;
  at TIMESTAMP(3) /* of the
  click;
  */
) WITH (
    -- 'connector' = 'jdbc', 'format' = 'debezium-json',
    'connector' = 'kafka',
    'topic' = 'it''s;
-- here',
    'format' = 'json'
);

CREATE TEMPORARY TABLE IF NOT EXISTS matches (id STRING) WITH ('connector' = 'blackhole');

INSERT INTO `matches`
SELECT id FROM `clicks`;
"""


def test_semicolons_of_comments_and_texts_end_no_statement() -> None:
    found = tables_of(SCRIPT)
    assert list(found) == ["clicks", "matches"]
    assert found["clicks"].options == {"connector": "kafka", "topic": "it's;\n-- here", "format": "json"}
    assert [column.name for column in found["clicks"].columns] == ["id", "at"]
    assert found["matches"].options == {"connector": "blackhole"}


def test_what_stands_in_a_comment_is_no_connector_and_no_format() -> None:
    assert factories(SCRIPT) == ("blackhole", "json", "kafka")
    span = Span(start=0, path="a.sql", line=1, column=1, literal=True)
    text = SCRIPT[SCRIPT.index("CREATE TEMPORARY TABLE") :]
    table = Statement(kind="source", name="clicks", text=text, spans=(span,))
    assert (table.connector, table.is_changelog) == ("kafka", False)
