"""The headers that Anthropic reads and sends with everything: key, version, ids, rate limits (provider-facts 1.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache

from support.simulator.anthropic.errors import BearerKey, error, request_id
from support.simulator.wire import Answer, Call, Handler, Refusal

CURRENT = "2026-10-21"
FORMER = "2023-06-01"

# A large account's limits (recordings: anthropic messages, 2026-07 and 2026-08); nothing here ever runs out.
_LIMITS = {"requests": 10_000, "input-tokens": 10_000_000, "output-tokens": 2_000_000, "tokens": 12_000_000}


def key_of(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str | None:
    """`x-api-key`, or `Authorization: Bearer` as the SDK sends it since 2.0 (provider-facts 0.1)."""
    del query
    key = headers.get("x-api-key")
    if key:
        return key
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return BearerKey(token.strip())
    return None


def is_current(call: Call) -> bool:
    """Whether the request is in the version of 2026-10-21."""
    return call.headers.get("anthropic-version") == CURRENT


def in_a_version(handler: Handler) -> Handler:
    """Refuses a request that names no version, or none that exists; the words for the latter are unverified."""

    def checked(state: object, call: Call) -> Answer:
        version = call.headers.get("anthropic-version")
        if version is None:
            raise Refusal(error(400, "anthropic-version: header is required"))
        if version not in (CURRENT, FORMER):
            raise Refusal(error(400, f'anthropic-version: "{version}" is not a valid version'))
        return handler(state, call)

    return checked


def finish(call: Call, answer: Answer) -> None:
    """Ids on every answer; rate limits on answers of a model alone (recordings: none on files, models, counting)."""
    headers = answer.headers
    if "request-id" not in headers:
        headers["request-id"] = request_id()
    if call.tenant_id:
        organization, workspace = _account(call.tenant_id)
        headers["anthropic-organization-id"] = organization
        headers["anthropic-workspace-id"] = workspace
    if answer.seconds:
        headers["server-timing"] = f"x-originResponse;dur={round(answer.seconds * 1000)}"
    if call.operation == "chat.create" and answer.status == 200:
        _add_rate_limits(call, headers)


@lru_cache(maxsize=1024)
def _account(tenant_id: str) -> tuple[str, str]:
    """The tenant's organization and workspace, always the same for the same tenant."""
    digest = hashlib.sha256(tenant_id.encode()).hexdigest()
    organization = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
    return organization, f"wrkspc_01{digest[32:54]}"


def _add_rate_limits(call: Call, headers: dict[str, str]) -> None:
    reset = (call.now + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for kind, limit in _LIMITS.items():
        remaining = limit - 1 if kind == "requests" else limit
        headers[f"anthropic-ratelimit-{kind}-limit"] = str(limit)
        headers[f"anthropic-ratelimit-{kind}-remaining"] = str(remaining)
        headers[f"anthropic-ratelimit-{kind}-reset"] = reset
