"""Samples hold exactly what their ledgers say, and nothing that the watermark would lose by chance."""

import json
from collections import Counter
from datetime import datetime

import pytest

from juncture.errors import JunctureError
from juncture.project.loader import load_project
from juncture.project.scaffold import create
from juncture.render.renderer import render
from juncture.sample import ads, orders, pages
from juncture.sample.examples import EXAMPLES, generate
from juncture.validation.oracle.tables import read_table

WATERMARK_DELAY = {
    "page-impressions": 120_000,
    "page-clicks": 120_000,
    "ad-requests": 60_000,
    "ad-impressions": 120_000,
    "ad-clicks": 120_000,
    "orders": 30_000,
    "payments": 30_000,
    "customers": 30_000,
}
TIME = {
    "page-impressions": "served_at",
    "page-clicks": "clicked_at",
    "ad-requests": "requested_at",
    "ad-impressions": "seen_at",
    "ad-clicks": "clicked_at",
    "orders": "ordered_at",
    "payments": "paid_at",
    "customers": "updated_at",
}
LONGEST = {
    "impression_clicks": pages.WINDOW,
    "ad_funnel": ads.SEEN_WITHIN + ads.CLICKED_WITHIN,
    "paid_orders": orders.WINDOW,
}


def records(wave):
    return [record for batch in wave.batches(777) for record in batch]


def parsed(value):
    try:
        return json.loads(value)
    except ValueError:
        return None


@pytest.fixture(scope="module", params=list(EXAMPLES))
def sample(request):
    return generate(request.param, 3000, seed=3)


def test_the_same_seed_gives_the_same_bytes(sample):
    again = generate(sample.name, 3000, seed=3)
    for wave in ("main", "closing", "late"):
        assert records(getattr(sample, wave)) == records(getattr(again, wave))
    assert records(generate(sample.name, 3000, seed=4).main) != records(sample.main)


def test_batches_of_any_size_hold_the_same_records_of_each_topic(sample):
    def by_topic(size):
        found: dict[str, list] = {topic: [] for topic in sample.topics}
        for batch in sample.main.batches(size):
            for record in batch:
                found[record.topic].append(record)
        return found

    assert by_topic(100) == by_topic(10**9)


def test_the_ledger_counts_every_record(sample):
    main, ledger = records(sample.main), sample.ledger
    malformed = [r for r in main if parsed(r.value) is None]
    whole = [r for r in main if parsed(r.value) is not None]
    repeats = sum(count - 1 for count in Counter(r[:3] for r in whole).values())
    assert len(malformed) == ledger.malformed > 0
    assert len(whole) - ledger.duplicates == ledger.server + ledger.client
    # Two events may be equal by chance where nothing but a time tells them apart.
    assert ledger.duplicates <= repeats <= ledger.duplicates + 5
    assert len({r for r in whole if r.key is None}) == ledger.null_keys > 0
    assert len(records(sample.late)) == ledger.late
    assert len(records(sample.closing)) == ledger.closing
    assert ledger.records == len(main) + ledger.late + ledger.closing


def test_records_carry_their_event_time_and_join_key(sample):
    for record in records(sample.main) + records(sample.late) + records(sample.closing):
        row = parsed(record.value)
        if row is None:
            continue
        time = datetime.fromisoformat(row[TIME[record.topic]].replace("Z", "+00:00"))
        assert round(time.timestamp() * 1000) == record.timestamp
        if record.key is not None:
            assert record.key.decode().strip('"{}') in record.value.decode()


def test_nothing_in_the_main_wave_is_late(sample):
    newest = dict.fromkeys(sample.topics, 0)
    for record in records(sample.main):
        newest[record.topic] = max(newest[record.topic], record.timestamp)
        assert record.timestamp > newest[record.topic] - WATERMARK_DELAY[record.topic]


def test_closing_events_reach_every_partition_and_settle_every_window(sample):
    reached = {(r.topic, r.partition) for r in records(sample.closing)}
    assert reached == {(topic, partition) for topic in sample.topics for partition in range(4)}
    for record in records(sample.closing):
        watermark = record.timestamp - WATERMARK_DELAY[record.topic]
        assert watermark > sample.watermark + LONGEST[sample.name]


def test_late_events_are_too_late_for_any_window(sample):
    closing = min(r.timestamp for r in records(sample.closing))
    for record in records(sample.late):
        assert record.timestamp + LONGEST[sample.name] + 120_000 < closing


def test_records_have_the_columns_of_the_examples_tables(sample, tmp_path):
    create(tmp_path / "example")
    project = load_project(tmp_path / "example")
    rendered = render(project, sample.name, project.environments["local"])
    tables = [read_table(each) for each in rendered.statements if each.kind == "source"]
    columns = {table.topic: [column.name for column in table.columns] for table in tables}
    assert set(columns) == set(sample.topics)
    assert rendered.topics[rendered.job.sink] == sample.output
    for record in records(sample.main):
        row = parsed(record.value)
        assert row is None or list(row) == columns[record.topic]


def test_disorder_is_as_long_as_clients_make_it():
    newest, worst = 0, 0
    for record in records(generate("impression_clicks", 20_000).main):
        if record.topic == "page-clicks":
            newest = max(newest, record.timestamp)
            worst = max(worst, newest - record.timestamp)
    assert 100_000 < worst < 120_000


def test_clicks_are_what_the_ledger_says():
    sample = generate("impression_clicks", 5000)
    served, clicks = {}, set()
    for record in records(sample.main):
        row = parsed(record.value)
        if row is None:
            continue
        if record.topic == "page-impressions":
            served[row["impression_id"]] = record.timestamp
        else:
            clicks.add((row["impression_id"], row["click_id"], record.timestamp))
    delays = [time - served[key] for key, _, time in clicks if key in served]
    assert sum(key is not None and key not in served for key, _, _ in clicks) == sample.ledger.orphans
    assert sum(delay < 0 or delay > pages.WINDOW for delay in delays) == sample.ledger.beyond
    assert {0, pages.WINDOW, pages.WINDOW + 1, -1} <= set(delays)
    assert max(Counter(key for key, _, _ in clicks if key).values()) > 1


@pytest.mark.parametrize(("example", "events"), [("nothing", 1000), ("ad_funnel", 99)])
def test_what_cannot_be_drawn_is_refused(example, events):
    with pytest.raises(JunctureError) as caught:
        generate(example, events)
    assert caught.value.remedy


@pytest.mark.parametrize("given", [{"seed": -1}, {"span_minutes": 0.9}, {"span_minutes": 525_601}])
@pytest.mark.parametrize("span", [{}, {"span_minutes": float("inf")}, {"span_minutes": float("nan")}])
def test_a_seed_or_a_span_that_can_not_be_is_told(given, span):
    with pytest.raises(JunctureError, match=r"no seed|can't be spread"):
        generate("impression_clicks", 100, **(given | span))


@pytest.mark.parametrize("example", list(EXAMPLES))
def test_closing_events_of_many_partitions_belong_to_none_of_each_other(example):
    closing = generate(example, 100, partitions=200).closing
    keys = [record.key for record in records(closing)]
    assert len(set(keys)) == len(keys) == closing.size
