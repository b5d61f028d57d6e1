"""Records a second that come out of a plan's operators, and the rows of keys that are hot on both sides of a join."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from juncture.capacity.holding import A_DAY
from juncture.capacity.supposed import widened
from juncture.checks.timebound import is_endless
from juncture.checks.wording import describe, tables_of
from juncture.model.figures import Range
from juncture.model.flow import Flow, condition_of, join_type, join_types
from juncture.model.plan import PlanNode
from juncture.model.rex import Rex
from juncture.model.timed import interval_bounds
from juncture.model.traffic import HotKey, HotRows, Traffic
from juncture.model.wording import percent

NONE = Range.exactly(0)
_HOUR = 3_600
_PAIRING = ("INNER", "LEFT", "RIGHT", "FULL")
_KEEPING = {"LEFT": 0, "ANTI": 0, "SEMI": 0, "RIGHT": 1}
"""The side whose rows come out once each, if each finds one partner or none."""


class Flowing(NamedTuple):
    """Rows a second: those that would be if each found one partner, and beside them those of hot keys."""

    plain: Range
    paired: Range = NONE

    @property
    def all(self) -> Range:
        return self.plain + self.paired


def _joined(kind: str, left: Flowing, right: Flowing) -> Flowing:
    """Of a join of two inputs, without the rows of its own hot keys."""
    if kind in _KEEPING:
        return (left, right)[_KEEPING[kind]]
    if kind == "FULL":
        # All rows of both, but for those that come out together: as many as the side with fewer has, if each does.
        larger = max(left, right, key=lambda each: each.all.expected)
        plain = Range(
            low=max(left.plain.low, right.plain.low),
            expected=larger.plain.expected,
            high=left.plain.high + right.plain.high,
        )
        return Flowing(plain, larger.paired)
    # As many rows as the side with fewer has, if each finds one partner.
    least = min(left, right, key=lambda each: each.all.expected)
    most = max(left.plain.high, right.plain.high)
    return Flowing(Range(low=least.plain.low * 0.5, expected=least.plain.expected, high=most), least.paired)


@dataclass(frozen=True)
class Rates:
    """What flows through a plan at the peak; filters are taken to let all through.

    Args:
        flow: the plan.
        traffic: by table that it reads.
        hot: keys with a large share of both sides, by the id of the join.
        window: taken in place of the joins' own, in ms.
        within: all the event time that there is, in ms; None: as much as any window has.
    """

    flow: Flow
    traffic: Mapping[str, Traffic]
    hot: Mapping[int, Sequence[HotKey]] = field(default_factory=dict)
    window: int | None = None
    within: float | None = None

    def out_of(self, node: PlanNode) -> Flowing:
        """Of an operator."""
        ups = self.flow.plan.inputs(node)
        if not ups:
            rates = [self.traffic[name].peak for name in self.flow.plan.tables(node) if name in self.traffic]
            return Flowing(rates[0] if rates else NONE)
        found = [self.out_of(up) for up in ups]
        if len(found) == 1:
            return found[0]
        if node.kind == "union":
            return Flowing(
                Range.total(each.plain for each in found), Range.total(each.paired for each in found)
            )
        kinds = join_types(node)
        more = Range.total(rows.rate for rows in self._hot_rows(node, found)) if len(found) == 2 else NONE
        for kind, right in zip(kinds, found[1:], strict=True):
            found[0] = _joined(kind, found[0], right)
        return Flowing(found[0].plain, found[0].paired + more)

    def hot_rows(self) -> tuple[HotRows, ...]:
        """What each hot key adds, in the plan's order."""
        return tuple(
            rows
            for node in self.flow.plan.nodes
            if node.id in self.hot
            for rows in self._hot_rows(node, [self.out_of(up) for up in self.flow.plan.inputs(node)])
        )

    def _hot_rows(self, node: PlanNode, sides: Sequence[Flowing]) -> Iterator[HotRows]:
        """Each row of one side meets all of the same key that came within the bounds on the other one."""
        keys = self.hot.get(node.id, ())
        if not keys or join_type(node) not in _PAIRING:
            return
        reach, endless = self._reach(node)
        left, right = (each.all for each in sides)
        names = [tables_of(self.flow, up) for up in self.flow.plan.inputs(node)]
        for each in keys:
            seen = min(each.seen or 0.0, reach)
            expected = seen if each.passing else reach
            # A further condition may let none of them match, and a job that has just begun keeps none yet.
            least = 0.0 if each.filtered or condition_of(node) is not None or endless else seen
            seconds = Range(low=least / 1000, expected=expected / 1000, high=reach / 1000)
            a_second = left * each.left * right * each.right
            grows = endless > 0 and not each.passing
            over = "in which rows are met, a day where they are kept for ever" if endless else "of the bounds"
            yield HotRows(
                operator=describe(self.flow, node),
                columns=each.columns,
                key=each.key,
                condition=each.condition,
                filtered=each.filtered,
                sides=(names[0], names[1]),
                shares=(each.left.expected, each.right.expected),
                places=each.places,
                rate=a_second * seconds,
                growth=a_second.expected * endless * _HOUR if grows else None,
                others=min(left.expected, right.expected),
                formula=f"{percent(each.left.expected)} of {left.expected:,.1f} records/s ({names[0]}) *"
                f" {percent(each.right.expected)} of {right.expected:,.1f} records/s ({names[1]}) *"
                f" {seconds.expected:,.1f} s {over}{_where(each)}",
            )

    def _reach(self, node: PlanNode) -> tuple[float, int]:
        """For how long rows of both sides meet, in ms, and how many sides keep theirs for ever: of these, a day."""
        endless = 0
        if node.kind == "interval-join":
            bounds = widened(interval_bounds(node), self.window)
            found = float(max(bounds.upper - bounds.lower, 0))
        else:
            states = node.raw["state"]
            endless = sum(is_endless(each) for each in states)
            # A row meets those before it for as long as these are kept, on either side.
            ever = A_DAY if self.within is None else self.within
            found = float(sum(ever if is_endless(each) else _ttl(each) for each in states))
        return found if self.within is None else min(found, self.within), endless


def _ttl(state: Rex) -> float:
    return float(str(state["ttl"]).split()[0])


def _where(key: HotKey) -> str:
    there, of = key.places
    return f"; shares are those in {there} of {of} places of the topics" if there < of else ""
