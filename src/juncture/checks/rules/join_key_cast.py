"""Rule join-key-cast."""

from __future__ import annotations

import re
from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.refusals import owner
from juncture.checks.rule import Rule
from juncture.checks.wording import listed
from juncture.errors import Location
from juncture.model.flow import JOINS, Flow, condition_of, join_spec
from juncture.model.plan import PlanNode
from juncture.model.report import Finding
from juncture.model.rex import Rex, call_name, conjuncts, operands, refs, type_root

_CASTS = ("CAST", "TRY_CAST")
_REFUSAL = re.compile(r"conversion between (.+?) and (.+?) is not supported")


class JoinKeyCast(Rule):
    """The sides of a join have keys of different types.

    Flink refuses to compare a string with a number in a join's condition, and with an explicit CAST it computes
    the key for every record, hashes the result, and keeps both forms in state. Worse, equal ids may not be equal
    after a cast: '007' and 7, '1.0' and 1, a key with a blank. A key that doesn't parse becomes NULL or fails the
    job. The topics' schemas should agree; if one can't be changed, convert it once in its source, as a computed
    column with a name of its own, where everyone sees it.

    Anti-pattern:

    ```sql
    -- sql/sources/taps.sql
    CREATE TABLE taps (
        impression_id BIGINT,
        target STRING,
        tapped_at TIMESTAMP_LTZ(3),
        WATERMARK FOR tapped_at AS tapped_at - INTERVAL '2' MINUTE
    ) {{ kafka(topic='taps', idle_timeout='1 min') }}
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('taps') }} AS c
        ON CAST(c.impression_id AS STRING) = i.impression_id
        AND c.tapped_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```

    Best practice:

    ```sql
    -- sql/sources/taps.sql
    CREATE TABLE taps (
        impression_id STRING,
        target STRING,
        tapped_at TIMESTAMP_LTZ(3),
        WATERMARK FOR tapped_at AS tapped_at - INTERVAL '2' MINUTE
    ) {{ kafka(topic='taps', idle_timeout='1 min') }}
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('taps') }} AS c
        ON c.impression_id = i.impression_id
        AND c.tapped_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```
    """

    id = "join-key-cast"
    severity = "warning"

    def check(self, case: Case) -> Iterator[Finding]:
        error = case.compilation.error
        if error is not None and owner(error) == self.id:
            yield self._refused(case, error.message)
        if case.flow is None:
            return
        for node in case.flow.plan.of_kind(*JOINS):
            seen: set[str] = set()
            for cast, up in _casts(case.flow, node):
                inner = operands(cast)[0]
                names = [case.flow.name(up, index) for index in sorted(refs(inner))]
                message = (
                    f"the join compares {listed(names)} of {listed(case.flow.plan.tables(up))} as "
                    f"{type_root(cast['type'])}, but it is {_type_of(case.flow, inner, up)}"
                )
                if message not in seen:
                    seen.add(message)
                    offset = case.places.column(*names, join=case.places.join(case.flow, node))
                    yield self._finding(case, case.in_query(offset), message)

    def _finding(self, case: Case, at: Location, message: str, *, is_refused: bool = False) -> Finding:
        return self.finding(
            case,
            at,
            message,
            "give the key the same type in both sources; where a topic can't be changed, convert it in its source, "
            "as a computed column",
            severity="error" if is_refused else None,
        )

    def _refused(self, case: Case, message: str) -> Finding:
        types = _REFUSAL.search(message)
        roots = [type_root(kind) for kind in types.groups()] if types else []
        for left, right in case.places.equalities():
            sides = [case.column_type(*name) for name in (left.name, right.name)]
            if sorted(type_root(side) for side in sides if side) == sorted(roots):
                said = [f"{left.name[-1]} ({sides[0]})", f"{right.name[-1]} ({sides[1]})"]
                text = f"the join compares {listed(said)}, which Flink does not convert in a join's condition"
                return self._finding(case, case.in_query(left.offset), text, is_refused=True)
        text = f"the join compares {listed(roots)}, which Flink does not convert in a join's condition"
        at = case.places.word("ON") or case.places.query
        return self._finding(case, case.in_query(at), text, is_refused=True)


def _casts(flow: Flow, node: PlanNode) -> Iterator[tuple[Rex, PlanNode]]:
    """Casts of the keys of a join, each with the operator whose columns it reads."""
    ups, spec = flow.plan.inputs(node), join_spec(node)
    for up, keys in zip(ups, (spec.get("leftKeys", ()), spec.get("rightKeys", ())), strict=False):
        for index in keys:
            yield from _changing(flow, *_computed(flow, up, index))
    for part in conjuncts(condition_of(node)):
        if call_name(part) == "=" and len({flow.side_of(node, index)[0].id for index in refs(part)}) == 2:
            for operand in operands(part):
                yield from _changing(flow, operand, node)


def _computed(flow: Flow, node: PlanNode, index: int) -> tuple[Rex | None, PlanNode]:
    """The expression that makes a column, and the operator whose columns it reads."""
    while True:
        expression = flow.expression(node, index)
        if expression is not None:
            return expression, flow.plan.inputs(node)[0]
        feeds = flow.feeds(node, index)
        if not feeds:
            return None, node
        node, index = feeds[0]


def _changing(flow: Flow, expression: Rex | None, up: PlanNode) -> Iterator[tuple[Rex, PlanNode]]:
    """The cast, if the expression is one of a column to another type; lengths and precisions don't count."""
    if expression is None or call_name(expression) not in _CASTS:
        return
    inner = operands(expression)[0]
    while call_name(inner) in _CASTS:
        inner = operands(inner)[0]
    kinds = {type_root(expression.get("type")), _type_of(flow, inner, up)}
    if refs(inner) and len(kinds) == 2 and kinds != {"CHAR", "VARCHAR"}:
        yield {**expression, "operands": [inner]}, up


def _type_of(flow: Flow, expression: Rex, up: PlanNode) -> str:
    if expression.get("kind") == "INPUT_REF" and up.kind not in JOINS:
        return type_root(up.fields[expression["inputIndex"]][1])
    return type_root(expression.get("type"))
