"""Names: of vertices, operators, metrics and tables."""

from __future__ import annotations

import pytest

from juncture.flink.answers import JobDetail, Vertex
from juncture.flink.metrics import SourceMetrics, _metric_name, _watermark, table_of


def vertex(name: str) -> Vertex:
    return Vertex(id="v", name=name, parallelism=1, status="RUNNING")


def test_the_operators_of_a_chain() -> None:
    chain = vertex("IntervalJoin[6] -> Calc[7] -> joined_clicks[8]: Writer -> joined_clicks[8]: Committer")
    assert chain.operators[2] == "joined_clicks[8]: Writer"
    assert _metric_name(chain.operators[2]) == "joined_clicks[8]__Writer"


def test_a_fork_of_a_chain() -> None:
    assert vertex("Source: a -> (Calc[2], Calc[3] -> Sort[4])").operators == (
        "Source: a",
        "Calc[2]",
        "Calc[3]",
        "Sort[4]",
    )


@pytest.mark.parametrize(
    ("operator", "table"),
    [
        ("KafkaSource-default_catalog.default_database.page_clicks", "page_clicks"),
        ("page_clicks[1]", "page_clicks"),
        ("joined_clicks[8]", "joined_clicks"),
        ("clicks", "clicks"),
    ],
)
def test_the_table_of_an_operator(operator: str, table: str) -> None:
    assert table_of(operator) == table


def test_a_long_operator_name_is_cut_as_flink_cuts_it() -> None:
    assert len(_metric_name("Source: KafkaSource-default_catalog.default_database." + "x" * 80)) == 80


def test_watermarks_that_are_none() -> None:
    assert _watermark(float(-(2**63))) is None
    assert _watermark(float(2**63 - 1)) is None
    assert _watermark(1_700_000_000_000.0) == 1_700_000_000_000


def test_which_operators_drop_rows() -> None:
    chain = vertex("Source: a -> Calc[2] -> Calc[12]")
    described = "[1]:TableSourceScan(fields=[x])<br/>+- [2]:Calc(select=[x])<br/>   +- [12]:Calc(select=[x], where=[y])"
    job = JobDetail.model_validate(
        {
            "jid": "j", "name": "j", "state": "RUNNING", "start-time": 0, "end-time": -1, "duration": 1,
            "vertices": [chain], "plan": {"nodes": [{"id": "v", "description": described}]},
        }
    )  # fmt: skip
    assert not job.drops_rows(chain, "Calc[2]")
    assert job.drops_rows(chain, "Calc[12]")
    assert job.drops_rows(chain, "Calc[3]"), "unknown: not to be relied on"
    assert job.drops_rows(chain, "LookupJoin[2]")


def source(read: int, emitted: int, clock: float, rate: float = 0.0) -> SourceMetrics:
    return SourceMetrics("t", read, emitted, None, None, clock=clock, rate=rate)


@pytest.mark.parametrize(
    ("before", "now", "skipped", "more"),
    [
        # 10,000 records a second: 100 may come between two counters.
        (source(0, 0, 1_000), source(10_000, 9_981, 2_000), 0, True),
        (source(0, 0, 1_000), source(10_000, 9_800, 2_000), 100, True),
        (source(0, 0, 1_000), source(10_000, 10_000, 2_000), 0, False),
        # Of a slow one none comes between them.
        (source(0, 0, 1_000), source(99, 98, 2_000), 1, False),
        (source(0, 0, 1_000), source(100, 98, 2_000), 1, True),
        # It stood still between both looks.
        (source(10_000, 9_981, 9_000), source(10_000, 9_981, 10_000, rate=900), 19, False),
        # Nothing was counted between both looks: the rate is that of the last minute, or of all of a shorter time.
        (source(10_000, 9_981, 90_000), source(10_000, 9_981, 90_000, rate=500), 14, True),
        (source(10_000, 9_981, 90_000), source(10_000, 9_981, 90_000), 19, False),
        (source(10_000, 9_981, 10_000), source(10_000, 9_981, 10_000), 9, True),
        (None, source(10_000, 9_900, 10_000), 90, True),
        # It was started again meanwhile.
        (source(50_000, 50_000, 90_000), source(1_000, 900, 1_000), 90, True),
        # A cluster that does not tell for how long its tasks run.
        (None, source(10_000, 9_981, 0), 19, False),
    ],
)
def test_records_that_pass_between_two_counters_are_not_skipped(
    before: SourceMetrics | None, now: SourceMetrics, skipped: int, more: bool
) -> None:
    found = now.since(before)
    assert (found.skipped, found.may_have_skipped_more) == (skipped, more)


def test_what_was_read_and_skipped_between_two_looks() -> None:
    before = source(50_000, 43_000, clock=100_000)
    bad = source(54_500, 45_700, clock=110_000).between(before)
    assert bad is not None
    # 1,800 less the 4 of the doubt: 450 records a second, for a hundredth of one.
    assert (bad.read, bad.skipped) == (4_500, 1_796)
    over = source(54_500, 47_500, clock=110_000).between(before)
    assert over is not None
    assert (over.read, over.skipped) == (4_500, 0)
    assert source(50_000, 43_000, clock=100_000).between(before) is None
    assert source(10, 10, clock=101_000).between(before) is None
