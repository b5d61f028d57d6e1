"""Requests over a real socket: what is tried again, and what each refusal becomes."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote

import pytest

from juncture.errors import JunctureError, Refused, Unreachable
from juncture.flink.answers import JobDetail, Vertex
from juncture.flink.http import Forbidden, Http, NotFound, message
from juncture.flink.metrics import PartitionTime, metric_names, partition_times, read_up_to
from juncture.flink.rest import FlinkCluster
from juncture.flink.subtasks import checkpoint_detail, flame_samples, subtask_metrics


class Server(ThreadingHTTPServer):
    """Answers with what is in `answers`, one after the other, the last one again and again."""

    daemon_threads = True
    answers: list[tuple[int, str]] = []
    asked: list[str] = []
    headers: list[dict[str, str]] = []
    location = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.headers.append({name.title(): value for name, value in self.headers.items()})
        answers = self.server.answers
        code, text = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(code)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.answers, running.asked, running.headers = [], [], []
        Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
        yield running
        running.shutdown()


def errors(*texts: str) -> str:
    return json.dumps({"errors": texts})


def test_a_get_is_tried_again_while_the_service_is_overloaded(server: Server) -> None:
    server.answers = [(503, "busy"), (502, "busy"), (200, '{"a": 1}')]
    assert Http(server.url).get("/overview") == {"a": 1}
    assert len(server.asked) == 3


def test_a_request_that_changes_something_is_sent_once(server: Server) -> None:
    server.answers = [(503, errors("overloaded"))]
    with pytest.raises(Unreachable, match="overloaded"):
        Http(server.url).send("POST", "/jobs/1/stop", {})
    assert len(server.asked) == 1


def test_flinks_message_without_class_and_frames(server: Server) -> None:
    server.answers = [
        (400, errors("org.apache.flink.runtime.rest.RestHandlerException: Bad id.\n\tat A.b(C.java:1)"))
    ]
    with pytest.raises(Refused) as caught:
        Http(server.url).get("/jobs/xyz")
    assert caught.value.problem.endswith("refused: Bad id.")


def test_what_flink_does_not_know(server: Server) -> None:
    server.answers = [(404, errors("Job 1 not found"))]
    with pytest.raises(NotFound, match="Job 1 not found"):
        Http(server.url).get("/jobs/1")
    assert FlinkCluster(server.url).job("1") is None


@pytest.mark.parametrize(
    ("code", "text"), [(200, "<html>hello</html>"), (404, "<html>no such page</html>"), (200, '{"a": 1}')]
)
def test_something_else_answers_there(server: Server, code: int, text: str) -> None:
    server.answers = [(code, text)]
    with pytest.raises(Unreachable) as caught:
        FlinkCluster(server.url).overview()
    assert "flink.rest" in (caught.value.remedy or "")


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_what_stands_before_flink_and_gets_no_answer_from_it(server: Server, code: int) -> None:
    server.answers = [(code, "<html>Bad Gateway</html>")]
    with pytest.raises(Unreachable, match=f"HTTP {code}") as caught:
        FlinkCluster(server.url).overview()
    assert "not Flink's" not in caught.value.problem
    assert (caught.value.remedy or "").startswith("see whether the JobManager runs")


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://flink.example:8443/overview?token=hunter22", "on to https://flink.example:8443 (HTTP 308)"),
        ("/login?next=/overview", "on (HTTP 308)"),
        ("", "on (HTTP 308)"),
    ],
)
def test_a_service_that_sends_requests_on(server: Server, location: str, told: str) -> None:
    server.answers, server.location = [(308, "<html>moved</html>")], location
    with pytest.raises(Unreachable) as caught:
        FlinkCluster(server.url).overview()
    assert told in caught.value.problem
    assert "hunter22" not in caught.value.problem
    assert len(server.asked) == 1


def test_a_stop_that_another_jobmanager_knows_nothing_of_may_have_been_completed(server: Server) -> None:
    server.answers = [
        (200, "{}"),
        (202, '{"request-id": "7"}'),
        (404, errors("Operation not found under key")),
    ]
    with pytest.raises(Unreachable, match="does not know the savepoint"):
        FlinkCluster(server.url).stop("1")
    assert server.asked == ["/jobs/1/checkpoints/config", "/jobs/1/stop", "/jobs/1/savepoints/7"]


def test_headers_are_sent_and_shown_in_no_error(server: Server) -> None:
    server.answers = [(401, errors("who are you"))]
    with pytest.raises(Unreachable) as caught:
        Http(server.url, {"Authorization": "Bearer hunter22"}).get("/overview")
    assert server.headers[0]["Authorization"] == "Bearer hunter22"
    assert "hunter22" not in f"{caught.value!r} {caught.value.remedy}"
    assert "flink.headers" in (caught.value.remedy or "")


@pytest.mark.parametrize(
    "value", ["Bearer hunter22\n", " Bearer hunter22", "Bearer hunter22\r\nX: y", "hunter22\x00"]
)
def test_a_header_that_can_not_be_sent_is_told_without_its_value(server: Server, value: str) -> None:
    server.answers = [(200, "{}")]
    with pytest.raises(JunctureError) as caught:
        Http(server.url, {"Authorization": value}).get("/overview")
    assert "hunter22" not in f"{caught.value!r} {caught.value.remedy}"
    assert "'Authorization'" in caught.value.problem
    assert server.asked == []


@pytest.mark.parametrize("value", ["", "Basic a b"])
def test_an_empty_header_and_one_with_blanks_within_are_sent(server: Server, value: str) -> None:
    server.answers = [(200, "{}")]
    Http(server.url, {"X-A": value}).get("/overview")
    assert server.headers[0]["X-A"] == value


def test_metrics_that_may_not_be_asked_for_are_none(server: Server) -> None:
    server.answers = [(403, "forbidden")]
    cluster, vertex = (
        FlinkCluster(server.url),
        Vertex(id="v", name="Source: a", parallelism=1, status="RUNNING"),
    )
    assert metric_names(cluster, "1", vertex) == ()
    assert subtask_metrics(cluster, "1", "v", lambda name: True) == {}
    assert flame_samples(cluster, "1", "v", within=5) is None
    assert checkpoint_detail(cluster, "1", 7) is None
    assert cluster.restarts("1") is None
    with pytest.raises(Forbidden):
        cluster.overview()


def test_no_request_is_longer_than_flink_reads_whatever_the_number_of_partitions(server: Server) -> None:
    names = [
        f"Source__KafkaSource-default_catalog_default_database_clicks[1].KafkaSourceReader.topic.{'c' * 99}"
        f".partition.{partition}.currentOffset"
        for partition in range(200)
    ]
    told = [json.dumps([{"id": name} for name in names])]
    told += [json.dumps([{"id": name, "max": 7} for name in names])]
    server.answers = [(200, each) for each in told]
    job = JobDetail.model_validate(
        {"jid": "f" * 32, "name": "j", "state": "RUNNING", "start-time": 1, "end-time": -1, "duration": 1, "vertices": [
            {"id": "a" * 32, "name": "Source: clicks", "parallelism": 4, "status": "RUNNING"}
        ]}
    )  # fmt: skip
    found = read_up_to(FlinkCluster(server.url), job)
    assert found == {("c" * 99, partition): 7 for partition in range(200)}
    assert len(server.asked) > 10
    assert max(len(f"GET {path} HTTP/1.1") for path in server.asked) < 4096
    asked = ",".join(unquote(path.partition("get=")[2].partition("&")[0]) for path in server.asked[1:])
    assert asked.split(",") == sorted(names)


def test_of_two_sources_of_one_topic_the_slower_one_counts(server: Server) -> None:
    job = JobDetail.model_validate(
        {"jid": "f" * 32, "name": "j", "state": "RUNNING", "start-time": 1, "end-time": -1, "duration": 1, "vertices": [
            {"id": each * 32, "name": f"Source: {each}", "parallelism": 1, "status": "RUNNING"} for each in "ab"
        ]}
    )  # fmt: skip
    with FlinkCluster(server.url) as cluster:
        for offsets, least in (((7, 900), 7), ((900, 7), 7), ((900, -1), -1)):
            server.answers = metrics_of("KafkaSourceReader.topic.o.partition.0.currentOffset", *offsets)
            assert read_up_to(cluster, job) == {("o", 0): least}
        for marks, earliest in (((7, 900), 7), ((900, 7), 7), ((900, -(2**63)), None)):
            server.answers = metrics_of("split.o-0.watermark.currentWatermark", *marks)
            assert partition_times(cluster, job) == {("o", 0): PartitionTime(earliest, left_out=False)}


def metrics_of(name: str, *values: float) -> list[tuple[int, str]]:
    """For each of some vertices, the names of its metrics, and then the value of its one."""
    answers = []
    for number, value in enumerate(values):
        named = {"id": f"Source__{number}.{name}"}
        answers += [(200, json.dumps([named])), (200, json.dumps([{**named, "max": value}]))]
    return answers


def test_what_a_checkpoint_failed_with_is_told_without_secrets(server: Server) -> None:
    failed = {
        "id": 5, "status": "FAILED", "is_savepoint": False, "checkpoint_type": "CHECKPOINT", "trigger_timestamp": 1,
        "latest_ack_timestamp": 2, "state_size": 3, "end_to_end_duration": 4, "failure_message": "no login hunter22",
    }  # fmt: skip
    counts = dict.fromkeys(("restored", "total", "in_progress", "completed", "failed"), 0)
    answer = {"counts": counts, "latest": {"failed": failed, "completed": None}, "history": [failed]}
    server.answers = [(200, json.dumps(answer))]
    with FlinkCluster(server.url, redact=lambda text: text.replace("hunter22", "[secret]")) as cluster:
        found = cluster.checkpoints("1")
    assert found.latest.failed is not None
    assert [each.failure_message for each in (found.latest.failed, *found.history)] == [
        "no login [secret]"
    ] * 2


def test_a_header_that_cannot_be_sent_is_not_shown() -> None:
    with pytest.raises(JunctureError) as caught:
        Http("http://127.0.0.1:1", {"Authorization": "Bearer hunter22\u2603"}).get("/overview")
    assert "hunter22" not in f"{caught.value!r} {caught.value.remedy}"


def test_a_path_prefix_is_kept(server: Server) -> None:
    server.answers = [(200, "{}")]
    Http(server.url + "/flink/").get("/overview")
    assert server.asked == ["/flink/overview"]


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "[::1"])
def test_what_can_be_no_address(host: str) -> None:
    with pytest.raises(JunctureError, match="no client can be made") as caught:
        Http(f"http://{host}:8081").get("/overview")
    assert "flink.rest" in (caught.value.remedy or "")


@pytest.mark.parametrize("host", ["job_manager", "bücher.example", "[::1]", "10.0.0.1", "a" * 63])
def test_what_can_be_one(host: str) -> None:
    Http(f"http://{host}:8081").close()


def test_nobody_is_there() -> None:
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(Unreachable, match="cannot be reached") as caught:
            Http(url).get("/overview")
    assert "juncture local up" in (caught.value.remedy or "")


def test_the_message_of_a_trace() -> None:
    assert message("a.b.SomeException: it failed\n\tat A.b(C.java:1)\n") == "it failed"
    assert message("Unable to load requested file /nope.") == "Unable to load requested file /nope."


@pytest.mark.parametrize(
    ("folder", "key", "metadata"),
    [
        ("s3://b/_entropy_/checkpoints", "_entropy_", "s3://b/checkpoints"),
        ("s3://b/_entropy_/checkpoints", None, "s3://b/_entropy_/checkpoints"),
        ("s3://b/checkpoints", "_entropy_", "s3://b/checkpoints"),
        ("file:///checkpoints", "_entropy_", "file:///checkpoints"),
        (None, "_entropy_", None),
    ],
)
def test_metadata_lies_where_no_random_letters_are(
    server: Server, folder: str | None, key: str | None, metadata: str | None
) -> None:
    names = ("execution.checkpointing.dir", "execution.checkpointing.savepoint-dir")
    config = {**(dict.fromkeys(names, folder) if folder else {}), **({"s3.entropy.key": key} if key else {})}
    server.answers = [(200, json.dumps([{"key": name, "value": value} for name, value in config.items()]))]
    with FlinkCluster(server.url) as cluster:
        assert cluster.checkpoint_dir({}) == metadata
        assert cluster.savepoint_dir({}) == metadata
