"""Other circumstances than those that were found."""

from __future__ import annotations

import pytest
from tests.unit.capacity.found import found_traffic
from tests.unit.capacity.test_sides import MINUTE
from tests.unit.verdicts.test_chains import version

from juncture.capacity.demand import figures
from juncture.capacity.job import Job
from juncture.capacity.rowsizes import RowSizes
from juncture.capacity.sides import Supposed, sides_of
from juncture.capacity.supposed import WhatIf, widened
from juncture.capacity.traffic import peak_basis
from juncture.model.figures import Range
from juncture.model.timed import TimeBounds
from juncture.model.traffic import SideState


@pytest.mark.parametrize(
    ("bounds", "wider"), [((-10, 0), (-60, 0)), ((-10, 5), (-40, 20)), ((0, 0), (0, 0)), ((3, 6), (60, 120))]
)
def test_a_window_is_widened_in_proportion(bounds: tuple[int, int], wider: tuple[int, int]) -> None:
    found = widened(TimeBounds(left_time=0, right_time=0, lower=bounds[0], upper=bounds[1]), 60)
    assert (found.lower, found.upper) == wider


def test_rows_are_kept_for_as_long_as_the_window_that_is_supposed() -> None:
    plan = version(bounds=(10 * MINUTE, 15 * MINUTE)).plan
    ours = frozenset(node.uid for node in plan.nodes)
    kept = [
        [
            each.kept.expected / MINUTE
            for each in sides_of(plan, {}, {}, RowSizes(plan, {}), ours, (), Supposed(window=window))[0]
            if each.kept
        ]
        for window in (None, 60 * MINUTE)
    ]
    assert kept == [[10, 0, 15, 0], [60, 0, 60, 0]]


def test_flinks_join_keeps_rows_for_as_much_longer_as_it_is_told() -> None:
    plan = version(bounds=(10 * MINUTE, 15 * MINUTE)).plan
    found, _ = sides_of(plan, {}, {}, RowSizes(plan, {}), frozenset(), (), Supposed(cleanup=MINUTE))
    assert [each.kept.expected / MINUTE for each in found if each.kept] == [11, 1, 16, 1]


def test_a_column_is_in_the_rows_of_every_side_that_comes_from_its_source() -> None:
    def side(*tables: str) -> SideState:
        return SideState(
            operator="a join", side=" and ".join(tables), tables=tables, columns=("k",), rate=Range.exactly(1),
            kept=None, row_bytes=Range.exactly(100),
        )  # fmt: skip

    found = WhatIf(columns={"l": 20}).of_sides([side("l"), side("r"), side("l", "r")])
    # In whole words, and a word of the field.
    assert [each.row_bytes.expected for each in found] == [132, 100, 132]


def test_rates_that_are_supposed_are_not_measured() -> None:
    def bases(what_if: WhatIf, short: bool = False) -> list[str]:
        found = [found_traffic("l", 1), found_traffic("r", 2)]
        if short:
            found[1] = found[1].model_copy(update={"peak_basis": "assumed"})
        traffic = what_if.of_traffic(found)
        job = Job(2, "rocksdb", True, joins=1, exchanges=2, interval=10_000, backlog=0)
        figures_ = {each.name: each.basis for each in figures(job, traffic, [], [])}
        return [figures_[name] for name in ("rate now", "peak rate", "cores")]

    assert bases(WhatIf()) == ["measured", "measured", "packaged"]
    assert bases(WhatIf(rate=100_000)) == ["assumed", "assumed", "packaged"]
    # Of a topic whose daily shape is not known.
    assert [peak_basis(held) for held in (7_199_999, 7_200_000)] == ["assumed", "measured"]
    assert bases(WhatIf(window=MINUTE), short=True) == ["measured", "assumed", "packaged"]
