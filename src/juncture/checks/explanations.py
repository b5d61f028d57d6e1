"""Flink's refusals in words that help: what is wrong, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from juncture.checks.case import Case
from juncture.checks.functions import BUILT_IN
from juncture.checks.places import CLAUSES
from juncture.checks.timebound import NOT_EXISTS
from juncture.checks.wording import listed
from juncture.model.wording import counted
from juncture.project.nearest import did_you_mean, nearest

_TYPES = (
    "ARRAY", "BIGINT", "BINARY", "BOOLEAN", "BYTES", "CHAR", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INT", "MAP",
    "MULTISET", "ROW", "SMALLINT", "STRING", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ", "TINYINT", "VARBINARY", "VARCHAR",
    "VARIANT",
)  # fmt: skip
_HINTS = (
    "BROADCAST",
    "LOOKUP",
    "MULTI_JOIN",
    "NEST_LOOP",
    "OPTIONS",
    "SHUFFLE_HASH",
    "SHUFFLE_MERGE",
    "STATE_TTL",
)
_JOINING = ("CROSS", "FULL", "GROUP", "HAVING", "INNER", "JOIN", "LEFT", "OUTER", "RIGHT", "UNION", "WHERE")
_FIX = "correct the statement: Flink's planner refuses it as it is"


class Explanation(NamedTuple):
    """`offset` is a better place in the insert statement than the one that Flink names, where there is one."""

    message: str
    remedy: str
    offset: int | None = None


Explain = Callable[[Case, re.Match[str], int | None], Explanation]


def explain(case: Case, message: str, offset: int | None) -> Explanation:
    """Explain a refusal that no other rule explains.

    Args:
        case: the job.
        message: Flink's message.
        offset: where Flink places it, in the insert statement; None elsewhere or without a place.
    """
    text = _without_place(message)
    for pattern, explanation in _EXPLANATIONS:
        if match := re.search(pattern, text, re.DOTALL):
            return explanation(case, match, offset)
    return Explanation(text, _FIX)


def _without_place(message: str) -> str:
    """Flink's place is one of the rendered text: it would mislead."""
    text = re.sub(r"^At line \d+, column \d+: ", "", message)
    text = re.sub(r" at line \d+, column \d+\.?", "", text)
    return text.split("\n\nrelated rel plan:")[0].split(" The physical plan is:")[0].strip()


