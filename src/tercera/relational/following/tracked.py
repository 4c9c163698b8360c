"""How a source of kind `sql` is told of changes, as it is configured."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tercera.notation.durations import Duration, ShortDuration


class Tracked(BaseModel):
    """How changes are told: by a column that grows with each, or by triggers that note them (PostgreSQL)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cursor: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="a column of times, or of whole numbers, that grows with each change of a row"
    )
    overlap: Duration = Field(
        timedelta(minutes=5),
        json_schema_extra={"default": "5m"},
        description="how much before its greatest time is read again: longer than any transaction takes",
    )
    every: Annotated[ShortDuration, Field(ge=timedelta(milliseconds=100))] = Field(
        timedelta(seconds=1), json_schema_extra={"default": "1s"}, description="pause between two questions"
    )
    listen: bool = Field(
        False, description="PostgreSQL notes changes by triggers, which `tercera check --fix` sets up"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Tracked:
        if (self.cursor is None) == (not self.listen):
            raise ValueError("give either cursor (a column like updated_at) or listen: true (PostgreSQL)")
        return self
