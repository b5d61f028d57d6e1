"""What comes out of a plan: rows a second into each sink, and the bytes of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from juncture.capacity.rates import Rates
from juncture.capacity.rowsizes import RowSizes
from juncture.model.figures import Range
from juncture.model.flow import Flow
from juncture.model.plan import CompiledPlan, table_names
from juncture.model.traffic import HotKey, Traffic, Written

ALL = Range.exactly(1)


def written_of(
    plan: CompiledPlan,
    traffic: Mapping[str, Traffic],
    sizes: RowSizes,
    share: Range = ALL,
    hot: Mapping[int, Sequence[HotKey]] | None = None,
    window: int | None = None,
    within: float | None = None,
) -> tuple[Written, ...]:
    """Rows at the peak, and their bytes as JSON, by sink in the plan's order.

    Args:
        plan: the job's.
        traffic: by table that it reads.
        sizes: of rows.
        share: of the rows that would come if each found one partner, those that do.
        hot: keys with a large share of both sides, by the id of the join.
        window: taken in place of the joins' own, in ms.
        within: all the event time that there is, in ms.
    """
    flow = Flow(plan, lambda table: False)
    rates = Rates(flow, traffic, hot or {}, window, within)
    found = []
    for node in plan.of_kind("sink"):
        (up,) = plan.inputs(node)
        flowing = rates.out_of(up)
        found.append(
            Written(
                table=table_names(node.raw)[0],
                rate=flowing.all * share,
                paired=flowing.paired * share,
                row_bytes=sizes.as_json(up),
                largest=sizes.largest_json(up),
            )
        )
    return tuple(found)
