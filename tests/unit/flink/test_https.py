"""Flink behind HTTPS, with a certificate of a private authority."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from juncture.errors import JunctureError, Unreachable
from juncture.flink.http import Http


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"flink-version": "2.3.0"}')

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a server whose authority is in ca.pem of the test's folder."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = HTTPServer(("127.0.0.1", 0), Answering)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_an_authority_that_is_named_is_trusted(served: str, tmp_path: Path) -> None:
    http = Http(served, ca_file=str(tmp_path / "ca.pem"))
    assert http.get("/overview") == {"flink-version": "2.3.0"}
    http.close()


def test_an_authority_that_nobody_knows_is_told_with_the_key_to_set(served: str) -> None:
    http = Http(served)
    with pytest.raises(Unreachable, match="no trusted connection") as caught:
        http.get("/overview")
    assert "flink.ca_file" in (caught.value.remedy or "")
    http.close()


def test_a_file_without_authorities_is_told_with_the_key_to_correct(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for path in ("empty.pem", "absent.pem"):
        with pytest.raises(JunctureError) as caught:
            Http("https://127.0.0.1:1", ca_file=str(tmp_path / path))
        assert "flink.ca_file" in (caught.value.remedy or "")
