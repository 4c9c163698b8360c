"""What the API takes and gives, as Pydantic models: the contract that the OpenAPI document describes."""
