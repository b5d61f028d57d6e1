"""Which joins run on the event join, decided on what Flink's planner really makes of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cluster.checked import BOUND, CLICKS, IMPRESSIONS, JOIN, REPOSITORY, compile_files
from tests.projects import write_project

from juncture.cli.main import main
from juncture.errors import JunctureError
from juncture.model.chains import Grouping
from juncture.model.joins import JoinForm
from juncture.model.operators import join_operators
from juncture.planner.session import Planner
from juncture.render.bundle import bundle

PAGES = """\
CREATE TABLE page_impressions (
    impression_id STRING,
    member_id BIGINT,
    page STRING,
    served_at TIMESTAMP_LTZ(3),
    now AS PROCTIME(),
    WATERMARK FOR served_at AS served_at - INTERVAL '1' MINUTE
) {{ kafka(topic='page-impressions') }}
"""
ON_KEY = f"ON i.impression_id = c.impression_id AND {BOUND}"
WITH_NOW = {"sql/sources/page_impressions.sql": PAGES, "sql/sources/page_clicks.sql": PAGES.replace(
    "page_impressions", "page_clicks").replace("page-impressions", "page-clicks").replace("page STRING", "target STRING"
).replace("served_at", "clicked_at")}  # fmt: skip


def select(join: str, columns: str = "i.impression_id, c.target") -> str:
    return f"SELECT {columns}\nFROM {IMPRESSIONS} AS i\n{join}"


def over_clicks(kind: str, on: str) -> str:
    return select(f"{kind} {CLICKS} AS c {on}")


QUALIFIES = {
    "inner": over_clicks("JOIN", ON_KEY),
    "left": over_clicks("LEFT JOIN", ON_KEY),
    "right": over_clicks("RIGHT JOIN", ON_KEY),
    "full": over_clicks("FULL JOIN", ON_KEY),
    "left as anti": over_clicks("LEFT JOIN", ON_KEY) + " WHERE c.impression_id IS NULL",
    "a further condition on both": over_clicks("LEFT JOIN", f"{ON_KEY} AND i.page <> c.click_id"),
    "a further condition on one": over_clicks("LEFT JOIN", f"{ON_KEY} AND i.page LIKE 'p%'"),
    "several keys": over_clicks("JOIN", f"{ON_KEY} AND i.page = c.target"),
    "a key that nulls match": over_clicks(
        "JOIN", f"ON i.impression_id IS NOT DISTINCT FROM c.impression_id AND {BOUND}"
    ),
    "both bounds before": over_clicks(
        "LEFT JOIN",
        "ON i.impression_id = c.impression_id AND c.clicked_at"
        " BETWEEN i.served_at - INTERVAL '5' MINUTE AND i.served_at - INTERVAL '1' MINUTE",
    ),
    "the same moment": over_clicks(
        "JOIN", "ON i.impression_id = c.impression_id AND c.clicked_at = i.served_at"
    ),
}
STAYS = {
    "no key": (over_clicks("JOIN", f"ON {BOUND}"), "it has no equal keys", {}),
    "bounds that exclude each other": (
        over_clicks(
            "LEFT JOIN",
            "ON i.impression_id = c.impression_id AND c.clicked_at"
            " BETWEEN i.served_at + INTERVAL '5' MINUTE AND i.served_at + INTERVAL '1' MINUTE",
        ),
        "its bounds exclude each other",
        {},
    ),
    "processing time": (
        over_clicks(
            "JOIN",
            "ON i.impression_id = c.impression_id"
            " AND c.now BETWEEN i.now - INTERVAL '5' MINUTE AND i.now + INTERVAL '5' MINUTE",
        ),
        "its bounds are on processing time",
        WITH_NOW,
    ),
    "later unmatched rows": (
        over_clicks("LEFT JOIN", ON_KEY),
        "asks for unmatched rows later",
        {
            "jobs/clicks.yaml": "join: clicks\nsink: matches\njoin_strategy: auto\n"
            "options: {table.exec.interval-join.min-cleanup-interval: 5 min}\n"
        },
    ),
    "regular": (over_clicks("JOIN", "ON i.impression_id = c.impression_id"), "a regular join", {}),
    "one bound": (
        over_clicks("JOIN", "ON i.impression_id = c.impression_id AND c.clicked_at >= i.served_at"),
        "a regular join",
        {},
    ),
    "temporal": (
        "SELECT o.order_id, u.country FROM {{ source('orders') }} AS o"
        " LEFT JOIN {{ source('customers') }} FOR SYSTEM_TIME AS OF o.ordered_at AS u"
        " ON u.customer_id = o.customer_id",
        "one version of each row",
        {},
    ),
    "window": (
        "SELECT l.impression_id, r.target"
        f" FROM (SELECT * FROM TUMBLE(TABLE {IMPRESSIONS}, DESCRIPTOR(served_at), INTERVAL '5' MINUTE)) AS l"
        f" JOIN (SELECT * FROM TUMBLE(TABLE {CLICKS}, DESCRIPTOR(clicked_at), INTERVAL '5' MINUTE)) AS r"
        " ON l.impression_id = r.impression_id AND l.window_start = r.window_start"
        " AND l.window_end = r.window_end",
        "whole windows",
        {},
    ),
}


def forms(
    planner: Planner, root: Path, join: str, files: dict[str, str], strategy: str = "auto"
) -> tuple[JoinForm, ...]:
    job = {"jobs/clicks.yaml": f"join: clicks\nsink: matches\njoin_strategy: {strategy}\n"}
    rendered, compilation = compile_files(planner, root, {**job, JOIN: join, **files})
    assert compilation.plan is not None
    return join_operators(rendered, compilation.plan).forms


@pytest.mark.parametrize("name", QUALIFIES)
def test_it_qualifies(planner: Planner, tmp_path: Path, name: str) -> None:
    (form,) = forms(planner, tmp_path / "auto", QUALIFIES[name], {})
    assert form.form == "event-join"
    assert form.operator_uid == "interval-join:page_impressions+page_clicks_interval-join"
    (form,) = forms(planner, tmp_path / "flink", QUALIFIES[name], {}, "flink")
    assert (form.form, form.reason) == ("flink", "so the job's join_strategy says")


@pytest.mark.parametrize("name", STAYS)
def test_it_stays_flink_s(planner: Planner, tmp_path: Path, name: str) -> None:
    join, reason, files = STAYS[name]
    (form,) = forms(planner, tmp_path, join, files)
    assert form.form == "flink"
    assert reason in form.reason


SEEN = "s.seen_at BETWEEN r.requested_at AND r.requested_at + INTERVAL '30' MINUTE"
CLICKED = "c.clicked_at BETWEEN r.requested_at AND r.requested_at + INTERVAL '1' HOUR"
FIRST, SECOND = (
    "interval-join:ad_requests+ad_impressions",
    "interval-join:ad_requests+ad_impressions+ad_clicks",
)


def funnel(
    first: str = "LEFT JOIN",
    second: str = "LEFT JOIN",
    seen: str = SEEN,
    clicked: str = CLICKED,
    key: str = "r.request_id",
    requests: str = "{{ source('ad_requests') }}",
) -> str:
    """Requests with impressions and clicks."""
    return (
        f"SELECT r.request_id, c.landing_page FROM {requests} AS r"
        f"\n{first} {{{{ source('ad_impressions') }}}} AS s ON s.request_id = r.request_id AND {seen}"
        f"\n{second} {{{{ source('ad_clicks') }}}} AS c ON c.request_id = {key} AND {clicked}"
    )


TOGETHER = {
    "left, left": funnel(),
    "left, inner": funnel("LEFT JOIN", "JOIN"),
    "inner, left": funnel("JOIN", "LEFT JOIN"),
    "inner, inner": funnel("JOIN", "JOIN"),
    "the key of the topic in between": funnel("JOIN", "LEFT JOIN", key="s.request_id"),
    "a further condition at last": funnel(
        second="JOIN", clicked=f"{CLICKED} AND c.landing_page <> r.placement"
    ),
    "a further condition on what is read": funnel(seen=f"{SEEN} AND s.viewable_ms > 100"),
    "nulls match": funnel(key="r.request_id").replace("c.request_id =", "c.request_id IS NOT DISTINCT FROM"),
    "nothing after": "SELECT r.request_id, s.request_id, c.request_id FROM {{ source('ad_requests') }} AS r"
    f" JOIN {{{{ source('ad_impressions') }}}} AS s ON s.request_id = r.request_id AND {SEEN}"
    f" JOIN {{{{ source('ad_clicks') }}}} AS c ON c.request_id = r.request_id AND {CLICKED}",
}
APART = {
    "the key of a topic that may be missing": (funnel(key="s.request_id"), "its equal keys are not those"),
    "another key": (
        funnel("JOIN", "JOIN", key="r.placement"),
        "its equal keys are not those",
    ),
    "bounds on another time": (
        funnel("JOIN", "JOIN", clicked="c.clicked_at BETWEEN s.seen_at AND s.seen_at + INTERVAL '1' HOUR"),
        "its bounds are not on the time",
    ),
    "full": (funnel("FULL JOIN", "JOIN"), "a full join, and only inner and left ones"),
    "right": (funnel("JOIN", "RIGHT JOIN"), "a right join, and only inner and left ones"),
    "a further condition first": (
        funnel("JOIN", "JOIN", seen=f"{SEEN} AND s.viewable_ms > r.bid_micros"),
        "has a further condition",
    ),
    "a left join with a further condition": (
        funnel(clicked=f"{CLICKED} AND c.landing_page <> r.placement"),
        "it is a left join with a further condition",
    ),
    "an expression between": (
        "SELECT r.request_id, UPPER(r.placement) FROM (SELECT r.request_id, r.requested_at,"
        " COALESCE(s.viewable_ms, 0) AS viewable, r.placement FROM {{ source('ad_requests') }} AS r"
        f" LEFT JOIN {{{{ source('ad_impressions') }}}} AS s ON s.request_id = r.request_id AND {SEEN}) AS r"
        f" JOIN {{{{ source('ad_clicks') }}}} AS c ON c.request_id = r.request_id AND {CLICKED}"
        " WHERE CHAR_LENGTH(c.landing_page) > r.viewable",
        "an expression between",
    ),
    "a condition between": (
        "SELECT r.request_id, r.placement FROM (SELECT r.request_id, r.requested_at, r.placement"
        " FROM {{ source('ad_requests') }} AS r"
        f" LEFT JOIN {{{{ source('ad_impressions') }}}} AS s ON s.request_id = r.request_id AND {SEEN}"
        " WHERE s.viewable_ms IS NULL) AS r"
        f" JOIN {{{{ source('ad_clicks') }}}} AS c ON c.request_id = r.request_id AND {CLICKED}",
        "a condition between",
    ),
    "on the right side": (
        "SELECT c.request_id, c.landing_page FROM {{ source('ad_clicks') }} AS c LEFT JOIN ("
        "SELECT r.request_id, r.requested_at FROM {{ source('ad_requests') }} AS r"
        f" JOIN {{{{ source('ad_impressions') }}}} AS s ON s.request_id = r.request_id AND {SEEN}) AS r"
        f" ON c.request_id = r.request_id AND {CLICKED}",
        "is on its right side",
    ),
}


def grouping(planner: Planner, root: Path, join: str, more: str = "") -> Grouping:
    job = f"join: clicks\nsink: matches\njoin_strategy: auto\n{more}"
    rendered, compilation = compile_files(planner, root, {JOIN: join, "jobs/clicks.yaml": job})
    assert compilation.plan is not None
    return join_operators(rendered, compilation.plan).grouping


@pytest.mark.parametrize("name", TOGETHER)
def test_joins_run_together(planner: Planner, tmp_path: Path, name: str) -> None:
    found = grouping(planner, tmp_path, TOGETHER[name])
    assert [chain.uids for chain in found.chains] == [(FIRST, SECOND)]
    assert (found.single, found.apart) == ((), {})


@pytest.mark.parametrize("name", APART)
def test_joins_run_apart(planner: Planner, tmp_path: Path, name: str) -> None:
    join, reason = APART[name]
    found = grouping(planner, tmp_path, join)
    assert found.chains == ()
    assert len(found.single) == 2
    (told,) = found.apart.values()
    assert reason in told


def test_joins_run_apart_where_the_job_says_so(planner: Planner, tmp_path: Path) -> None:
    found = grouping(planner, tmp_path, TOGETHER["left, left"], "join_chains: separate\n")
    assert found.apart == {SECOND: "so the job's join_chains says"}
    assert [form.uid for form in found.single] == [FIRST, SECOND]


def test_a_bundle_names_the_chains(planner: Planner, tmp_path: Path) -> None:
    job = "join: clicks\nsink: matches\njoin_strategy: auto\n"
    rendered, compilation = compile_files(
        planner, tmp_path, {JOIN: TOGETHER["left, left"], "jobs/clicks.yaml": job}
    )
    assert compilation.plan is not None
    files = bundle(rendered, compilation.plan, (), (REPOSITORY / "templates",))
    recorded = json.loads(files["manifest.json"])["event_join"]
    assert recorded == {"flink": "2.3.0", "joins": [FIRST, SECOND], "chains": [[FIRST, SECOND]], "apart": []}
    assert repr([f"{FIRST}_interval-join", None]) in files["job.py"]
    assert f"['{SECOND}_interval-join', [" in files["job.py"]
    older = tmp_path / "older"
    older.mkdir()
    text = (REPOSITORY / "templates/job.py.j2").read_text().replace("in event_join_chains", "in []")
    (older / "job.py.j2").write_text(text)
    with pytest.raises(JunctureError, match="does not start the event join"):
        bundle(rendered, compilation.plan, (), (older,))


def test_a_bundle_names_the_joins_and_its_plan_stays_as_it_is(planner: Planner, tmp_path: Path) -> None:
    files = {}
    for strategy in ("flink", "auto"):
        job = f"join: clicks\nsink: matches\njoin_strategy: {strategy}\n"
        rendered, compilation = compile_files(
            planner, tmp_path / strategy, {JOIN: QUALIFIES["inner"], "jobs/clicks.yaml": job}
        )
        assert compilation.plan is not None
        files[strategy] = bundle(rendered, compilation.plan, (), (REPOSITORY / "templates",))
    assert files["flink"]["plan.json"] == files["auto"]["plan.json"]
    assert "juncture.join" not in files["flink"]["job.py"]
    uid = "interval-join:page_impressions+page_clicks"
    assert repr(f"{uid}_interval-join") in files["auto"]["job.py"]
    assert json.loads(files["flink"]["manifest.json"])["event_join"] is None
    assert json.loads(files["auto"]["manifest.json"])["event_join"] == {
        "flink": "2.3.0",
        "joins": [uid],
        "chains": [],
        "apart": [],
    }


@pytest.mark.parametrize(
    ("strategy", "backend", "options", "style"),
    [
        ("auto", "rocksdb", "{}", "UNIVERSAL"),
        ("auto", "rocksdb", "{state.backend.rocksdb.compaction.style: LEVEL}", "LEVEL"),
        ("auto", "hashmap", "{}", None),
        ("flink", "rocksdb", "{}", None),
    ],
)
def test_rocksdb_is_set_for_the_event_join_where_the_author_says_nothing(
    planner: Planner, tmp_path: Path, strategy: str, backend: str, options: str, style: str | None
) -> None:
    job = (
        f"join: clicks\nsink: matches\njoin_strategy: {strategy}\n"
        f"state: {{backend: {backend}}}\noptions: {options}\n"
    )
    rendered, compilation = compile_files(
        planner, tmp_path, {JOIN: QUALIFIES["inner"], "jobs/clicks.yaml": job}
    )
    assert compilation.plan is not None
    files = bundle(rendered, compilation.plan, (), (REPOSITORY / "templates",))
    key = "state.backend.rocksdb.compaction.style"
    assert json.loads(files["manifest.json"])["options"].get(key) == style
    assert (f"'{key}': '{style}'" in files["job.py"]) is (style is not None)


@pytest.mark.usefixtures("one_planner")
def test_render_explains_and_brings_the_jar(tmp_path: Path) -> None:
    project = write_project(
        tmp_path, {"jobs/matches.yaml": "join: matches\njoin_strategy: auto\nsink: matches\n"}
    )
    told = CliRunner().invoke(main, ["--project", str(project), "render", "--explain"])
    assert told.exit_code == 0, told.output
    reason = "inner, 1 equal key, two bounds on event times"
    assert f"matches: interval-join:server+client runs on the event join: {reason}" in told.stdout
    (jar,) = (project / "build/matches").glob("*.jar")
    digest = hashlib.sha256(jar.read_bytes()).hexdigest()
    manifest = json.loads((project / "build/matches/manifest.json").read_text())
    named = {each["coordinates"]: each["sha256"] for each in manifest["jars"]}
    assert named[f"juncture:juncture-operators:{manifest['juncture']}"] == digest
