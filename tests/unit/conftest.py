"""What tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.s3 import BUCKET, S3


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """The address of an S3 bucket, which fsspec comes to."""
    with S3() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environ.items():
            patch.setenv(name, value)
        yield f"s3://{BUCKET}"
