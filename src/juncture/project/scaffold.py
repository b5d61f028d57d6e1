"""The files that come with Juncture: in the installed package, or in a checkout of it."""

from __future__ import annotations

from pathlib import Path

from juncture.errors import JunctureError

_PACKAGE = Path(__file__).resolve().parents[1]


def packaged_templates() -> Path:
    """The folder of Juncture's own templates.

    Raises:
        JunctureError: it is in neither place: the installation is not whole.
    """
    places = (_PACKAGE / "scaffold" / "templates", _PACKAGE.parents[1] / "templates")
    for place in places:
        if place.is_dir():
            return place
    raise JunctureError(
        f"Juncture's own templates are missing: looked for {' and '.join(map(str, places))}",
        remedy="install juncture again",
    )
