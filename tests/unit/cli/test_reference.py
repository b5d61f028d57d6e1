from pathlib import Path

from juncture.cli.reference import reference

PAGE = Path(__file__).parents[3] / "docs/reference/commands.md"


def test_the_page_is_up_to_date():
    mend = "run: python -m juncture.cli.reference docs/reference/commands.md"
    assert PAGE.read_text(encoding="utf-8") == reference(), mend


def test_help_that_is_not_wrapped_is_kept_as_it_stands():
    assert "```text\nExit codes:\n  0  done\n" in reference()
