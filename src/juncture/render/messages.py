"""The Java classes by which Flink reads and writes Protobuf: that the job brings them along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from juncture.errors import JunctureError
from juncture.model.rendered import OwnJar, Statement
from juncture.project.jars import classes_in
from juncture.project.nearest import did_you_mean

_MESSAGE_CLASS = re.compile(r"'(?:key\.|value\.)?protobuf\.message-class-name'\s*=\s*'([^']+)'")
_OWN = "com.google.protobuf."
"""Messages that the format's jar has itself."""


def unknown_messages(statements: Iterable[Statement], jars: Sequence[OwnJar]) -> list[JunctureError]:
    """A problem for each class of messages that none of the jars has; of one, Flink says the name and no place."""
    found = [
        (statement, match)
        for statement in statements
        for match in _MESSAGE_CLASS.finditer(statement.text)
        if not match[1].startswith(_OWN)
    ]
    known = {name for jar in jars for name in classes_in(jar.file)} if found else set()
    return [
        JunctureError(
            f"none of the job's jars has the message class '{match[1]}' of {statement.name}",
            location=statement.locate(match.start()),
            remedy=did_you_mean(match[1], known, none="name the jar that has it under `jars` of the job"),
        )
        for statement, match in found
        if match[1] not in known
    ]
