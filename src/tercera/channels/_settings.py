"""What the settings of every kind of channel have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tercera.rendering import languages


def _spoken(tag: str) -> str:
    if tag.replace("-", "_").partition("_")[0].lower() not in languages():
        raise ValueError(f"there are no phrases for {tag!r}; choose one of {', '.join(languages())}")
    return tag


Language = Annotated[str, AfterValidator(_spoken)]


class ChannelSettings(BaseModel):
    """A channel. Each kind adds `kind: Literal["<file name>"]` and what it needs."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    language: Language = Field(
        "en", description="`en` or `es` (or with a region: `es-CO`); a customer's own comes first"
    )
    digest: bool = Field(False, description="true makes one message of all that a cycle has to tell")

    @property
    def recipients(self) -> tuple[str, ...] | None:
        """Whom the channel speaks to: names that stay the same and are no secret. None: the customer."""
        raise NotImplementedError
