"""A PostgreSQL server of a test's own, from the system's package."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from juncture.local import ports
from juncture.local.state import HOST

USER = "ads"
_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Postgres:
    """A running server, its database 'postgres', and the folder of its programs and data."""

    port: int
    password: str
    programs: Path
    log: Path

    @property
    def url(self) -> str:
        return f"jdbc:postgresql://{HOST}:{self.port}/postgres"

    def execute(self, statements: str) -> str:
        """Run SQL; what it returns, a row a line, columns divided by '|'."""
        command = [str(self.programs / "psql"), "-X", "-At", "-v", "ON_ERROR_STOP=1"]
        command += ["-h", HOST, "-p", str(self.port), "-U", USER, "-d", "postgres", "-c", statements]
        environment = {**os.environ, "PGPASSWORD": self.password}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def programs() -> Path:
    """The folder of initdb and postgres. Skips the test on a machine without; fails it where CI is set."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(_DEBIAN.glob("*/bin"))
    if not folders:
        missing = "no PostgreSQL here: install Debian's package postgresql, or put initdb on the PATH"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return folders[-1]


@contextmanager
def running(password: str) -> Iterator[Postgres]:
    """Started empty, with one user who needs a password; ended and removed after."""
    installed, (user, group) = programs(), _owner()
    folder = Path(tempfile.mkdtemp(prefix="juncture-postgres-"))
    server = Postgres(ports.pick(), password, installed, folder / "log")
    if user is not None and group is not None:
        os.chown(folder, user, group)

    def start(program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with server.log.open("ab") as log:
            return subprocess.Popen(
                [str(server.programs / program), "-D", str(folder / "data"), *arguments],
                cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                user=user, group=group, extra_groups=None if user is None else (),
            )  # fmt: skip

    process = None
    try:
        secret = folder / "password"
        secret.write_text(password, encoding="utf-8")
        made = start("initdb", "-U", USER, "-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8", "-N")
        assert made.wait(60) == 0, server.log.read_text()
        listening = ("-h", HOST, "-p", str(server.port), "-k", str(folder), "-c", "fsync=off")
        process = start("postgres", *listening, "-c", "shared_buffers=16MB")
        _await_ready(server, process)
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # PostgreSQL's "fast": it does not wait for its clients
            process.wait(30)
        shutil.rmtree(folder)


def _owner() -> tuple[int | None, int | None]:
    """Whom PostgreSQL runs as, if not as ourselves: it refuses to be root."""
    if os.geteuid() != 0:
        return None, None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _await_ready(server: Postgres, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    asking = [str(server.programs / "pg_isready"), "-q", "-h", HOST, "-p", str(server.port)]
    while subprocess.run(asking, check=False).returncode != 0:
        assert process.poll() is None, server.log.read_text()
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.1)
