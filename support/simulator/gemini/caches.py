"""Gemini's cached contents: what was read once, kept until a moment, and used by name (provider-facts 3.1). No HTTP here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from support.simulator import ids
from support.simulator.gemini.errors import cache_not_accessible, invalid
from support.simulator.gemini.models import Model
from support.simulator.gemini.prompt import Prompt
from support.simulator.gemini.times import rfc3339

_FORBIDDEN = (
    "CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config.\n\n"
    "Proposed fix: move those values to CachedContent from GenerateContent request."
)
_FEWEST_TO_PURGE = 16


@dataclass(slots=True)
class Cache:
    """A cached context; `number` counts up in the order of creation, `model` is its name without `models/`."""

    id: str
    number: int
    model: str
    display_name: str
    created: datetime
    updated: datetime
    expires: datetime
    prompt: Prompt
    """As it was read when the cache was made."""
    tools: list[dict[str, Any]]
    tool_config: dict[str, Any] | None

    @property
    def name(self) -> str:
        return f"cachedContents/{self.id}"


@dataclass(slots=True)
class Caches:
    """The caches of one tenant, by id, in the order of creation. Reading forgets nothing: what has expired goes with later creations."""

    by_id: dict[str, Cache] = field(default_factory=dict)
    last_number: int = 0
    purge_at: int = _FEWEST_TO_PURGE

    def add(
        self,
        prompt: Prompt,
        now: datetime,
        expires: datetime,
        *,
        model: str,
        display_name: str,
        tools: list[dict[str, Any]],
        tool_config: dict[str, Any] | None,
    ) -> Cache:
        """Keeps a prompt under a new name."""
        self._purge(now)
        self.last_number += 1
        cache = Cache(
            ids.token(40, ids.BASE36_LOWER),
            self.last_number,
            model,
            display_name,
            now,
            now,
            expires,
            prompt,
            tools,
            tool_config,
        )
        self.by_id[cache.id] = cache
        return cache

    def get(self, cache_id: str, now: datetime) -> Cache:
        """The cache, or the refusal of one that does not exist now."""
        cache = self.by_id.get(cache_id)
        if cache is None or now >= cache.expires:
            raise cache_not_accessible()
        return cache

    def named_in(self, request: dict[str, Any], now: datetime) -> Cache | None:
        """The cache that a GenerateContentRequest names, if it names one."""
        name = request.get("cachedContent")
        if not name:
            return None
        collection, _, cache_id = name.partition("/")
        return self.get(cache_id if collection == "cachedContents" else "", now)

    def all(self, now: datetime) -> list[Cache]:
        """What exists now, the newest first (recording of a list)."""
        return [cache for cache in reversed(self.by_id.values()) if now < cache.expires]

    def keep_until(self, cache: Cache, expires: datetime, now: datetime) -> None:
        """Another end of its life: the only thing about a cache that changes."""
        cache.expires, cache.updated = expires, now

    def delete(self, cache: Cache) -> None:
        del self.by_id[cache.id]

    def _purge(self, now: datetime) -> None:
        """Forgets what has expired, whenever twice as many have come together: on average that costs nothing."""
        if len(self.by_id) >= self.purge_at:
            self.by_id = {cache_id: cache for cache_id, cache in self.by_id.items() if now < cache.expires}
            self.purge_at = max(_FEWEST_TO_PURGE, 2 * len(self.by_id))


def with_cached(request: dict[str, Any], cache: Cache, model: Model) -> dict[str, Any]:
    """The request with the cache's tools; refused where it sets what the cache sets, or is for another model.

    Seen live in 2026: the refusals, the tools and their settings taken from the cache. Which refusal comes first is unverified.
    """
    if "systemInstruction" in request or request.get("tools") or "toolConfig" in request:
        raise invalid(_FORBIDDEN)
    if cache.model != model.name:
        raise invalid(
            f"Model used by GenerateContent request (models/{model.name}) and CachedContent (models/{cache.model}) "
            "has to be the same."
        )
    return {**request, "tools": cache.tools, "toolConfig": cache.tool_config}


def record(cache: Cache) -> dict[str, Any]:
    """The CachedContent object (recordings: cachedContents); what is cached is never told."""
    return {
        "name": cache.name,
        "model": f"models/{cache.model}",
        "createTime": rfc3339(cache.created),
        "updateTime": rfc3339(cache.updated),
        "expireTime": rfc3339(cache.expires),
        "displayName": cache.display_name,
        "usageMetadata": {"totalTokenCount": cache.prompt.total},
    }
