"""EXISTS and NOT EXISTS within bounds of time on the event join: real jobs, with the rows that DuckDB has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.checked import BOUND, CLICKS, IMPRESSIONS, JOIN, REPOSITORY, compile_files
from tests.cluster.joined import case, event, joined_session

from juncture.model.joins import join_forms
from juncture.planner.session import Planner
from juncture.render.bundle import bundle
from juncture.validation.cases.case import Arrival
from juncture.validation.harness.runner import run_case
from juncture.validation.harness.session import WarmSession
from juncture.validation.report.text import failure_lines

ROW = "k STRING, n INT, PRIMARY KEY (n) NOT ENFORCED"
WITHIN = "r.t BETWEEN l.t AND l.t + INTERVAL '10' SECOND"
OTHER = "x.t >= l.t - INTERVAL '5' SECOND AND x.t < l.t + INTERVAL '1' SECOND"
ONE = f"EXISTS (SELECT 1 FROM $r AS r WHERE l.k = r.k AND {WITHIN})"
TWO = f"NOT EXISTS (SELECT 1 FROM $x AS x WHERE x.k IS NOT DISTINCT FROM l.k AND {OTHER} AND x.n <> l.n)"
JOINS = {
    "semi": (f"SELECT l.k, l.n FROM $l AS l WHERE {ONE}", ROW),
    "anti": (f"SELECT l.k, l.n FROM $l AS l WHERE NOT {ONE}", ROW),
    "both": (f"SELECT l.k, l.n FROM $l AS l WHERE {ONE} AND {TWO}", ROW),
}
EVENTS: tuple[Arrival, ...] = (
    *(event("l", key, number, seconds) for number, (key, seconds) in enumerate((
        ("a", 0), ("a", 10), ("b", 10), (None, 20), ("a", 30), ("a", 30), ("c", 40), ("a", 4.999),
        ("b", 15), ("b", 20), ("b", 19.999), ("d", 12), ("a", None), (None, None),
    ), 1)),
    *(event("r", key, number, seconds) for number, (key, seconds) in enumerate((
        ("a", 10), ("a", 10.001), ("b", 10), (None, 20), ("a", 20), ("e", 20), ("a", 29.999), ("b", 5),
        ("a", 40), ("a", 40), ("c", 50.001), ("d", 12), ("b", 25), ("a", None),
    ), 1)),
    *(event("x", key, number, seconds) for number, (key, seconds) in enumerate((
        ("a", 0), ("b", 5), ("b", 4.999), (None, 20), ("a", 25), ("a", 30.001), ("b", None), ("a", 31),
    ), 1)),
)  # fmt: skip


@pytest.fixture(scope="module")
def session(warm: WarmSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmSession]:
    folder = tmp_path_factory.mktemp("existence")
    with joined_session(folder, warm, JOINS, on_event_join=JOINS) as session:
        yield session


@pytest.mark.parametrize("kind", JOINS)
def test_the_event_join_and_the_oracle_agree(session: WarmSession, kind: str) -> None:
    read = session.job(kind).rendered
    sources = {each.name for each in read.statements if each.kind == "source"}
    outcome = run_case(session, case(kind, [each for each in EVENTS if each.source in sources]))

    assert failure_lines(outcome) == []
    assert outcome.passed
    assert outcome.difference is not None
    assert outcome.difference.expected >= 3


UPSERTS = {
    "sql/sinks/matches.sql": "CREATE TABLE matches (impression_id STRING, page STRING,"
    " PRIMARY KEY (impression_id) NOT ENFORCED) {{ upsert_kafka(topic='matches') }}\n",
    "jobs/clicks.yaml": "join: clicks\nsink: matches\njoin_strategy: auto\n"
    "options: {table.exec.sink.require-on-conflict: 'false'}\n",
}
KEY = "c.impression_id = i.impression_id"
UNION = (
    "(SELECT impression_id, clicked_at FROM {{ source('page_clicks') }}"
    " UNION ALL SELECT request_id, clicked_at FROM {{ source('ad_clicks') }})"
)
SHIFTED = (
    "(SELECT impression_id, CAST(clicked_at + INTERVAL '1' SECOND AS TIMESTAMP_LTZ(3)) AS clicked_at"
    " FROM {{ source('page_clicks') }})"
)


def existing(what: str, where: str = f"{KEY} AND {BOUND}", clicks: str = CLICKS) -> str:
    inner = f"SELECT c.impression_id FROM {clicks} AS c WHERE {where}"
    return f"SELECT i.impression_id, i.page FROM {IMPRESSIONS} AS i WHERE {what} ({inner})"


AFTER = existing("EXISTS", KEY) + (
    " AND NOT EXISTS (SELECT 1 FROM {{ source('ad_clicks') }} AS a WHERE a.request_id = i.impression_id"
    " AND a.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '5' MINUTE)"
)
BOUNDED = "semi, 1 equal key, two bounds on event times"
COMPUTED = (
    "CREATE TABLE page_clicks (click_id STRING, impression_id STRING, target STRING, ms BIGINT,"
    " clicked_at AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR clicked_at AS clicked_at - INTERVAL '1' MINUTE)"
    " {{ kafka(topic='page-clicks') }}\n"
)
JOINED = (
    f"SELECT j.impression_id, j.page FROM (SELECT i.impression_id, i.page, a.clicked_at FROM {IMPRESSIONS} AS i"
    " JOIN {{ source('ad_clicks') }} AS a ON a.request_id = i.impression_id"
    " AND a.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '5' MINUTE) AS j"
    f" WHERE EXISTS (SELECT 1 FROM {CLICKS} AS c WHERE c.impression_id = j.impression_id"
    " AND c.clicked_at BETWEEN j.clicked_at AND j.clicked_at + INTERVAL '10' MINUTE)"
)
FORMS = {
    "a computed event time": (existing("EXISTS"), BOUNDED, {"sql/sources/page_clicks.sql": COMPUTED}),
    "after an interval join": (JOINED, BOUNDED, {}),
    "in": (existing("i.impression_id IN", BOUND), BOUNDED, {}),
    "not in beside an equality": (existing("i.page NOT IN"), BOUNDED.replace("semi", "anti"), {}),
    "of topics together": (existing("EXISTS", clicks=UNION), BOUNDED, {}),
    "not in of a column that may be null": (existing("i.impression_id NOT IN", BOUND), "NOT IN has none", {}),
    "another time than the watermark's": (
        existing("EXISTS", clicks=SHIFTED),
        "clicked_at is not an event time",
        {},
    ),
    "after a join that is Flink's": (AFTER, "another one before it, that Flink runs", {}),
    "updates": (
        "SELECT c.segment, c.country FROM {{ source('customers') }} AS c WHERE EXISTS (SELECT 1"
        " FROM {{ source('orders') }} AS o WHERE o.customer_id = c.customer_id"
        " AND o.ordered_at BETWEEN c.updated_at AND c.updated_at + INTERVAL '1' DAY)",
        "its inputs are updated",
        {},
    ),
    "mini-batches": (
        existing("EXISTS"),
        "mini-batches put other watermarks",
        {
            "jobs/clicks.yaml": "join: clicks\nsink: matches\njoin_strategy: auto\noptions:\n"
            "  table.exec.sink.require-on-conflict: 'false'\n  table.exec.mini-batch.enabled: 'true'\n"
            "  table.exec.mini-batch.allow-latency: 1 s\n  table.exec.mini-batch.size: '100'\n"
        },
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_plan_decides(planner: Planner, tmp_path: Path, name: str) -> None:
    join, reason, files = FORMS[name]
    rendered, compilation = compile_files(planner, tmp_path, {JOIN: join, **UPSERTS, **files})
    assert compilation.plan is not None
    form = join_forms(compilation.plan, "auto", rendered.options, rendered.changelogs)[-1]
    assert reason in form.reason
    assert (form.form == "event-join") == ("two bounds on" in reason)


def test_a_bundle_has_the_bounds(planner: Planner, tmp_path: Path) -> None:
    rendered, compilation = compile_files(planner, tmp_path, {JOIN: existing("NOT EXISTS"), **UPSERTS})
    assert compilation.plan is not None
    job = bundle(rendered, compilation.plan, (), (REPOSITORY / "templates",))["job.py"]
    assert "'join:page_impressions+page_clicks_join': [2, 1, -600000, 0]," in job
