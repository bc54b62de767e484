"""What passes between the core and the provider packages: calls, answers, routes and the provider's own words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

# JSON as it is read from the wire. Deliberately loose: handlers narrow what they read.
Json: TypeAlias = Any

BodyKind = Literal["json", "form", "raw", "none"]

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FormFile:
    """One file part of a multipart form; `filename` and `content_type` as they were sent."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """A parsed multipart form. Bracketed names (`expires_after[seconds]`) are left as they were sent."""

    fields: dict[str, list[str]]
    files: dict[str, FormFile]

    def one(self, name: str) -> str | None:
        """The first value of a field, or None."""
        values = self.fields.get(name)
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a provider, parsed.

    `body` is what the route asked for: for "json" a dict ({} when nothing was sent: the core refuses other JSON
    values), for "form" a Form, for "raw" bytes, for "none" None.
    `now` is the tenant's clock (aware, UTC). `base_url` is scheme://host[:port] and the mount prefix, as the client
    sees it. `durations` are the tenant's own, in seconds, by a name the provider package chooses. `outcome` is the code
    with which what this request begins is to fail, where that is scripted. `limits` are the tenant's own, by such a name too.
    """

    provider: str
    operation: str
    method: str
    path: str
    params: dict[str, str]
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Json
    now: datetime
    tenant_id: str
    base_url: str
    durations: Mapping[str, float]
    outcome: str | None = None
    limits: Mapping[str, int] = field(default_factory=dict)

    def one(self, name: str) -> str | None:
        """The first value of a query parameter, or None."""
        values = self.query.get(name)
        return values[0] if values else None


@dataclass(slots=True)
class Answer:
    """What goes back: a JSON value or bytes (None: an empty body), or a stream of framed `events`.

    Header names are lower-case. The core adds content-length, and a content-type where none is set. `seconds` is what the
    provider would have taken: a tenant's clock that stands still is moved by it (`support.simulator.latency`).
    """

    status: int = 200
    body: Json = None
    headers: dict[str, str] = field(default_factory=dict)
    events: Iterator[bytes] | AsyncIterator[bytes] | None = None
    seconds: float = 0.0


class Refusal(Exception):
    """Raised by a handler to answer with an error in the provider's own envelope."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"refused with {answer.status}")
        self.answer = answer


Handler: TypeAlias = Callable[[Any, Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of a provider: method and path template (`/v1/files/{file_id}`), and who handles it.

    A parameter is one path segment, or what stands before a literal `:verb` in it; parameters arrive percent-decoded.
    Several routes may share method and path when `accepts(headers, query)` tells them apart (Gemini's upload
    commands); the first that accepts is taken. A body over `max_bytes` is refused with the provider's `too_large`.
    """

    method: str
    path: str
    operation: str
    handler: Handler
    body: BodyKind = "none"
    max_bytes: int = 32 * MEBIBYTE
    accepts: Callable[[Mapping[str, str], Mapping[str, list[str]]], bool] | None = None


@dataclass(frozen=True, slots=True)
class TenantSeed:
    """What a provider's state may be made from: the tenant's id and the time on its clock when it was opened."""

    tenant_id: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class ProviderApi:
    """A provider package as the core sees it.

    The functions that return an Answer speak in the provider's own words (provider-facts 1.1, 1.2, 1.3). `finish` is
    called on every answer, also on refusals from before a route was known (then `operation` and `tenant_id` are
    empty); it adds standing headers with `setdefault`, so that an id an error body repeats stays the same.
    """

    name: str
    routes: Sequence[Route]
    new_state: Callable[[TenantSeed], Any]
    # kind ("files") -> ids that exist at that time; models are left out
    inventory: Callable[[Any, datetime], dict[str, list[str]]]
    # the key as sent, from (headers, query); None when nothing was sent
    key_of: Callable[[Mapping[str, str], Mapping[str, list[str]]], str | None]
    refuse_no_key: Callable[[], Answer]
    refuse_bad_key: Callable[[str], Answer]
    unknown_path: Callable[[str, str], Answer]  # (method, path)
    bad_method: Callable[[str, str], Answer]  # (method, path)
    malformed_body: Callable[[str], Answer]  # (what is wrong with it)
    too_large: Callable[[int], Answer]  # (the limit in bytes)
    internal: Callable[[], Answer]
    # a scripted failure: (status, seconds to wait before a retry or None, message or None for the usual words)
    failure: Callable[[int, float | None, str | None], Answer]
    finish: Callable[[Call, Answer], None]
    content_type: str = "application/json"
