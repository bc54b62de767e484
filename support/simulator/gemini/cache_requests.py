"""Requests that make a cache or change its lifetime: their messages, and what Google refuses of them (provider-facts 3.1).

Known are the refusals for size, for a model, for both ends of a life at once, for a lifetime that cannot be read, and for a name
in an update; the words of all others are unverified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from support.simulator.gemini import messages, models, proto
from support.simulator.gemini.caches import Cache
from support.simulator.gemini.errors import at_fault, invalid, model_not_found, violations
from support.simulator.gemini.files import Files
from support.simulator.gemini.generation import declared_in
from support.simulator.gemini.prompt import Prompt, read
from support.simulator.gemini.proto import TEXT, VALUE, Message, Several
from support.simulator.gemini.times import Duration, Timestamp
from support.simulator.wire import Json

TIME_TO_LIVE = 3600.0
"""Seconds that a cache is kept if a request names no end; a tenant can set `caches.time_to_live`."""
LONGEST_NAME = 128
"""Characters of a display name."""
METHOD = "createCachedContent"

_CREATE, _UPDATE = "CreateCachedContentRequest", "UpdateCachedContentRequest"
_LIFETIME = ("ttl", "expireTime")
_OUTPUT_ONLY = ("createTime", "updateTime", "usageMetadata")

# The body of a request is the cache itself, and refusals name places in it from the request on: `cached_content.ttl`.
_CACHED_CONTENT = Message(
    "CachedContent",
    {"expiration": ("ttl", "expire_time")},
    name=TEXT,
    display_name=TEXT,
    model=TEXT,
    system_instruction=messages.CONTENT,
    contents=Several(messages.CONTENT),
    tools=Several(messages.TOOL),
    tool_config=messages.TOOL_CONFIG,
    create_time=VALUE,
    update_time=VALUE,
    usage_metadata=VALUE,
    expire_time=Timestamp(),
    ttl=Duration(),
)
_REQUEST = Message("CreateCachedContentRequest", cached_content=_CACHED_CONTENT)


@dataclass(frozen=True, slots=True)
class NewCache:
    """What is to be cached, read and counted, and until when."""

    model: str
    display_name: str
    expires: datetime
    prompt: Prompt
    tools: list[dict[str, Any]]
    tool_config: dict[str, Any] | None


def new_cache(body: Json, version: str, files: Files, now: datetime, durations: Mapping[str, float]) -> NewCache:
    """Reads a request for a cache, or refuses it."""
    sent = _message(body, version)
    model = _model(sent.get("model", ""), version)
    display_name = sent.get("displayName", "")
    if len(display_name) > LONGEST_NAME:
        raise at_fault(_CREATE, "cached_content.display_name", f"must be at most {LONGEST_NAME} characters.")
    usual = timedelta(seconds=durations.get("caches.time_to_live", TIME_TO_LIVE))
    expires = _end(sent, now, _CREATE) or now + usual
    if not any(sent.get(field) for field in ("contents", "systemInstruction", "tools")):
        raise at_fault(_CREATE, "cached_content.contents", "contents is not specified")
    tools = sent.get("tools") or []
    declared_in(tools, f"{_CREATE}.cached_content")
    prompt = read(sent, files, now, model, f"{_CREATE}.cached_content")
    size = prompt.total
    if size < model.cache_minimum:
        raise invalid(
            f"Cached content is too small. total_token_count={size}, min_total_token_count={model.cache_minimum}"
        )
    if size > model.input_limit:  # the words are the API's; which figure it tells as the limit is unverified
        raise invalid(
            f"Cached content is too large. total_token_count={size}, max_total_token_count={model.input_limit}"
        )
    return NewCache(model.name, display_name, expires, prompt, tools, sent.get("toolConfig"))


def new_end(body: Json, mask: str | None, version: str) -> dict[str, Any]:
    """Reads an update: what it sends, without what `mask` (names divided by commas) leaves out."""
    sent = _message(body, version)
    if "name" in sent:
        said = "Invalid value at 'cached_content' (oneof), oneof field '_name' is already set. Cannot set 'name'"
        raise violations([("cached_content", said)])
    fields = [proto.camel(name.strip()) for name in (mask or "").split(",") if name.strip()]
    if not fields or "*" in fields:
        return {field: value for field, value in sent.items() if field not in _OUTPUT_ONLY}
    for field in fields:
        if field not in _LIFETIME:
            raise at_fault(_UPDATE, "update_mask", f"only ttl and expire_time can be updated, not {field}.")
    return {field: sent[field] for field in fields if field in sent}


def end_of(cache: Cache, sent: dict[str, Any], now: datetime) -> datetime:
    """Until when an update keeps a cache. Its model and name may be sent again as they are (recording of an update)."""
    unchanged = {"model": f"models/{cache.model}", "displayName": cache.display_name}
    for field, value in sent.items():
        if field not in _LIFETIME and unchanged.get(field) != value:
            raise at_fault(_UPDATE, f"cached_content.{field}", "only ttl and expire_time can be updated.")
    expires = _end(sent, now, _UPDATE)
    if expires is None:
        raise at_fault(_UPDATE, "cached_content.expiration", "ttl or expire_time must be set.")
    return expires


def _message(body: Json, version: str) -> dict[str, Any]:
    sent: dict[str, Any] = proto.read(_REQUEST, {"cachedContent": body}, version)["cachedContent"]
    return sent


def _model(name: str, version: str) -> models.Model:
    """The model, which has to be named as `models/NAME`; what follows may be anything (the SDK's tests: 404 for a longer path)."""
    if not name.startswith("models/"):
        raise at_fault(_CREATE, "cached_content.model", "unexpected model name format")
    bare = name.removeprefix("models/")
    model = models.serving(bare, version, METHOD)
    if model is None:
        raise model_not_found(bare, version, METHOD)
    return model


def _end(sent: dict[str, Any], now: datetime, request: str) -> datetime | None:
    """When the life ends that a request asks for, if it asks for one."""
    if "ttl" in sent:
        try:
            expires: datetime = now + sent["ttl"]
        except OverflowError:
            raise at_fault(request, "cached_content.ttl", "ttl ends after the last moment there is.") from None
        if expires <= now:
            raise at_fault(request, "cached_content.ttl", "ttl must be positive.")
        return expires
    if "expireTime" in sent:
        if sent["expireTime"] <= now:
            raise at_fault(request, "cached_content.expire_time", "expire_time must be in the future.")
        until: datetime = sent["expireTime"]
        return until
    return None
