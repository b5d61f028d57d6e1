"""A report as a page, with what the job would need at other rates and windows."""

from __future__ import annotations

import io
import re
from datetime import datetime, timezone
from itertools import pairwise

import pytest
from tests.unit.capacity.found import found_traffic
from tests.unit.capacity.test_matching import met
from tests.unit.capacity.test_pricing import of_job

from juncture.capacity.doubt import whether_ready
from juncture.capacity.holding import growth
from juncture.capacity.job import Job
from juncture.capacity.landscape import RATES, WINDOWS, landscape
from juncture.capacity.page import pictures
from juncture.capacity.page.html import page
from juncture.capacity.page.pictures import drawn, measures
from juncture.capacity.pricing import cost_figures
from juncture.capacity.supposed import WhatIf
from juncture.cli.assessments import view_report
from juncture.cli.output import Text
from juncture.model.capacity import CapacityReport, Check, Point, Supply
from juncture.model.environment import Prices
from juncture.model.figures import Figure, Range
from juncture.model.traffic import SideState, Traffic

MINUTE = 60_000
PRICES = Prices(currency="EUR", core_hour=0.04, memory_gib_hour=0.005, disk_gib_month=0.08)


def figures(what_if: WhatIf, prices: Prices | None = PRICES) -> list[Figure]:
    """Of a job with a window of 10 minutes, whose state goes with rate and window."""
    rate = 2_000 * what_if.rate * (what_if.window or 10 * MINUTE) / (10 * MINUTE)
    found = of_job(rate=rate)
    traffic = [found_traffic("l", rate)]
    return [*found.values(), *(cost_figures(prices, found, traffic, 0.7) if prices else ())]


def points(prices: Prices | None = PRICES, widest: int = 10 * MINUTE) -> tuple[Point, ...]:
    return landscape(lambda what_if: figures(what_if, prices), WhatIf(), widest)


def supposed(base: WhatIf, widest: int) -> list[WhatIf]:
    """What the figures are asked for."""
    asked: list[WhatIf] = []

    def needs(what_if: WhatIf) -> list[Figure]:
        asked.append(what_if)
        return figures(what_if)

    landscape(needs, base, widest)
    return asked


def report(over: tuple[Point, ...]) -> CapacityReport:
    return CapacityReport(
        job="matches", environment="local", at=datetime(2026, 3, 1, tzinfo=timezone.utc), parallelism=2,
        backend="rocksdb", recommended_backend="rocksdb", backend_reason="because", traffic=(found_traffic("<l>", 1),),
        state=(), written=(), matching=(met(covered=0.0),), figures=tuple(figures(WhatIf())), supply=None,
        checks=(Check(id="cores", outcome="failed", message="too few", remedy="add p&ss'word"),),
        assumed=("it was assumed",), landscape=over,
    )  # fmt: skip


def test_it_is_not_known_whether_a_job_is_ready_that_can_not_be_held_against_a_cluster_or_traffic() -> None:
    passed = report(()).model_copy(update={"checks": ()})
    supply = Supply(slots=4, free_slots=4, cores=4, taskmanagers=1, managed=0, heap=100)
    seen = passed.model_copy(update={"supply": supply})
    silent = (found_traffic("taps", 0).model_copy(update={"until": None, "hours": ()}),)
    told = [whether_ready(each) for each in (passed, seen, seen.model_copy(update={"traffic": silent}))]
    assert told == [
        "not known whether ready, as the cluster can't be seen",
        "ready",
        "not known whether ready, as 'taps' has no records",
    ]
    assert whether_ready(report(())) == "not ready"
    shown = page(seen.model_copy(update={"traffic": silent}), str)
    assert '<span class="unknown">not known whether ready, as &#39;taps&#39; has no records</span>' in shown


def test_a_page_is_headed_as_the_text_with_its_warnings() -> None:
    warned = (
        Check(id="hot-keys", outcome="warned", message="hot"),
        Check(id="cores", outcome="passed", message="enough"),
    )
    supply = Supply(slots=4, free_slots=4, cores=4, taskmanagers=1, managed=0, heap=100)
    seen = report(()).model_copy(update={"checks": warned, "supply": supply})
    shown, written = page(seen, str), io.StringIO()
    view_report(Text(written, str), seen, explain=False)
    assert "<title>matches: ready, with 1 warning, " in shown
    assert '<h1>matches on local: <span class="passed">ready, with 1 warning</span></h1>' in shown
    assert "rocksdb: ready, with 1 warning\n" in written.getvalue()


def test_what_came_of_a_check_and_its_name_are_not_broken_up() -> None:
    shown = page(report(()), str)
    assert '<table class="checks">\n<tr><td class="failed">failed</td><td>cores</td>' in shown
    assert re.search(r"\.checks td:nth-child\(-n\+2\) \{ white-space: nowrap; \}", shown)


def test_a_point_for_each_rate_and_window() -> None:
    found = points()
    assert [each.rate for each in found[: len(RATES)]] == list(RATES)
    assert [each.window for each in found[:: len(RATES)]] == [factor * 10 * MINUTE for factor in WINDOWS]
    assert measures(found) == ("cost in EUR",)
    asked = supposed(WhatIf(rate=3, window=MINUTE), 9)
    assert {each.window for each in asked} == {round(MINUTE * factor) for factor in WINDOWS}
    assert {each.rate for each in asked} == {3 * rate for rate in RATES}


