"""What every value has in common: frozen, strict about keys, JSON with a version."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value. Unknown keys are errors, so that a typing mistake is not read as a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")
