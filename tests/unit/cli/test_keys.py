from pathlib import Path

from juncture.cli.keys import reference

PAGE = Path(__file__).parents[3] / "docs/reference/keys.md"


def test_the_page_is_up_to_date() -> None:
    mend = "run: python -m juncture.cli.keys docs/reference/keys.md"
    assert PAGE.read_text(encoding="utf-8") == reference(), mend


def test_every_key_of_a_job_says_what_it_means() -> None:
    jobs = reference().split("## jobs/JOB.yaml")[1].split("## juncture.toml")[0]
    rows = [line.split(" | ") for line in jobs.splitlines() if line.startswith("| `")]
    assert {row[0].strip("| `") for row in rows} >= {"join", "sink", "state.ttl", "checkpointing.interval"}
    assert all(row[-1].strip(" |") for row in rows)
