"""What all control messages share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Base", "Id", "Name", "Request", "UnixNanos"]

Id = Annotated[int, Field(ge=0, lt=2**63)]
UnixNanos = Annotated[int, Field(ge=0, lt=2**63, description="time [ns since epoch, UTC]")]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Base(BaseModel):
    """Base of every message: immutable, closed to unknown fields, no coercion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Request(Base):
    """Base of what wants an answer; the answer repeats ``request_id``."""

    request_id: Id
