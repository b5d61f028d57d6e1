"""Jobs as they run, where there is no terminal: a line a round, and one where the cluster does not answer."""

from __future__ import annotations

import pytest

from juncture.cli import watching
from juncture.cli.watching import watch
from juncture.deploy.status import JobStatus, SourceStatus
from juncture.errors import JunctureError, Unreachable
from juncture.model.observation import Silence

SILENCE = Silence(problem="the Kafka brokers at k:9092 do not answer", remedy="start one")


def seen(phase: str, read: int = 0, silence: Silence | None = None) -> list[JobStatus]:
    source = SourceStatus(table="clicks", read=read, skipped=0, behind=None, watermark=None)
    running = {"phase": phase, "flink_state": phase.upper(), "sources": (source,), "silence": silence}
    return [JobStatus.model_validate({"job": "matches", "environment": "local", **running})]


def test_a_cluster_that_is_away_for_a_while_is_told_and_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watching, "_EVERY", 0.0)
    rounds: list[list[JobStatus] | JunctureError] = [
        seen("running", silence=SILENCE),
        Unreachable("the Flink cluster at f cannot be reached"),
        seen("running"),
        seen("stopped"),
    ]

    def look() -> list[JobStatus]:
        found = rounds.pop(0)
        if isinstance(found, JunctureError):
            raise found
        return found

    assert not watch(look, lambda text: text.replace("f cannot", "[secret] cannot"))
    told = [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert told[0].startswith(
        "matches: RUNNING, lag not known, as the Kafka brokers at k:9092 do not answer;"
    )
    assert told[1] == "the Flink cluster at [secret] cannot be reached; asking again"
    assert told[2].startswith("matches: RUNNING; clicks ")
    assert told[3].startswith("matches: stopped; ")


def test_a_cluster_that_never_answered_is_an_error() -> None:
    def look() -> list[JobStatus]:
        raise Unreachable("no cluster")

    with pytest.raises(Unreachable, match="no cluster"):
        watch(look, str)


@pytest.mark.parametrize("in_c", [True, False])
@pytest.mark.parametrize("runs", [True, False])
def test_an_interrupted_watch_tells_whether_the_tasks_ran_at_the_end(
    monkeypatch: pytest.MonkeyPatch, runs: bool, in_c: bool
) -> None:
    def interrupted(seconds: float) -> None:
        if in_c:
            raise SystemError("returned a result with an exception set") from KeyboardInterrupt()
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupted)
    found = [each.model_copy(update={"runs": runs}) for each in seen("running")]
    assert watch(lambda: found, str) is runs
