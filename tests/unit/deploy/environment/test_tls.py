"""What Flink's client is told for HTTPS."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import pkcs12

from juncture.deploy.environment.tls import tls_options
from juncture.errors import JunctureError
from juncture.model.environment import Flink


def test_http_takes_nothing(tmp_path: Path) -> None:
    assert tls_options(Flink(rest="http://flink:8081"), tmp_path) == {}


def test_every_authority_of_the_file_is_in_the_trust_store(tmp_path: Path) -> None:
    pem = b"".join(trustme.CA(organization_name=name).cert_pem.bytes() for name in ("one", "two"))
    (tmp_path / "ca.pem").write_bytes(pem)
    flink = Flink(rest="https://flink", ca_file=str(tmp_path / "ca.pem"))
    options = tls_options(flink, tmp_path)
    store = Path(options["security.ssl.rest.truststore"]).read_bytes()
    found = pkcs12.load_pkcs12(store, options["security.ssl.rest.truststore-password"].encode())
    assert len(found.additional_certs) == 2


def test_without_a_file_java_trusts_whom_it_trusts(tmp_path: Path) -> None:
    options = tls_options(Flink(rest="https://flink"), tmp_path)
    assert "TLSv1.3" in options["security.ssl.protocol"]
    assert not [name for name in options if "truststore" in name]


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_that_holds_none_is_an_error_of_the_environment(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(JunctureError) as caught:
        tls_options(Flink(rest="https://flink", ca_file=str(tmp_path / "ca.pem")), tmp_path)
    assert "flink.ca_file" in (caught.value.remedy or "")