def _unknown_column(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    name, alias = match[1], match[2] or None
    columns = [c.name for table in case.tables_named(alias) for c in table.columns]
    where = f"'{alias}' has no column '{name}'" if alias else f"no table of the join has a column '{name}'"
    return Explanation(where, did_you_mean(name, columns, none="look at the columns of its subquery"))


def _ambiguous_column(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    name = match[1]
    owners = [
        n.alias for n in case.places.named() if n.table in case.tables and case.tables[n.table].column(name)
    ]
    written = [f"{alias}.{name}" for alias in owners]
    return Explanation(
        f"'{name}' may mean the column of more than one table",
        f"write {listed(written, 'or')}" if written else "put the table's alias before it",
    )


def _unknown_alias(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    aliases = [named.alias for named in case.places.named()]
    return Explanation(
        f"there is no table or alias '{match[1]}' in this query", did_you_mean(match[1], aliases)
    )


def _unknown_table(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    name = match[1]
    return Explanation(
        f"there is no table '{name}'", f"name a source of the project: {{{{ source('{name}') }}}}"
    )


def _unknown_function(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    name, arguments = match[1], match[2]
    if name.upper() in BUILT_IN:
        kinds = arguments.replace("<", "").replace(">", "").lower() or "nothing"
        return Explanation(
            f"{name} does not take ({kinds})", f"look up the arguments of {name} in Flink's functions"
        )
    return Explanation(
        f"there is no function '{name}'", did_you_mean(name, {*BUILT_IN, *case.rendered.job.functions})
    )


def _wrong_arguments(_: Case, match: re.Match[str], __: int | None) -> Explanation:
    return Explanation(match[0], f"look up the arguments of {match[1]} in Flink's functions")


def _unknown_type(_: Case, match: re.Match[str], __: int | None) -> Explanation:
    return Explanation(f"there is no type '{match[1]}'", did_you_mean(match[1], _TYPES))


def _unknown_rowtime(_: Case, match: re.Match[str], __: int | None) -> Explanation:
    columns = re.findall(r"'([^']+)'", match[2])
    return Explanation(
        f"WATERMARK FOR '{match[1]}': there is no such column", did_you_mean(match[1], columns)
    )


def _unexpected(case: Case, match: re.Match[str], offset: int | None) -> Explanation:
    found = match[1]
    word = next((part for part in found.split() if part.isidentifier()), "")
    quote = f"'{word}' may be a reserved word: as a name, quote it: `{word}`"
    meant = nearest(word, _JOINING) if word.upper() not in CLAUSES else None
    if offset is None:
        return Explanation(f"'{found}' can't stand here", quote if word else _FIX)
    places = case.places
    if not places.tokens:
        return Explanation(f"'{found}' can't stand here", "a quote is opened before it, and never closed")
    if found.startswith(".") and word:
        return Explanation(f"'{word}' can't stand here after '.'", quote, places.word(word, after=offset))
    opened = sum({"(": 1, ")": -1}.get(token.word, 0) for token in places.tokens)
    parentheses = "parenthesis is" if opened == 1 else "parentheses are"
    remedy = f"{opened} closing {parentheses} missing" if opened > 0 else ""
    if found == "<EOF>":
        return Explanation("the statement ends too early", remedy or _FIX)
    before = places.before(offset)
    if before is not None and before.word == "," and (not word or places.ends_list(offset)):
        return Explanation(f"'{found}' can't follow a comma", "remove the comma before it", before.start)
    is_name = before is not None and before.word == ","
    if word and (is_name or word.upper() not in CLAUSES):
        misspelt = f"did you mean {meant}?" if meant and not is_name else quote
        remedy = "; ".join(part for part in (remedy, misspelt) if part)
    after = f" after '{before.text}'" if before else ""
    return Explanation(
        f"'{found}' can't stand here{after}", remedy or "something before it is missing or misspelt"
    )


def _unknown_hinted(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    alias, hint = match[1], match[2]
    aliases = [named.alias for named in case.places.named()]
    return Explanation(
        f"the hint {hint} names '{alias}', but no table or alias of this query is called so",
        did_you_mean(alias, aliases),
        case.places.in_hint(alias),
    )


def _unknown_hint(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    name = match[1]
    return Explanation(f"there is no hint '{name}'", did_you_mean(name, _HINTS), case.places.in_hint(name))


def _wrong_ttl(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    return Explanation(
        f"STATE_TTL: there is no unit of time '{match[1]}'",
        "write a duration, for instance '12 h' or '30 min'",
        case.places.in_hint("STATE_TTL"),
    )


def _columns_of_sink(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    sink = case.rendered.job.sink
    given, taken = (_schema(match[group]) for group in ("query", "sink"))
    position = re.search(r"sink column '([^']+)' at position (\d+)", match["cause"])
    if position is None:
        numbers = f"the query gives {counted(len(given), 'column')}, the sink {sink} takes {len(taken)}"
        missing = [name for name, _ in taken if name not in dict(given)]
        extra = [name for name, _ in given if name not in dict(taken)]
        hints = [f"no column is called {listed(missing)}"] if missing else []
        hints += [f"{sink} has no {listed(extra, 'or')}"] if extra else []
        return Explanation(
            numbers,
            f"select {', '.join(name for name, _ in taken)}, in this order"
            + "".join(f"; {h}" for h in hints),
            case.places.query,
        )
    name, index = position[1], int(position[2]) - (0 if "position 0" in match["cause"] else 1)
    given_type = given[index][1] if index < len(given) else "?"
    taken_type = dict(taken).get(name, "?")
    return Explanation(
        f"the sink {sink} takes {taken_type} for its column {name}, but the query gives {given_type} "
        f"({given[index][0] if index < len(given) else '?'})",
        f"columns go by position: check their order, or CAST(... AS {taken_type.removesuffix(' NOT NULL')})",
        case.places.select_item(index),
    )


def _schema(text: str) -> list[tuple[str, str]]:
    """'[a: STRING, b: ROW<x INT>]' as names and types; commas inside of types don't part columns."""
    parts = re.split(r", (?=`?[^\s,:<>()]+`?: )", text)
    return [(name.strip("`"), kind) for name, _, kind in (part.partition(": ") for part in parts)]


def _several_rowtimes(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    names = [name.strip() for name in match[1].split(",")]
    return Explanation(
        f"the query gives several time attributes ({listed(names)}), and a sink's records have one time",
        f"keep one, and CAST({listed(names[1:], 'or')} AS {_time_type(case, names[1])}), or whichever is not the"
        " event's time",
        case.places.query,
    )


def _time_type(case: Case, column: str) -> str:
    """The type of a time attribute, by its own name, or else that of the sources' WATERMARK columns."""
    marked = (table.column(table.watermark[0]) for table in case.tables_named(None) if table.watermark)
    types = [case.column_type(None, column), *(found.type for found in marked if found)]
    return next((each for each in types if each and each.upper().startswith("TIMESTAMP")), "TIMESTAMP_LTZ(3)")


def _operator_takes_no_updates(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    kinds = {
        "IntervalJoin": "an interval join",
        "WindowJoin": "a window join",
        "Deduplicate": "a deduplication",
    }
    consumer = kinds.get(match[1], f"the operator {match[1]}")
    if match[3] == "LeftAntiJoin":
        at = case.places.word("EXISTS") or case.places.word("IN", "JOIN")
        return Explanation(
            f"{consumer} takes only appended rows, but NOT EXISTS (or NOT IN) takes rows back", NOT_EXISTS, at
        )
    producer = {"Rank": "a ranking by ROW_NUMBER", "Deduplicate": "a deduplication that keeps the last row",
                "ChangelogNormalize": "a changelog source", "GroupAggregate": "an aggregation",
                "Join": "a regular join"}.get(match[2], match[2])  # fmt: skip
    remedy = "join a changelog as versions, FOR SYSTEM_TIME AS OF the other side's time"
    if match[2] in ("Rank", "Deduplicate"):
        remedy = "keep the first row: ROW_NUMBER() OVER (PARTITION BY ... ORDER BY the time attribute ASC)"
    at = case.places.word("ROW_NUMBER") if match[2] in ("Rank", "Deduplicate") else case.places.word("JOIN")
    return Explanation(f"{consumer} takes only appended rows, but {producer} updates them", remedy, at)


def _no_field(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    tables = [name for name, table in case.tables.items() if table.column(match[1])]
    return Explanation(
        f"the column {match[1]} of {listed(tables, 'or')} is no field of its message",
        "name fields as the .proto file does; what is none is computed (`AS ...`) or metadata",
    )


def _not_the_fields_type(_: Case, match: re.Match[str], __: int | None) -> Explanation:
    return Explanation(
        f"a column is {match[2]}, and the field of its message is {match[1]}",
        "declare the column as the field is (int64 as BIGINT), and compute another one from it: CAST(...)",
    )


def _wrong_value(_: Case, match: re.Match[str], __: int | None) -> Explanation:
    key, value, why = match["key"], match["value"], match["why"]
    allowed = re.search(r"Expected one of: \[\[(.+?)\]\]", why)
    if allowed:
        remedy = did_you_mean(value, allowed[1].split(", "))
    elif "boolean" in why:
        remedy = "write true or false"
    elif "duration" in why or "time" in why.lower():
        remedy = "write a duration, for instance '10 s' or '5 min'"
    elif "For input string" in why:
        remedy = "write a number"
    else:
        remedy = why or _FIX
    return Explanation(f"the option {key} does not take '{value}'", remedy)


def _same_rowtime_types(case: Case, match: re.Match[str], _: int | None) -> Explanation:
    return Explanation(
        f"an interval join compares times of one type, but these are {match[1]} and {match[2]}",
        "declare the event time of all sources alike: TIMESTAMP_LTZ(3) for instants",
        case.places.word("JOIN"),
    )


_EXPLANATIONS: tuple[tuple[str, Explain], ...] = (
    (r"^Column (\w+) does not exists in definition of proto class", _no_field),
    (r"^Protobuf field type does not match column type, (\w+)\(protobuf\) .+ of (\w+)", _not_the_fields_type),
    (r"^Column '([^']+)' not found in table '([^']+)'", _unknown_column),
    (r"^Column '([^']+)' not found in any(?: table)?()", _unknown_column),
    (r"^Column '([^']+)' is ambiguous", _ambiguous_column),
    (r"^Table '([^']+)' not found", _unknown_alias),
    (r"^Object '([^']+)' not found", _unknown_table),
    (r"No match found for function signature (\w+)\((.*)\)", _unknown_function),
    (r"^Invalid number of arguments to function '(\w+)'.*", _wrong_arguments),
    (r"^Unknown identifier '([^']+)'", _unknown_type),
    (
        r"^The rowtime attribute field '([^']+)' is not defined in the table schema.*?\[(.*)\]",
        _unknown_rowtime,
    ),
    (r"^Encountered \"(.+?)\"", _unexpected),
    (r"^The options of following hints cannot match .*?\n`([^`]+)` in `(\w+)`", _unknown_hinted),
    (r"^Hint: (\w+) should be registered", _unknown_hint),
    (r"^Invalid STATE_TTL hint value: Time interval unit label '([^']*)'", _wrong_ttl),
    (r"^Incorrect syntax near the keyword '(.+?)'", _unexpected),
    (
        r"do not match\.\nCause: (?P<cause>.+?)\n\nQuery schema: \[(?P<query>.*?)\]\n"
        r"Sink schema:\s+\[(?P<sink>.*)\]",
        _columns_of_sink,
    ),
    (r"more than one rowtime attribute column \[(.+?)\]", _several_rowtimes),
    (
        r"^StreamPhysical(\w+) doesn't support consuming .+? produced by node (\w+)(?:\(joinType=\[(\w+)\])?",
        _operator_takes_no_updates,
    ),
    (
        r"Could not parse value '(?P<value>.*?)' for key '(?P<key>[^']+)'\.\s*(?P<why>.*)",
        _wrong_value,
    ),
    (r"requires same rowtime types, but the types are (.+?) and (.+?)\.?$", _same_rowtime_types),
)
