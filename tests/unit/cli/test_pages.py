"""A page that can't be written is refused before the work."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from juncture.cli.pages import html_option


@click.command()
@html_option("A page.")
def command(html: Path | None) -> None:
    click.echo(f"worked {html}")


def test_folders_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "page.html"
    assert CliRunner().invoke(command, ["--html", str(path)]).output == f"worked {path}\n"
    assert not path.parent.exists()


def test_a_name_that_is_empty_is_refused_at_once() -> None:
    """As of a variable that is not set."""
    done = CliRunner().invoke(command, ["--html", ""])
    assert (done.exit_code, "there is no name of a file" in done.output) == (2, True)


@pytest.mark.parametrize(
    ("path", "why"), [("folder", "is a directory"), ("file/page.html", "file' is not a folder")]
)
def test_what_can_not_be_a_page_is_refused_at_once(tmp_path: Path, path: str, why: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    done = CliRunner().invoke(command, ["--html", str(tmp_path / path)])
    assert done.exit_code == 2
    assert why in done.output
    assert "worked" not in done.output
