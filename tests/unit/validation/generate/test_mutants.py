"""Which changes are made to a join's text, and where."""

from __future__ import annotations

import pytest
from tests.unit.validation.rendered import rendered, topic

from juncture.model.rendered import Reference, RenderedJob
from juncture.validation.generate.mutants import Mutant, mutants_of

LEFT = topic("l", "id STRING, other STRING, n BIGINT, m BIGINT, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts")
RIGHT = topic("r", "id STRING, n BIGINT, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts")
SINK = topic("out", "id STRING")


def job(select: str) -> RenderedJob:
    made = rendered({"l": LEFT, "r": RIGHT}, SINK, select)
    text = made.insert.text
    places = [(name, text.find(f"{before} {name} AS")) for name in "lr" for before in ("FROM", "JOIN")]
    references = (
        Reference(table=name, offset=at + text[at:].index(f" {name} ") + 1) for name, at in places if at >= 0
    )
    return made.model_copy(update={"references": tuple(references)})


def mutants(condition: str, kind: str = "JOIN") -> dict[str, Mutant]:
    return {m.name: m for m in mutants_of(job(f"SELECT l.id FROM l AS l\n{kind} r AS r\n    ON {condition}"))}


def names(condition: str) -> list[str]:
    return [name for name in mutants(condition) if "JOIN ->" not in name]


def test_joins_become_every_other_kind() -> None:
    kinds = {name for name in mutants("l.id = r.id", "INNER JOIN") if "JOIN" in name}
    outer = {name for name in mutants("l.id = r.id", "LEFT OUTER JOIN") if "JOIN" in name}

    assert kinds == {f"INNER JOIN -> {each} JOIN" for each in ("LEFT", "RIGHT", "FULL")}
    assert outer == {f"LEFT OUTER JOIN -> {each}" for each in ("JOIN", "RIGHT JOIN", "FULL JOIN")}


def test_keys_are_dropped_compared_with_another_column_and_null_safe() -> None:
    assert names("l.id = r.id") == [
        "l.id -> l.other",
        "l.id = r.id -> TRUE",
        "= -> IS NOT DISTINCT FROM",
    ]
    assert names("l.id IS NOT DISTINCT FROM r.id") == [
        "l.id IS NOT DISTINCT FROM r.id -> TRUE",
        "IS NOT DISTINCT FROM -> =",
    ]


def test_bounds_move_by_a_millisecond_and_change_sides() -> None:
    bound = "r.ts BETWEEN l.ts AND l.ts + INTERVAL '5' MINUTE"

    assert names(bound) == [
        f"{bound} -> TRUE",
        f"{bound} -> l.ts BETWEEN r.ts AND r.ts + INTERVAL '5' MINUTE",
        "l.ts -> l.ts + INTERVAL '0.001' SECOND",
        "l.ts -> l.ts - INTERVAL '0.001' SECOND",
        "l.ts + INTERVAL '5' MINUTE -> l.ts + INTERVAL '5' MINUTE + INTERVAL '0.001' SECOND",
        "l.ts + INTERVAL '5' MINUTE -> l.ts + INTERVAL '5' MINUTE - INTERVAL '0.001' SECOND",
    ]


@pytest.mark.parametrize(
    ("operator", "other", "moved"), [("<", "<=", "-"), ("<=", "<", "+"), (">", ">=", "+"), (">=", ">", "-")]
)
def test_an_open_end_becomes_a_closed_one_and_moves_the_other_way(operator, other, moved) -> None:
    assert names(f"l.n {operator} r.n") == [
        f"l.n {operator} r.n -> TRUE",
        f"l.n {operator} r.n -> r.n {operator} l.n",
        f"{operator} -> {other}",
        f"r.n -> r.n {moved} 1",
    ]


def test_each_predicate_is_dropped_alone_and_alternatives_together() -> None:
    either = "(l.n = 1 OR r.n = 2)"
    found = names(f"l.id = r.id AND l.other <> 'x' AND NOT l.n BETWEEN 1 AND 2 AND {either}")

    dropped = [name.removesuffix(" -> TRUE") for name in found if name.endswith(" -> TRUE")]
    assert dropped == ["l.id = r.id", "l.other <> 'x'", "NOT l.n BETWEEN 1 AND 2", either]
    assert "<> -> =" in found
    assert "'x' -> 'x~'" in found
    assert names("l.n = 1 OR r.n = 2")[0] == "l.n = 1 OR r.n = 2 -> TRUE"


def test_conditions_on_null_and_existence_are_turned_round() -> None:
    found = names("l.id IS NULL AND r.id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM r) AND l.n IN (1, 2)")

    for name in ("IS NULL -> IS NOT NULL", "IS NOT NULL -> IS NULL", "NOT EXISTS -> EXISTS", "IN -> NOT IN"):
        assert name in found
    assert "1 -> 2" in found


def test_the_time_of_a_temporal_join_is_dropped() -> None:
    made = job("SELECT l.id FROM l AS l JOIN r FOR SYSTEM_TIME AS OF l.ts AS r ON r.id = l.id")
    (dropped,) = [m for m in mutants_of(made) if m.text == ""]

    assert dropped.name == "FOR SYSTEM_TIME AS OF l.ts -> nothing"
    assert " JOIN r  AS r ON" in dropped.apply(made).insert.text


def test_lengths_of_types_are_no_constants() -> None:
    made = job("SELECT CAST(l.n AS DECIMAL(12, 2)), 7, TRUE FROM l AS l")

    assert [m.name for m in mutants_of(made)] == ["7 -> 8", "TRUE -> FALSE"]


def test_a_mutant_changes_its_place_alone_and_shows_the_line() -> None:
    made = job("SELECT l.id FROM l AS l\nJOIN r AS r\n    ON l.id = r.id")
    mutant = next(m for m in mutants_of(made) if m.name == "JOIN -> FULL JOIN")

    assert mutant.apply(made).insert.text == made.insert.text.replace("\nJOIN", "\nFULL JOIN")
    assert mutant.diff(made) == ("- JOIN r AS r", "+ FULL JOIN r AS r")


def test_changes_of_the_same_text_have_names_of_their_own() -> None:
    found = names("l.n = 1 AND r.n = 1")

    assert [name for name in found if name.startswith("1 ->")] == ["1 -> 2", "1 -> 2 (2)"]
    assert len(set(found)) == len(found)
