"""Cases over files: where their tables lie."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.validation.rendered import rendered, topic

from juncture.validation.harness.files import Files
from juncture.validation.oracle.tables import read_table

JOB = rendered({"l": topic("l", "k STRING")}, topic("out", "k STRING"), "SELECT k FROM l")


@pytest.mark.parametrize("folder", ["/cases/plain", "/my cases", "/50%/a#1", "/it's"])
def test_a_folder_is_named_as_it_is(folder: str) -> None:
    (source, sink, _) = Files(Path(folder)).own(JOB).statements
    # Flink's Path takes a text for what it is, and unescapes nothing.
    assert read_table(source).options["path"] == f"file://{folder}/l"
    assert read_table(sink).options["path"] == f"file://{folder}/out"
