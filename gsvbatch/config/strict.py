"""What all settings share."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """A frozen model that refuses unknown keys, so that a typo is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def one_or_many(value: Any) -> Any:
    """Take a single word where a list may stand."""
    return [value] if isinstance(value, str) else value
