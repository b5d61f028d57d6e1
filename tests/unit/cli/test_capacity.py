"""What `juncture capacity` refuses before it looks at anything."""

from pathlib import Path

import pytest

from juncture.project.scaffold import create


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return create(tmp_path_factory.mktemp("capacity") / "shop")


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("--rate", "x1e30"), "'x1e30' is not a factor; write 'x' and a plain number: 'x2', 'x0.5'"),
        (("--rate", "x0"), "'x0' is not more than 'x0' and at most 'x1000000'"),
        (("--rate", "x1000001"), "'x1000001' is not more than 'x0' and at most 'x1000000'"),
        (("--rate", "x" + "9" * 400), "at most 'x1000000'"),
        (("--window", "abc"), "'abc' is not a duration; write for instance '10 min' or 'PT10M'"),
        (("--window", "99999999999 d"), "'99999999999 d' is too long; write at most '365000 d', 1000 years"),
        (("--window", "0 s"), "'0 s' is no width of a window; write '1 ms' or more"),
        (("--window", "-PT1H"), "'-PT1H' is no width of a window; write '1 ms' or more"),
        (("--verify", "--during", "99999999999 d"), "'99999999999 d' is too long; write at most"),
        (("--verify", "--during", "PT2H"), "'PT2H' is not between '1 s' and '1 h'"),
        (("--add-column", "page_clicks=" + "9" * 11), "'page_clicks' gets more bytes than a record can have"),
        (("--during", "5 s"), "--during goes with --verify"),
        (("--during", "30 s"), "--during goes with --verify"),
        (
            ("--add-column", "nosuch=3"),
            "--add-column: no source 'nosuch' is read here; use one of page_clicks, ",
        ),
        (
            ("--add-column", "page_click=3"),
            "no source 'page_click' is read here; did you mean 'page_clicks'?",
        ),
    ],
)
def test_what_it_does_not_take_is_a_usage_error(juncture, project, args, problem):
    result = juncture("capacity", "impression_clicks", *args, "--project", str(project))
    assert result.exit_code == 2, result.stderr
    assert problem in result.stderr


@pytest.mark.parametrize(
    "args",
    [
        ("--rate", "x1000000"),
        ("--window", "PT2H"),
        ("--window", "365000 d"),
        ("--add-column", "page_clicks=3"),
    ],
)
def test_what_it_takes_comes_as_far_as_the_stack(juncture, project, args):
    result = juncture("capacity", "impression_clicks", *args, "--project", str(project))
    assert "Usage" not in result.stderr
    assert "juncture local up" in result.stderr
