"""The JVM is asked once for what a name of Java stands for, but for a class that may still come."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from py4j.java_gateway import JavaClass, JavaPackage, JVMView  # type: ignore[import-untyped]
from py4j.protocol import SUCCESS_CLASS, SUCCESS_PACKAGE  # type: ignore[import-untyped]

from juncture.planner.javanames import remember_names


class Jvm:
    """Answers as Py4J's gateway does."""

    def __init__(self) -> None:
        self.classes = {"org.flink.Table"}
        self.asked: list[str] = []
        self.gateway_property = SimpleNamespace(pool=None)
        self.converters: list[object] = []

    def send_command(self, command: str) -> str:
        name = command.split("\n")[2]
        self.asked.append(name)
        return f"{SUCCESS_CLASS}{name}" if name in self.classes else SUCCESS_PACKAGE


@pytest.fixture
def jvm(monkeypatch: pytest.MonkeyPatch) -> Jvm:
    for kind in (JVMView, JavaPackage):
        monkeypatch.setattr(kind, "__getattr__", kind.__getattr__)
    remember_names()
    return Jvm()


def test_what_was_found_is_not_asked_for_again(jvm: Jvm) -> None:
    view = JVMView(jvm, "default", id="rj")
    found = [view.org.flink.Table for _ in range(2)]
    assert all(isinstance(each, JavaClass) and each._fqn == "org.flink.Table" for each in found)
    assert len(jvm.asked) == 3


def test_a_class_that_a_jar_brings_later_is_found(jvm: Jvm) -> None:
    view = JVMView(jvm, "default", id="rj")
    assert isinstance(view.juncture.JoinEnvironment, JavaPackage)
    jvm.classes.add("juncture.JoinEnvironment")
    assert isinstance(view.juncture.JoinEnvironment, JavaClass)
