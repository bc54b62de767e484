"""The lines of a run's journal, and items and errors as they stand in them."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from support import errors
from support.errors import Retired, TouchstoneError
from support.values import BatchItem, BatchRequest, ChatAnswer, ItemStatus, Provider, Usage

_FIELDS = (
    "operation",
    "status",
    "code",
    "param",
    "provider_message",
    "request_id",
    "retry_after",
    "should_retry",
    "sent",
)


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Finished(Line):
    """A request has its item. `attempts` are those of this time only."""

    request: str
    """Its digest."""
    id: str
    status: ItemStatus
    answer: ChatAnswer | None = None
    vector: tuple[float, ...] | None = None
    error: dict[str, Any] | None = None
    usage: Usage | None = None
    cost_usd: Decimal | None = None
    attempts: int
    kind: Literal["caller", "provider"]


class Reopened(Line):
    """These are asked again."""

    reopened: tuple[str, ...]


class Submitting(Line):
    """A batch is about to be handed to the provider."""

    submitting: datetime


class Refused(Line):
    """The provider certainly took nothing."""

    refused: str


class Submitted(Line):
    """The provider took a batch."""

    submitted: str
    provider: Provider
    requests: str
    """Digest of all of them, in their order."""


class Digest:
    """Tells requests from others, by ids and contents; they may come one by one."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, request: BatchRequest) -> None:
        self._hash.update(to_json(request) + b"\n")

    def __str__(self) -> str:
        return self._hash.hexdigest()[:32]


def digest(request: BatchRequest) -> str:
    """Of one request."""
    made = Digest()
    made.add(request)
    return str(made)


def line_of(request: str, item: BatchItem) -> Finished:
    """An item, to be written; `request` is the digest of what was asked."""
    return Finished(
        request=request,
        id=item.id,
        status=item.status,
        answer=item.answer,
        vector=item.vector,
        error=None if item.error is None else dict(_written(item.error)),
        usage=item.usage,
        cost_usd=item.cost_usd,
        attempts=item.attempts,
        kind=item.kind,
    )


def item_of(line: Finished) -> BatchItem:
    """The item that was written. Raises ValueError where its error is of no known kind."""
    return BatchItem(
        id=line.id,
        status=line.status,
        answer=line.answer,
        vector=line.vector,
        error=None if line.error is None else _read(line.error),
        usage=line.usage,
        cost_usd=line.cost_usd,
        attempts=line.attempts,
        kind=line.kind,
    )


def _written(error: Exception) -> Iterator[tuple[str, Any]]:
    """An error's kind, sentence and facts; what is None is left out."""
    if not isinstance(error, TouchstoneError):
        yield from (("kind", TouchstoneError.kind), ("message", f"{type(error).__name__}: {error}"))
        return
    facts = {"kind": error.kind, "message": error.message, "provider": error.provider}
    facts |= {field: getattr(error, field) for field in _FIELDS}
    if isinstance(error, Retired):
        facts |= {"since": error.since.isoformat(), "successor": error.successor}
    yield from ((name, value) for name, value in facts.items() if value is not None)


def _read(said: Mapping[str, Any]) -> TouchstoneError:
    kinds = {
        kind.kind: kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, TouchstoneError)
    }
    kind = kinds.get(said["kind"])
    if kind is None:
        raise ValueError(f"there is no kind of error {said['kind']!r}")
    provider = None if said.get("provider") is None else Provider(said["provider"])
    error = kind.__new__(kind)
    facts = {field: said[field] for field in _FIELDS if field in said}
    TouchstoneError.__init__(error, said["message"], provider=provider, **facts)
    if isinstance(error, Retired):
        error.since, error.successor = date.fromisoformat(said["since"]), said.get("successor")
    return error