def test_the_job_as_it_is_has_no_other_window_than_its_own() -> None:
    asked = supposed(WhatIf(), 10 * MINUTE)
    assert [each.window for each in asked if each.rate == 1.0].count(None) == 1


def test_without_a_window_there_are_rates_alone() -> None:
    found = points(widest=0)
    assert [each.window for each in found] == [None] * len(RATES)
    made = drawn(found, "cost in EUR")
    assert made.by_window is None
    assert [row.window for row in made.rows] == ["no window"]


@pytest.mark.parametrize("widest", [1, 2, 3, 4])
def test_no_window_is_narrower_than_a_millisecond(widest: int) -> None:
    made = drawn(points(widest=widest), "cost in EUR")
    assert made.by_window is not None
    assert made.rows[0].window == "1 ms"
    (now,) = [row.window for row in made.rows if any(cell.now for cell in row.cells)]
    assert now == f"{widest} ms"


def test_without_prices_cores_and_memory_are_drawn() -> None:
    assert measures(points(prices=None)) == ("cores", "memory")


def test_lines_rise_with_the_rate_and_lie_within_the_frame() -> None:
    made = drawn(points(), "cost in EUR")
    for chart in (made.by_rate, made.by_window):
        assert chart is not None
        for line in chart.lines:
            heights = [dot.y for dot in line.dots]
            assert heights == sorted(heights, reverse=True)
            assert all(0 <= each <= 190 for each in heights)
        (now,) = [line for line in chart.lines if line.now]
        assert now.band
    assert sum(cell.now for row in made.rows for cell in row.cells) == 1
    assert {0.0, 1.0} <= {cell.share for row in made.rows for cell in row.cells}


def test_the_page_is_whole_by_itself() -> None:
    text = page(report(points()), lambda told: told.replace("p&ss'word", "***"))
    assert not re.search(r"https?:|src=|<script|url\(|@import", text)
    assert "not ready" in text
    assert "Cost in EUR a month, by rate and window" in text
    assert text.count("<svg") == 2
    assert "&lt;l&gt;" in text
    assert "add ***" in text
    assert "ss&#39;word" not in text
    assert "it was assumed" in text
    assert "How many of views meet one of requests is not known" in text
    assert "; these are the last records of the topics: those before them were not looked at.</p>" in text


def test_state_grows_until_the_last_rows_are_kept() -> None:
    job = Job(2, "rocksdb", True, joins=1, exchanges=2, interval=10_000, backlog=0)

    def side(kept: float | None) -> SideState:
        return SideState(
            operator="a join", side="l", tables=("l",), columns=("k",), rate=Range.exactly(10),
            kept=None if kept is None else Range.exactly(kept), row_bytes=Range.exactly(910),
        )  # fmt: skip

    found = growth(job, [side(60_000), side(20_000)])
    # 10 records/s of 1,000 bytes, of which the packaged model takes 0.8: of both for 20 s, of one for 40 more.
    assert [(each.seconds, round(each.state.expected)) for each in found] == [
        (0, 0),
        (20, 320_000),
        (60, 640_000),
    ]
    drawn_ = pictures.growth(found)
    assert drawn_ is not None
    assert drawn_.line.startswith("0.0,190.0 ")
    assert drawn_.last == 75
    assert growth(job, [side(60_000), side(None)]) == ()
    assert pictures.growth(growth(job, [side(0)])) is None


def of_hours(now: float, *hours: float) -> Traffic:
    return found_traffic("l", 1).model_copy(update={"now": now, "hours": hours})


def test_the_hours_of_a_day_and_the_last_minutes_against_the_busiest() -> None:
    assert pictures.shape(of_hours(1, 1, 4, 2)) == ((0.5, 2), (1, 4), (0.25, 1), (0.25, 1))
    # The peak may be that of the last ten minutes.
    assert pictures.shape(of_hours(2.5, 0.01)) == ((0.004, 0.01), (1, 2.5))
    assert pictures.shape(of_hours(0, 0)) == ((0, 0), (0, 0))


def test_the_page_has_the_rate_that_made_the_peak() -> None:
    made = report(()).model_copy(update={"traffic": (of_hours(2.3, 0.0042),)})
    text = page(made, str)
    assert "of its last ten minutes, up to 2.3:" in text
    assert 'style="height: 0.2%" title="0.0042"' in text
    assert 'class="now" style="height: 100.0%" title="the last ten minutes: 2.3"' in text


def test_rates_to_three_digits() -> None:
    told = [pictures.rate(each) for each in (0, 0.0042, 2.34, 99.9, 100, 12_345.67)]
    assert told == ["0.0", "0.0042", "2.34", "99.9", "100.0", "12,345.7"]


def test_names_of_lines_do_not_lie_over_each_other() -> None:
    assert pictures.spread([10, 22, 100]) == (10, 22, 100)
    assert pictures.spread([10, 21.9, 100]) == (10, 22, 100)
    # In the order of the lines, and not below the frame.
    assert pictures.spread([190, 190, 189]) == (178, 190, 166)
    assert pictures.spread([190, 100, 100, 100]) == (190, 100, 112, 124)
    assert pictures.spread([]) == ()
    made = drawn(points(), "cost in EUR")
    for chart in (made.by_rate, made.by_window):
        assert chart is not None
        places = sorted(line.named for line in chart.lines)
        assert all(after - before >= 12 for before, after in pairwise(places))
        assert places[-1] <= 190


def test_a_report_without_a_landscape_has_no_picture() -> None:
    assert "<svg" not in page(report(()), str)
