from __future__ import annotations

import os
import socket

import pytest

from juncture.errors import Refused
from juncture.local import ports


@pytest.fixture
def taken():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_port_in_use_is_refused_with_who_has_it(taken):
    assert not ports.is_free(taken)
    with pytest.raises(Refused, match=f"port {taken} is in use by pid {os.getpid()}") as refusal:
        ports.claim(taken, "kafka_port")
    assert "kafka_port" in str(refusal.value.remedy)


def test_picked_ports_are_free_and_differ():
    picked: list[int] = []
    for _ in range(50):
        picked.append(ports.pick(picked))
    assert len(set(picked)) == 50
    assert all(ports.is_free(port) for port in picked)
