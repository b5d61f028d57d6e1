"""How long `juncture check` takes for many joins: `python bench/check_speed.py [COUNT]` (50 by default).

Makes a project of the repository's sources and COUNT joins of six shapes, checks it with the command as a user runs it,
and prints the times: with a cache that holds jars alone, then again with nothing changed, and with one join changed.
"""

# ruff: noqa: S608  the SQL is ours
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from juncture.local.jars import JarCache

REPOSITORY = Path(__file__).parents[1]
WINDOW = "c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '{minutes}' MINUTE"
BOTH = "{{{{ source('page_impressions') }}}} AS i {kind} {{{{ source('page_clicks') }}}} AS c"
SHAPES = (
    f"SELECT i.impression_id, c.target FROM {BOTH} ON c.impression_id = i.impression_id AND {WINDOW}",
    f"SELECT i.impression_id, c.target FROM {BOTH} ON c.impression_id = i.impression_id AND {WINDOW}"
    " WHERE i.page <> 'page-{minutes}'",
    "SELECT o.order_id AS impression_id, u.country AS target FROM {{{{ source('orders') }}}} AS o"
    " {kind} {{{{ source('payments') }}}} AS p ON p.order_id = o.order_id"
    " AND p.paid_at BETWEEN o.ordered_at AND o.ordered_at + INTERVAL '{minutes}' MINUTE"
    " LEFT JOIN {{{{ source('customers') }}}} FOR SYSTEM_TIME AS OF o.ordered_at AS u"
    " ON u.customer_id = o.customer_id",
    "SELECT r.request_id AS impression_id, c.landing_page AS target FROM {{{{ source('ad_requests') }}}} AS r"
    " {kind} {{{{ source('ad_impressions') }}}} AS s ON s.request_id = r.request_id"
    " AND s.seen_at BETWEEN r.requested_at AND r.requested_at + INTERVAL '{minutes}' MINUTE"
    " {kind} {{{{ source('ad_clicks') }}}} AS c ON c.request_id = r.request_id"
    " AND c.clicked_at BETWEEN r.requested_at AND r.requested_at + INTERVAL '{minutes}' MINUTE",
    "SELECT i.impression_id, c.target FROM {{{{ source('page_impressions') }}}} AS i {kind} ("
    "SELECT impression_id, target, clicked_at FROM {{{{ source('page_clicks') }}}} UNION ALL"
    " SELECT request_id, landing_page, clicked_at FROM {{{{ source('ad_clicks') }}}}) AS c"
    f" ON c.impression_id = i.impression_id AND {WINDOW}",
    "SELECT i.impression_id, c.target FROM {{{{ source('page_impressions') }}}} AS i {kind} (SELECT * FROM ("
    "SELECT *, ROW_NUMBER() OVER (PARTITION BY click_id ORDER BY clicked_at) AS n"
    " FROM {{{{ source('page_clicks') }}}}) WHERE n = 1) AS c"
    f" ON c.impression_id = i.impression_id AND {WINDOW}",
)
SINK = "CREATE TABLE matches (impression_id STRING, target STRING) {{ kafka(topic='matches', key='impression_id') }}\n"


def make_project(root: Path, count: int) -> None:
    """Write the project: the repository's sources, one sink, `count` joins and their jobs."""
    shutil.copytree(REPOSITORY / "sql/sources", root / "sql/sources")
    (root / "sql/joins").mkdir()
    (root / "sql/sinks").mkdir()
    (root / "jobs").mkdir()
    (root / "juncture.toml").write_text(
        '[project]\nname = "speed"\ndefault_environment = "local"\n\n[environments.local]\nlocal = {}\n'
    )
    (root / "sql/sinks/matches.sql").write_text(SINK)
    for number in range(count):
        kind = ("JOIN", "LEFT JOIN")[number % 2]
        join = SHAPES[number % len(SHAPES)].format(kind=kind, minutes=5 + number)
        (root / f"sql/joins/join_{number}.sql").write_text(join + "\n")
        (root / f"jobs/join_{number}.yaml").write_text(
            f"join: join_{number}\nsink: matches\nstate:\n  ttl: 1 d\n"
        )


def main() -> None:
    """Make the project, check it three times, print the times."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    juncture = Path(sys.executable).with_name("juncture")
    print(f"{count} joins, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        make_project(Path(folder), count)
        cache = Path(folder, "cache")
        cache.mkdir()
        for name in ("jars", "operators"):
            (cache / name).symlink_to(JarCache().root / name)
        for run in ("nothing compiled before", "nothing changed", "one join changed"):
            if run == "one join changed":
                join = Path(folder, "sql/joins/join_0.sql")
                join.write_text(join.read_text().replace("'5' MINUTE", "'4' MINUTE"))
            begin = time.perf_counter()
            done = subprocess.run(
                [juncture, "check", "--project", folder],
                env={**os.environ, "JUNCTURE_CACHE": str(cache)},
                capture_output=True,
                text=True,
                check=False,
            )
            seconds = time.perf_counter() - begin
            print(f"{run}: {seconds:.1f} s, {seconds / count:.2f} s a join")
            print(*done.stdout.splitlines()[-1:])
            if done.returncode not in (0, 1):
                sys.exit(done.stderr)


if __name__ == "__main__":
    main()
