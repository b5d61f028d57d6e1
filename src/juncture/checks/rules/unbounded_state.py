"""Rule unbounded-state."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.rule import Rule
from juncture.checks.timebound import bounded_existence, is_endless, is_kept_forever, time_bound
from juncture.checks.wording import describe, listed, tables_of
from juncture.model.flow import Flow, join_type
from juncture.model.plan import PlanNode
from juncture.model.report import Finding

_BOUNDED = ("changelog-normalize", "limit", "sort-limit")


class UnboundedState(Rule):
    """An operator keeps state that nothing ever removes.

    A regular join keeps every row of both sides, because a match may come at any time. An aggregation, a
    deduplication and a ranking keep something for each key that was ever seen. Without a TTL this state grows
    for as long as the job runs, checkpoints get slower every day, and one day the job falls over. Interval,
    window and temporal joins forget by the watermark and need no TTL; changelogs of upsert topics hold one row
    a key, as their topics do, and are not reported.

    Anti-pattern:

    ```sql
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
    ```

    Best practice:

    ```sql
    -- sql/joins/clicks.sql
    SELECT /*+ STATE_TTL('i' = '12 h', 'c' = '12 h') */ i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
    ```
    """

    id = "unbounded-state"
    severity = "error"

    def check(self, case: Case) -> Iterator[Finding]:
        flow = case.flow
        if flow is None:
            return
        for node in flow.plan.nodes:
            if not is_kept_forever(node) or node.kind in _BOUNDED or node.uid in case.event_joins:
                continue
            # A join that was meant to be bounded in time is reported as that.
            growth = "" if time_bound(case, node) else _growth(flow, node)
            if growth:
                yield self.finding(
                    case,
                    case.place(node),
                    f"the state of {describe(flow, node)} grows without end: {growth}, and nothing removes it",
                    _remedy(case, node),
                )


def _growth(flow: Flow, node: PlanNode) -> str:
    """What an operator keeps more and more of; '' where it is bounded by itself."""
    ups = flow.plan.inputs(node)
    if node.kind in ("join", "multi-join"):
        states = node.raw["state"]
        sides = [
            f"every row of {tables_of(flow, up)}"
            for number, (up, state) in enumerate(zip(ups, states, strict=False))
            if is_endless(state) and flow.scans(up) and not _is_bounded_by_keys(flow, node, up, number)
        ]
        return f"it keeps {listed(sides)}" if sides else ""
    if node.kind == "sink":
        return "to resolve conflicts it keeps all rows of every primary key"
    keys = {
        "group-aggregate": node.raw.get("grouping"),
        "deduplicate": node.raw.get("uniqueKeys"),
        "rank": (node.raw.get("partition") or {}).get("fields"),
    }.get(node.kind)
    if keys is not None:
        names = [flow.name(ups[0], index) for index in keys]
        return f"it keeps something for each {listed(names)} that was ever seen" if names else ""
    return "it keeps something for each key that was ever seen"


def _is_bounded_by_keys(flow: Flow, node: PlanNode, up: PlanNode, number: int) -> bool:
    """Whether one side holds a row for each key of an upsert topic, and no more."""
    has_key = bool(node.raw.get("rightUpsertKeys" if number else "leftUpsertKeys"))
    makers = [other for other in flow.plan.upstream(up) if flow.makes_updates(other)]
    scans = flow.scans(up)
    return (
        has_key
        and bool(scans)
        and all(flow.updates(scan) for scan in scans)
        and all(maker.kind == "table-source-scan" for maker in makers)
    )


def _remedy(case: Case, node: PlanNode) -> str:
    job = "`state: {ttl: ...}` in the job, longer than the time in which rows still belong together"
    match node.kind:
        case "join" if join_type(node) in ("SEMI", "ANTI"):
            return f"{bounded_existence(case, node)}, or set {job} (Flink applies no STATE_TTL hint to EXISTS and IN)"
        case "join" | "multi-join":
            return (
                "bound the join in time (an interval join), or hint /*+ STATE_TTL('alias' = '12 h', ...) */ for each "
                f"side, or set {job}"
            )
        case "group-aggregate":
            return f"aggregate by windows (TUMBLE, HOP, CUMULATE), or set {job}"
        case "deduplicate" | "rank":
            return f"do it in windows (PARTITION BY window_start, window_end, ...), or set {job}"
        case "sink":
            return f"make the sink's primary key the key of the query, or set {job}"
    return f"set {job}"
