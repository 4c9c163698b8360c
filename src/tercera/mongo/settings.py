"""`source:` of kind `mongodb`: where the orders are, and where in their documents the values stand."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from tercera.fields import CustomerFields, OrderFields
from tercera.mongo.connection import Server


class OrderDocuments(OrderFields):
    """The orders' collection, and where in its documents the values stand."""

    collection: Annotated[str, Field(min_length=1)]


class CustomerDocuments(CustomerFields):
    """The customers' collection, and where in its documents the values stand."""

    collection: Annotated[str, Field(min_length=1)]


class Settings(BaseModel):
    """`source:` of kind `mongodb`.

    Reads go to the primary unless told otherwise: a secondary lags behind, and a status that was already
    reverted could be told of as if it still stood.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["mongodb"]
    uri: SecretStr = Field(
        description="write `${MONGODB_URI}`; `mongodb+srv://…` needs the extra `tercera[srv]`"
    )
    database: Annotated[str, Field(min_length=1)]
    orders: OrderDocuments
    customers: CustomerDocuments | None = None
    read_preference: Literal["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"] = (
        "primary"
    )
    timeout: Annotated[float, Field(gt=0)] = Field(10, description="seconds to find and reach the server")
    parallel: Annotated[int, Field(ge=1, le=16)] = Field(
        2, description="windows that the server is asked for at the same time"
    )
    operation_timeout: Annotated[float, Field(gt=0)] = Field(
        600, description="seconds that the server may take for one question"
    )

    @property
    def unfollowable(self) -> str | None:
        """Why changes can't be followed as it is set up."""
        if self.read_preference == "primary":
            return None
        return (
            f"orders are read with read_preference: {self.read_preference}, and a secondary may not have "
            "yet what changed; read from the primary"
        )

    def server(self) -> Server:
        """Where the collections are; nothing connects yet."""
        return Server(
            self.uri.get_secret_value(),
            timeout=self.timeout,
            patience=self.operation_timeout,
            read_preference=self.read_preference,
        )
