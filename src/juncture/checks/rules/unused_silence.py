"""Rule unused-silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.checks.case import Case
from juncture.checks.rule import Rule
from juncture.checks.silences import silences
from juncture.model.report import Finding


class UnusedSilence(Rule):
    """A job silences a rule that finds nothing in it.

    What was once accepted has been mended, and the silence would hide the next finding of its kind. Silences in
    SQL files are not reported: a source may be used well by one job and badly by another.

    Anti-pattern:

    ```sql
    -- jobs/clicks.yaml
    join: clicks
    sink: matches
    silence:
      - rule: unbounded-state
        reason: one day of test data, and no more is written
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```

    Best practice:

    ```sql
    -- jobs/clicks.yaml
    join: clicks
    sink: matches
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```
    """

    id = "unused-silence"
    severity = "warning"

    def __init__(self, known: tuple[str, ...] = ()) -> None:
        self._known = known

    def check(self, case: Case, found: Sequence[Finding] = ()) -> Iterator[Finding]:
        if case.compilation.plan is None:
            return  # most rules could not run
        rules = {finding.rule for finding in found}
        for silence in silences(case):
            if silence.is_job and silence.rule in self._known and silence.rule not in rules:
                yield self.finding(
                    case,
                    silence.location,
                    f"{silence.rule} finds nothing in this job",
                    "remove the silence",
                )
