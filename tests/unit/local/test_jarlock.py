from __future__ import annotations

import pytest

from juncture.errors import JunctureError
from juncture.local.jarlock import Coordinate, JarGroup, JarLock, parse_lock, read_lock, render_lock

A = Coordinate("org.a", "a_2.13", "1.0")
B = Coordinate("org.b", "b", "5.0.0-2.2")


def test_a_lock_reads_back_as_it_was_written():
    group = JarGroup("both", with_dependencies=(A,), alone=(B,), jars={A: "0" * 64, B: "f" * 64})
    lock = JarLock({"both": group})
    assert parse_lock(render_lock(lock)) == lock


def test_the_text_does_not_depend_on_the_order_of_resolution():
    one = JarLock({"g": JarGroup("g", jars={A: "0" * 64, B: "f" * 64})})
    other = JarLock({"g": JarGroup("g", jars={B: "f" * 64, A: "0" * 64})})
    assert render_lock(one) == render_lock(other)


def test_the_shipped_lock_is_what_its_own_writer_writes():
    lock = read_lock()
    assert parse_lock(render_lock(lock)) == lock
    assert {"kafka-broker", "kafka-connector"} <= set(lock.groups)
    assert "://" not in render_lock(lock)
    for group in lock.groups.values():
        assert {*group.with_dependencies, *group.alone} <= set(group.jars)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("version = 2\n[groups]\n", "version is 2"),
        ('version = 1\n[groups.g.jars]\n"a:b:1" = "123"\n', "a:b:1 has no sha256"),
        (f'version = 1\n[groups.g.jars]\n"../a:b" = "{"0" * 64}"\n', "not group:artifact:version"),
        ("version = 1\n[groups.g]\n", "jars"),
        ("version =", "damaged"),
    ],
)
def test_a_damaged_lock_is_named_as_such(text, complaint):
    with pytest.raises(JunctureError, match=complaint):
        parse_lock(text)


def test_an_unknown_group_is_answered_with_the_known_ones():
    with pytest.raises(JunctureError, match=r"only .*kafka-broker, kafka-connector"):
        read_lock().group("flink")
