"""Rule sql-invalid."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.explanations import explain
from juncture.checks.refusals import owner
from juncture.checks.rule import Rule
from juncture.model.report import Finding


class SqlInvalid(Rule):
    """Flink can't read the statement, or can't bind its names and types.

    The statement goes through the planner that the cluster uses, so what is refused here would be refused there,
    after the deployment has begun. Unknown columns, tables and functions are reported with the nearest name that
    exists.

    Anti-pattern:

    ```sql
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.targt
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```

    Best practice:

    ```sql
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```
    """

    id = "sql-invalid"
    severity = "error"

    def check(self, case: Case) -> Iterator[Finding]:
        error = case.compilation.error
        if error is None or owner(error) != self.id:
            return
        if error.function is not None:
            yield self._of_function(case, error.function, error.message)
            return
        statement = case.rendered.statements[error.statement]
        is_insert = statement.kind == "insert"
        offset = None
        if error.line is not None and error.column is not None:
            offset = statement.offset(error.line, error.column)
        explanation = explain(case, error.message, offset if is_insert else None)
        if is_insert and explanation.offset is not None:
            offset = explanation.offset
        elif offset is None:
            offset = case.places.query if is_insert else max(statement.text.rfind("WITH ("), 0)
        yield self.finding(case, statement.locate(offset), explanation.message, explanation.remedy)

    def _of_function(self, case: Case, name: str, message: str) -> Finding:
        written = case.rendered.job.functions[name]
        return self.finding(
            case,
            case.job_file.locate("functions", name),
            f"{written} can't be the function '{name}': {message}",
            "name another class or another function, or correct the class and build its jar again",
        )
