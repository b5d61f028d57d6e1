"""docs/reference/rules.md from the rules' docstrings: `python -m juncture.checks.documentation FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from juncture.checks.registry import RULES

_HEAD = """\
# Rules

What `juncture check` looks for. Every rule reads the plan that Flink's own planner makes of a job, or the planner's
refusal; the SQL text only tells where to point. An error makes `juncture check` end with 1, a warning does so with
`--strict`.

A finding that is accepted is silenced with a reason, and stays visible as silenced:

```sql
-- juncture: silence unbounded-state because the topic holds one day of test data, and no more is written
```

before or inside the statement holds for the findings in that file. In a job it holds for all of the job's findings:

```yaml
silence:
  - rule: no-idle-timeout
    reason: the topic has one partition, and a heartbeat every second
```

A job's entry that silences nothing any more is reported as [unused-silence](#unused-silence), at its place; run with
`--strict` where such warnings shall fail the build. A comment in a SQL file that silences nothing is not reported: the
file may be used well by one job and badly by another. A silence of a rule that does not exist, or without a reason, is
an error wherever it stands ([invalid-silence](#invalid-silence)).

The examples use the sources of this repository's example project, and a sink `matches`.

| rule | severity | |
| --- | --- | --- |
"""


def reference() -> str:
    """The page, as Markdown."""
    rows = [f"| [{rule.id}](#{rule.id}) | {rule.severity} | {rule.doc().summary} |\n" for rule in RULES]
    sections = [f"\n## {rule.id}\n\n{rule.severity.capitalize()}. {rule.doc().markdown}" for rule in RULES]
    return _HEAD + "".join(rows) + "".join(sections)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
