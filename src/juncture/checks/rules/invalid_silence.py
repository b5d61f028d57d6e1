"""Rule invalid-silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from juncture.checks.case import Case
from juncture.checks.rule import Rule
from juncture.checks.silences import Silence, silences
from juncture.model.report import Finding
from juncture.project.nearest import did_you_mean


class InvalidSilence(Rule):
    """A rule is silenced that does not exist, or without a reason.

    A silence is a decision that others must be able to understand a year later, so it names the rule and says
    why. One that names no rule silences nothing. In SQL it is a comment before or inside the statement, and holds
    for the findings in that file; in a job it is an entry of `silence:` with `rule` and `reason`, and holds for
    all of that job's findings.

    Anti-pattern:

    ```sql
    -- sql/joins/clicks.sql
    -- juncture: silence unbounded-stat because the topic is small
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
    ```

    Best practice:

    ```sql
    -- sql/joins/clicks.sql
    -- juncture: silence unbounded-state because the topic holds one day of test data, and no more is written
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
    ```
    """

    id = "invalid-silence"
    severity = "error"

    def __init__(self, known: tuple[str, ...] = ()) -> None:
        self._known = known

    def check(self, case: Case) -> Iterator[Finding]:
        yield from self.examine(case.rendered.job.name, silences(case))

    def examine(self, job: str, found: Iterable[Silence]) -> Iterator[Finding]:
        """The findings in some of a job's silences, which need no plan."""
        for silence in found:
            if silence.rule not in self._known:
                message = f"there is no rule '{silence.rule}' to silence"
                remedy = did_you_mean(silence.rule, self._known)
            elif not silence.reason:
                message = f"{silence.rule} is silenced without a reason"
                remedy = f"write -- juncture: silence {silence.rule} because ..."
            else:
                continue
            yield Finding(
                rule=self.id,
                severity=self.severity,
                job=job,
                message=message,
                location=silence.location,
                remedy=remedy,
            )
