"""What the demo found, as a value and as lines."""

from __future__ import annotations

from juncture.model.base import Value
from juncture.model.wording import counted
from juncture.sample.sample import Ledger
from juncture.validation.oracle.compare import Comparison


class DemoSummary(Value):
    """The outcome of one demo.

    `server_events` and `client_events` are events written, `duplicates` records that repeat one, `malformed`
    records that are not JSON, `late` records behind the watermark. `joined` are the rows that the job wrote,
    `unmatched` the client events, repeated ones included, that it joined with nothing. `throughput` is in
    records a second, from the first record written to the last one joined. `seconds` are by step.
    """

    job: str
    server_events: int
    client_events: int
    duplicates: int
    malformed: int
    late: int
    records: int
    joined: int
    unmatched: int
    throughput: float
    comparison: Comparison
    seconds: dict[str, float]
    rendered: str

    @property
    def ok(self) -> bool:
        """Whether the job's rows are exactly the oracle's."""
        return self.comparison.equal

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Names and texts, to be printed in two columns."""
        found = self.comparison
        return (
            ("server events", f"{self.server_events:,}"),
            ("client events", f"{self.client_events:,}"),
            ("duplicates", f"{counted(self.duplicates, 'record')} came twice"),
            ("malformed", f"{counted(self.malformed, 'record')} not JSON: skipped and counted"),
            ("late", f"{counted(self.late, 'record')} behind the watermark: dropped by the join"),
            ("joined", f"{counted(self.joined, 'row')} in the sink's topic, committed exactly once"),
            ("unmatched", f"{counted(self.unmatched, 'client record')} without a server event in the window"),
            ("throughput", f"{self.throughput:,.0f} records a second, from being written to being joined"),
            ("missing", f"{found.missing:,} of {counted(found.expected, 'row')} that DuckDB computed"),
            ("extra", f"{found.extra + found.duplicated:,}"),
        )

    @property
    def next_steps(self) -> tuple[str, ...]:
        """Where to look next."""
        return (
            f"What ran, rendered from sql/ and jobs/: {self.rendered}",
            "Start the broker and Flink with its web page to stay: juncture local up",
        )


def summarise(
    job: str,
    ledger: Ledger,
    comparison: Comparison,
    *,
    malformed: int,
    late: int,
    unmatched: int,
    throughput: float,
    seconds: dict[str, float],
    rendered: str,
) -> DemoSummary:
    """Put the parts together. What the topics really hold wins over what was to be written."""
    return DemoSummary(
        job=job,
        server_events=ledger.server,
        client_events=ledger.client,
        duplicates=ledger.duplicates,
        malformed=malformed,
        late=late,
        records=ledger.records,
        joined=comparison.actual,
        unmatched=unmatched,
        throughput=throughput,
        comparison=comparison,
        seconds=seconds,
        rendered=rendered,
    )
