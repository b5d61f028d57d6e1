"""Names of Java's packages and classes, each asked of the JVM once.

Py4J asks for every part of a name whenever the name is written, and the JVM looks for a class of that name in all jars,
and in all packages that PyFlink imports: a quarter of what a compilation takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from py4j.java_gateway import JavaClass, JavaPackage, JVMView  # type: ignore[import-untyped]


def remember_names() -> None:
    """From now on, keep what is found. What is not found is a package to Py4J: it is asked for again unless it has a
    package's name, as a jar may bring the class.
    """
    for kind in (JVMView, JavaPackage):
        kind.__getattr__ = _remembering(kind.__getattr__)


def _remembering(ask: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    def found(self: Any, name: str) -> Any:
        answer = ask(self, name)
        if isinstance(answer, JavaClass) or (isinstance(answer, JavaPackage) and name.islower()):
            setattr(self, name, answer)
        return answer

    return found
