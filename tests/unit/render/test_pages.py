from pathlib import Path

import pytest

from juncture.errors import JunctureError
from juncture.render.pages import write_page


def test_a_page_is_written_into_folders_that_are_made(tmp_path: Path) -> None:
    write_page(tmp_path / "new/more/page.html", "<p>é</p>")
    assert (tmp_path / "new/more/page.html").read_bytes() == "<p>é</p>".encode()


def test_a_place_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JunctureError, match="the page can't be written"):
        write_page(tmp_path / "file/page.html", "")
    with pytest.raises(JunctureError, match="the page can't be written"):
        write_page(tmp_path, "")
