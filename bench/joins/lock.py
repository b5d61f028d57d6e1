"""Write the lock of the peers' jars anew: `python -m bench.joins.lock`, and part of `make lock-jars`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from juncture.local.jarlock import read_lock, render_lock
from juncture.local.lock import relock

JARS = Path(__file__).parent / "peers" / "jars.lock"


def main() -> None:
    """Resolve each group, fetch every jar and record its sha256. Raises JunctureError."""
    with tempfile.TemporaryDirectory() as folder:
        JARS.write_text(render_lock(relock(read_lock(JARS), Path(folder))), encoding="utf-8")


if __name__ == "__main__":
    main()
