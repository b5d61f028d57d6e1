"""What Flink reports for Prometheus, taken on loopback: the reporter that is scraped listens on all interfaces."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType

_REPORTER = "org.apache.flink.metrics.prometheus.PrometheusPushGatewayReporterFactory"


class Pushed:
    """The newest page of each process of a cluster with `options`. Use as a context manager.

    The pages are those that the scraped reporter would show: both are one class of Flink's but for the way out.
    """

    def __init__(self) -> None:
        self._pages: dict[str, str] = {}
        pages = self._pages

        class Gateway(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                pages[self.path] = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.send_response(202)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)

    @property
    def options(self) -> dict[str, str]:
        """Options of a cluster that is to report here."""
        prefix = "metrics.reporter.pushed"
        return {
            f"{prefix}.factory.class": _REPORTER,
            f"{prefix}.hostUrl": f"http://127.0.0.1:{self._server.server_port}",
            f"{prefix}.interval": "5 SECONDS",
            f"{prefix}.deleteOnShutdown": "false",
            # Kafka's clients have hundreds, each of which takes time whenever a task starts or ends.
            f"{prefix}.filter.excludes": "*.KafkaProducer*:*;*.KafkaConsumer*:*rate,*avg,*max,*total",
        }

    @property
    def page(self) -> str:
        """What all of them reported last."""
        return "\n".join(self._pages.values())

    def __enter__(self) -> Pushed:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
