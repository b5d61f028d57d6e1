"""How Flink's client speaks HTTPS to a cluster's REST service."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509 import load_pem_x509_certificates

from juncture.errors import JunctureError
from juncture.model.environment import Flink

# Flink's own choice is TLS 1.2 and RSA alone: a server whose key is of the other kind refuses that.
_PROTOCOLS = "TLSv1.3,TLSv1.2"
_CIPHERS = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
)
_PASSWORD = "changeit"  # noqa: S105  # what is inside is public


def tls_options(flink: Flink, folder: Path) -> dict[str, str]:
    """Options for one start on this cluster; none for http.

    The client trusts the authorities of `ca_file`, without one those that its Java comes with. It reads no
    PEM: a trust store of Java's is written into `folder`.

    Raises JunctureError if `ca_file` can't be read or holds no certificate.
    """
    if not flink.rest.startswith("https:"):
        return {}
    options = {
        "security.ssl.protocol": _PROTOCOLS,
        "security.ssl.algorithms": ",".join(_CIPHERS),
    }
    if flink.ca_file is not None:
        store = folder / "truststore.p12"
        store.write_bytes(_store(flink.ca_file))
        options["security.ssl.rest.truststore"] = str(store)
        options["security.ssl.rest.truststore-password"] = _PASSWORD
    return options


def _store(ca_file: str) -> bytes:
    try:
        certificates = load_pem_x509_certificates(Path(ca_file).read_bytes())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds no PEM certificate"
        raise JunctureError(
            f"the authorities in {ca_file} cannot be read: {why}",
            remedy="correct flink.ca_file of the environment in juncture.toml",
        ) from None
    trusted = [pkcs12.PKCS12Certificate(each, None) for each in certificates]
    return pkcs12.serialize_java_truststore(trusted, BestAvailableEncryption(_PASSWORD.encode()))
