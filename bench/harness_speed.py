"""How long plain cases take, beside flink-unittest: `python bench/harness_speed.py [--cases 50] [--runs 1]`.

Writes the same cases of one join for both, and runs them as a user would: `juncture test`, `juncture test --files` and
`flink-unittest --backend flink`, which is installed into a throw-away environment that shares this one's PyFlink. Each
case takes part in every run, and must pass. Prints seconds: from one case's result to the next, at least, in the
middle and at most; until the first result; and the whole. Other programs on the machine show in all of them; the load
is printed with each run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

from juncture.local.java import find_java

REPOSITORY = Path(__file__).parents[1]
BASE = datetime(2026, 3, 1, 10, tzinfo=timezone.utc)
OTHER = "flink-unittest==0.2.1"
WINDOW_MS = 600_000
SQL = """\
SELECT i.impression_id, c.click_id, i.page, c.target
FROM page_impressions AS i
JOIN page_clicks AS c
    ON c.impression_id = i.impression_id
    AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
"""
SCHEMAS = {
    "page_impressions": {"impression_id": "STRING", "page": "STRING", "served_at": "TIMESTAMP_LTZ(3)"},
    "page_clicks": {
        "click_id": "STRING",
        "impression_id": "STRING",
        "target": "STRING",
        "clicked_at": "TIMESTAMP_LTZ(3)",
    },
}
WATERMARK = "{0} AS {0} - INTERVAL '2' MINUTE"
JUNCTURE_LINE = re.compile(r"^(ok|FAILED) .* s  tests/joins/")
OTHER_LINE = re.compile(r"(PASS|FAIL|SKIP)\S* case \d+ ")

Row = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """One run, in seconds: until the first result, between each result and the one before, and the whole."""

    first: float
    between: list[float]
    total: float


def events(number: int) -> tuple[dict[str, list[Row]], list[Row]]:
    """Rows by source, times as milliseconds after the base, and the rows that must come out."""
    sources: dict[str, list[Row]] = {"page_impressions": [], "page_clicks": []}
    expected = []
    for place in range(1 + number % 3):
        key, served = f"i{number}-{place}", place * 1000
        sources["page_impressions"].append({"impression_id": key, "page": f"p{place}", "served_at": served})
    for place in range(1 + number % 3):
        key = f"i{number}-{place}"
        for offset in (-1, 0, 1 + 7 * number, WINDOW_MS, WINDOW_MS + 1):
            click = {"click_id": f"c{offset}", "impression_id": key, "target": f"t{number}"}
            # Not in order, but within the watermark of its own topic: that is never ahead of 9 minutes.
            sources["page_clicks"].append({**click, "clicked_at": place * 1000 + offset})
            if 0 <= offset <= WINDOW_MS:
                expected.append({**click, "page": f"p{place}"})
    sources["page_clicks"].sort(key=lambda row: int(row["clicked_at"]))
    return sources, expected


def timed(rows: list[Row], how: Callable[[datetime], str]) -> Iterator[Row]:
    """The rows with their times written down."""
    for row in rows:
        yield {
            name: how(BASE + timedelta(milliseconds=value)) if name.endswith("_at") else value
            for name, value in row.items()
        }


def table(rows: list[Row]) -> list[list[Any]]:
    """A header and rows below it."""
    return [list(rows[0]), *(list(row.values()) for row in rows)] if rows else []


def make_project(root: Path, count: int, parallelism: int) -> None:
    """The repository's example with the cases in tests/joins/."""
    for folder in ("sql", "jobs"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    shutil.copy(REPOSITORY / "juncture.toml", root)
    job = root / "jobs/impression_clicks.yaml"
    job.write_text(re.sub(r"parallelism: \d+", f"parallelism: {parallelism}", job.read_text()))
    cases = []
    for number in range(count):
        sources, expected = events(number)
        written = [{source: table(list(timed(rows, datetime.isoformat)))} for source, rows in sources.items()]
        cases.append({"name": f"case {number}", "events": written, "expect": table(expected)})
    (root / "tests/joins").mkdir(parents=True)
    # JSON is YAML.
    (root / "tests/joins/speed.yaml").write_text(json.dumps({"job": "impression_clicks", "cases": cases}))


def make_unittest(root: Path, count: int) -> Path:
    """The same cases for flink-unittest."""
    tests = []
    for number in range(count):
        sources, expected = events(number)
        given = {}
        for source, rows in sources.items():
            time_column = next(name for name in SCHEMAS[source] if name.endswith("_at"))
            given[source] = {
                "schema": [{"name": name, "type": kind} for name, kind in SCHEMAS[source].items()],
                "watermark": WATERMARK.format(time_column),
                "rows": list(
                    timed(rows, lambda each: f"{each:%Y-%m-%d %H:%M:%S}.{each.microsecond // 1000:03}Z")
                ),
            }
        tests.append({"name": f"case {number}", "sql": SQL, "given": given, "expect": {"rows": expected}})
    path = root / "speed.yaml"
    path.write_text(json.dumps({"tests": tests}))
    return path


def install(folder: Path) -> Path:
    """flink-unittest in an environment of its own, with the PyFlink of this one."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    Path(site.stdout.strip(), "beside.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, OTHER], check=True)
    return folder / "bin" / "flink-unittest"


def run(command: list[str | Path], result: re.Pattern[str]) -> Sample:
    """Run a program, and note when it tells each result."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "JAVA_HOME": str(find_java().home), "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    moments, printed = [], []
    for line in process.stdout:
        printed.append(line)
        if result.search(line):
            moments.append(time.perf_counter() - begin)
    if process.wait():
        sys.exit(f"{command[0]} failed:\n{''.join(printed[-40:])}")
    total = time.perf_counter() - begin
    return Sample(moments[0], [after - before for before, after in pairwise(moments)], total)


def show(name: str, sample: Sample, load: float) -> None:
    """One line of the table."""
    low, middle, high = min(sample.between), statistics.median(sample.between), max(sample.between)
    print(
        f"| {name:29} | {load:4.1f} | {low:5.2f} | {middle:6.2f} | {high:5.2f} | {sample.first:5.1f}"
        f" | {sample.total:6.1f} |",
        flush=True,
    )


def main() -> None:
    """Write the cases, run them each way, print the times and how they compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=50)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--parallelism", type=int, default=2, help="of Juncture's job; flink-unittest has 1")
    given = parser.parse_args()
    print(
        f"{given.cases} cases, {os.cpu_count()} cores, parallelism {given.parallelism} (flink-unittest: 1)\n"
    )
    print("| seconds                       | load | least | median |  most | first |    all |")
    print("| ----------------------------- | ---- | ----- | ------ | ----- | ----- | ------ |")
    with tempfile.TemporaryDirectory() as folder:
        project, other = Path(folder, "project"), Path(folder, "other")
        project.mkdir()
        other.mkdir()
        make_project(project, given.cases, given.parallelism)
        path, program = make_unittest(other, given.cases), install(Path(folder, "venv"))
        test: list[str | Path] = [Path(sys.executable).with_name("juncture"), "--project", project, "test"]
        ways: dict[str, tuple[list[str | Path], re.Pattern[str]]] = {
            "juncture test": (test, JUNCTURE_LINE),
            "juncture test --files": ([*test, "--files"], JUNCTURE_LINE),
            OTHER: ([program, path, "--backend", "flink"], OTHER_LINE),
        }
        samples: dict[str, list[Sample]] = {name: [] for name in ways}
        for _ in range(given.runs):
            for name, way in ways.items():
                load = os.getloadavg()[0]
                sample = run(*way)
                if len(sample.between) != given.cases - 1:
                    sys.exit(f"{name}: {len(sample.between) + 1} of {given.cases} cases were run")
                samples[name].append(sample)
                show(name, sample, load)
    medians = {
        name: statistics.median(each for sample in found for each in sample.between)
        for name, found in samples.items()
    }
    print("\nA case's median against flink-unittest's:", end=" ")
    print(", ".join(f"{name} {medians[name] / medians[OTHER]:.2f}" for name in ways if name != OTHER))


if __name__ == "__main__":
    main()
