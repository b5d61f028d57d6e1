"""docs/reference/diagnoses.md from the rules' docstrings: `python -m juncture.diagnosis.documentation FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from juncture.diagnosis.registry import RULES
from juncture.diagnosis.rule import LEAST
from juncture.model.wording import percent

_HEAD = f"""\
# Diagnoses

What `juncture diagnose` looks for in a running job. Findings are told by their effect: first what **stops** the job, or
what waits for event time in it; then what **loses** rows; then what **slows** it down; then what **grows** without end.
Among those of one effect, the one that costs most comes first. What costs less than {percent(LEAST)} is not told.
What was there before the job was watched, and is not any more, is a note below all of these.

| rule | effect | |
| --- | --- | --- |
"""


def reference() -> str:
    """The page, as Markdown."""
    rows = [f"| [{rule.id}](#{rule.id}) | {rule.effect} | {rule.doc().summary} |\n" for rule in RULES]
    sections = [f"\n## {rule.id}\n\n{rule.effect.capitalize()}. {rule.doc().markdown}" for rule in RULES]
    return _HEAD + "".join(rows) + "".join(sections)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
