"""An S3 server on loopback, and how Flink and fsspec come to it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable
from threading import Thread
from types import TracebackType
from typing import Any

BUCKET = "state"
SECRET = "not-to-be-shown-anywhere"  # noqa: S105
_KEY, _REGION = "flink", "us-east-1"
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class S3:
    """A server with one bucket, up inside the context; its address is held from the beginning.

    It takes any credentials. What is in it is gone after, but for who enters it again. `before_put` is called with the
    path of each object before it is taken, and may let its writer wait.
    """

    def __init__(self) -> None:
        self._hold(("127.0.0.1", 0))
        self._address: tuple[str, int] = self._held.getsockname()
        self.endpoint = f"http://127.0.0.1:{self._address[1]}"
        self.before_put: Callable[[str], None] = lambda path: None

    def _hold(self, address: tuple[str, int]) -> None:
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(address)

    @property
    def environ(self) -> dict[str, str]:
        """For fsspec."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": _REGION,
        }

    @property
    def options(self) -> dict[str, str]:
        """For a Flink cluster that has one of Flink's own S3 file systems."""
        return {
            "s3.endpoint": self.endpoint,
            "s3.path-style-access": "true",
            "s3.access-key": _KEY,
            "s3.secret-key": SECRET,
            "s3.region": _REGION,
        }

    def __enter__(self) -> S3:
        # Not before it is needed: a second for these alone.
        import boto3  # type: ignore[import-untyped]
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            MotoRequestHandler,
            create_backend_app,
        )
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._held.close()
        moto: Application = DomainDispatcherApplication(create_backend_app)

        def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] == "PUT":
                self.before_put(environ["PATH_INFO"])
            return moto(environ, start_response)

        self._server = make_server(
            *self._address, application, threaded=True, request_handler=MotoRequestHandler
        )
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=_REGION,
            aws_access_key_id=_KEY,
            aws_secret_access_key=SECRET,
        )
        client.create_bucket(Bucket=BUCKET)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._hold(self._address)
