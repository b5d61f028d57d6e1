"""What a production site has and a laptop has not: certificates, brokers with logins, a door before Flink."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import trustme
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without saying so
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from juncture.local import ports, processes
from juncture.local.broker import Broker
from juncture.local.classes import Classes
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.processes import Launch, ProcessRecord
from juncture.local.state import HOST, Ports, StateFolder
from juncture.model.local import LocalSettings

_MODULES = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class Certificates:
    """PEM files: of a private authority, and the key and certificate that it gave to the servers here."""

    ca: Path
    server: Path


def make_certificates(folder: Path) -> Certificates:
    made = Certificates(folder / "ca.pem", folder / "server.pem")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(made.ca)
    issued = authority.issue_cert(HOST)
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    # The only form of a key that Kafka reads.
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    made.server.write_bytes(pem + b"".join(each.bytes() for each in issued.cert_chain_pems))
    return made


class SecuredBroker(Broker):
    """The local stack's broker with a listener beside its own that takes logins over TLS alone.

    Each of the users may log in by PLAIN and by SCRAM-SHA-512. Who is `trusted` may do anything, and so may whoever
    comes by the inner listener; others what they are allowed.
    """

    def __init__(
        self, root: Path, certificates: Certificates, users: dict[str, str], trusted: Collection[str]
    ) -> None:
        taken = [ports.pick() for _ in range(3)]
        folder = StateFolder.of(root)
        folder.create()
        chosen = Ports(kafka=taken[0], controller=taken[1], rest=taken[2], rpc=taken[2])
        java, cache = find_java(), JarCache()
        classes = Classes(cache.root / "classes", java, records=False)
        super().__init__(folder, LocalSettings(), chosen, java, cache.jars("kafka-broker"), classes)
        self.inner = f"{HOST}:{chosen.kafka}"
        self.address = f"{HOST}:{chosen.rest}"
        self._certificates, self._users, self._trusted = certificates, users, trusted

    def properties(self) -> dict[str, str]:
        found = super().properties()
        login = "listener.name.secure"
        users = "".join(f' user_{name}="{_jaas(password)}"' for name, password in self._users.items())
        return found | {
            "listeners": f"{found['listeners']},SECURE://{self.address}",
            "advertised.listeners": f"{found['advertised.listeners']},SECURE://{self.address}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": ";".join(f"User:{name}" for name in ("ANONYMOUS", *self._trusted)),
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            f"{login}.plain.sasl.jaas.config": f"{_MODULES}.plain.PlainLoginModule required{users};",
            f"{login}.scram-sha-512.sasl.jaas.config": f"{_MODULES}.scram.ScramLoginModule required;",
            f"{login}.ssl.keystore.type": "PEM",
            f"{login}.ssl.keystore.location": str(self._certificates.server),
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Started and with its users inside, ended after."""
        self.prepare()
        tool = processes.spawn(self.format())
        _await(lambda: not processes.is_alive(tool), 120, self.format())
        broker: ProcessRecord = processes.spawn(self.launch())
        try:
            _await(self.probe(), 120, self.launch())
            self._add_users()
            yield
        finally:
            processes.stop([broker], grace=15)

    def _add_users(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.inner})
        strength = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        wanted: list[UserScramCredentialAlteration] = [
            UserScramCredentialUpsertion(name, strength, password.encode())
            for name, password in self._users.items()
        ]
        for done in admin.alter_user_scram_credentials(wanted).values():
            done.result(30)


@contextmanager
def guarded(rest: str, certificates: Certificates, token: str) -> Iterator[str]:
    """An HTTPS address before a cluster's REST service, which lets those through who have the token.

    It looks at the first request of a connection, and hands on what comes after it.
    """
    inner = (urlsplit(rest).hostname, urlsplit(rest).port)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server)
    refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    def serve(plain: socket.socket) -> None:
        with suppress(OSError), closing(context.wrap_socket(plain, server_side=True)) as client:
            head = b""
            while b"\r\n\r\n" not in head and (more := client.recv(65536)):
                head += more
            if f"authorization: bearer {token}".lower().encode() not in head.lower():
                client.sendall(refusal)
                return
            with closing(socket.create_connection(inner)) as flink:  # type: ignore[arg-type]
                flink.sendall(head)
                _exchange(client, flink)

    def accept(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with closing(socket.create_server((HOST, 0))) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        yield f"https://{HOST}:{listening.getsockname()[1]}"


def _exchange(client: ssl.SSLSocket, flink: socket.socket) -> None:
    """Hand on what either says, until one of them closes. In one thread: TLS connections are no good in two."""
    while True:
        for source in [client] if client.pending() else select.select([client, flink], [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            (flink if source is client else client).sendall(data)


def _await(condition, seconds: float, launch: Launch) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, launch.out.read_text()
        time.sleep(0.1)


def _jaas(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
