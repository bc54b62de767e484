"""The routes of cached contents: create, list, get, change the lifetime, delete (provider-facts 3.1; recordings: cachedContents)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.simulator.gemini import cache_requests, queries
from support.simulator.gemini.caches import record
from support.simulator.wire import MEBIBYTE, Answer, Call, Route

if TYPE_CHECKING:
    from support.simulator.gemini.state import GeminiState

LARGEST_REQUEST = 20 * MEBIBYTE


def _create(state: GeminiState, call: Call, version: str) -> Answer:
    queries.known(call)
    wanted = cache_requests.new_cache(call.body, version, state.files, call.now, call.durations)
    cache = state.caches.add(
        wanted.prompt,
        call.now,
        wanted.expires,
        model=wanted.model,
        display_name=wanted.display_name,
        tools=wanted.tools,
        tool_config=wanted.tool_config,
    )
    return Answer(200, record(cache))


def _list(state: GeminiState, call: Call) -> Answer:
    """Pages of 50 where no size is asked for (unverified: "some default" in Google's description)."""
    caches, answer = queries.page(
        call,
        "ListCachedContentsRequest",
        state.caches.all(call.now),
        "cachedContents",
        lambda cache: cache.number,
        default=50,
        most=1000,
    )
    if caches:
        answer = {"cachedContents": [record(cache) for cache in caches], **answer}
    return Answer(200, answer)


def _get(state: GeminiState, call: Call) -> Answer:
    queries.known(call)
    return Answer(200, record(state.caches.get(call.params["cache"], call.now)))


def _update(state: GeminiState, call: Call, version: str) -> Answer:
    queries.known(call, ("updateMask",))
    mask = call.one("updateMask") or call.one("update_mask")
    sent = cache_requests.new_end(call.body, mask, version)
    cache = state.caches.get(call.params["cache"], call.now)
    state.caches.keep_until(cache, cache_requests.end_of(cache, sent, call.now), call.now)
    return Answer(200, record(cache))


def _delete(state: GeminiState, call: Call) -> Answer:
    queries.known(call)
    state.caches.delete(state.caches.get(call.params["cache"], call.now))
    return Answer(200, {})


def routes(version: str) -> list[Route]:
    """`/VERSION/cachedContents`."""
    every, one = f"/{version}/cachedContents", f"/{version}/cachedContents/{{cache}}"
    return [
        Route(
            "POST",
            every,
            "caches.create",
            lambda state, call: _create(state, call, version),
            "json",
            LARGEST_REQUEST,
        ),
        Route("GET", every, "caches.list", _list),
        Route("GET", one, "caches.get", _get),
        Route("PATCH", one, "caches.update", lambda state, call: _update(state, call, version), "json"),
        Route("DELETE", one, "caches.delete", _delete),
    ]
