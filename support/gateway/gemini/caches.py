"""Gemini's cached contexts: objects with a lifetime, whose storage costs by the hour (provider-facts 3.1)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from google.genai import types
from google.genai.client import AsyncClient
from pydantic_core import to_json

from support.errors import NotFound, TouchstoneError
from support.gateway.call import Bill, Bound, ChokePoint, Creation, Operation, Removal
from support.gateway.chat import tokens_of_files
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.failures import naming
from support.gateway.gemini.contents import contents
from support.gateway.gemini.errors import translate
from support.gateway.gemini.spellings import messages_of
from support.gateway.gemini.tokens import GeminiTokens
from support.gateway.keeper import unrepeated
from support.gateway.lifetimes import check_lifetime, spelled
from support.gateway.markers import Marker, unmark
from support.gateway.refusing import refused
from support.gateway.retry import Repeat
from support.gateway.storage import StorageMeter
from support.values import CachedContext, CachePage, Deletion, Message, Provider, Storage, Usage

R = TypeVar("R")

DEFAULT_LIFETIME = timedelta(hours=1)
"""Where the caller names none."""
KIND = "cached_context"


class GeminiCaches:
    """`/v1beta/cachedContents`."""

    def __init__(self, choke: ChokePoint, client: AsyncClient, base_url: str) -> None:
        self._choke = choke
        self._caches = client.caches
        self._base_url = base_url
        self._tokens = GeminiTokens(choke, client, base_url)
        self._meter = StorageMeter()

    async def create(
        self,
        *,
        model: str,
        messages: Sequence[Message] = (),
        system: str | None = None,
        name: str = "",
        ttl: timedelta | str | None = None,
        expires_at: datetime | None = None,
    ) -> CachedContext:
        lifetime = check_lifetime(Provider.GEMINI, ttl, expires_at)
        messages = messages_of(messages)
        check_contents(messages, system)
        marker = Marker.fresh(self._choke.account.run_id)
        config = config_of(f"{marker}{name}", contents(messages, self._base_url), system, lifetime, expires_at)
        operation = Operation(
            Provider.GEMINI,
            "caches.create",
            Repeat.IF_ABSENT,
            model=model,
            bound=Bound(
                input_tokens=len(to_json(config)) + tokens_of_files(self._choke, messages),
                output_tokens=0,
                count=lambda: self._tokens.count(messages, model=model, system=system),
                kept_for=await self._kept_for(lifetime, expires_at),
            ),
            creates=Creation(KIND, marker),
        )

        async def send() -> CachedContext:
            await self._caches.create(model=model, config=types.CreateCachedContentConfig(**config))
            return cached(answer_on_the_wire())

        return await self._call(
            operation,
            send,
            usage_of=written,
            id_of=lambda made: made.id,
            find=lambda: self._made_by(marker),
            billed=lambda made, bill: self._meter.begin(made, made.created_at, bill),
        )

    async def get(self, cache_id: str) -> CachedContext:
        async def send() -> CachedContext:
            await self._caches.get(name=cache_id)
            return cached(answer_on_the_wire())

        return await self._call(Operation(Provider.GEMINI, "caches.get", Repeat.ALWAYS), send, about=cache_id)

    async def list_page(self, *, limit: int | None = None, cursor: str | None = None) -> CachePage:
        async def send() -> CachePage:
            await self._caches.list(config=types.ListCachedContentsConfig(page_size=limit, page_token=cursor))
            answer = answer_on_the_wire()
            caches = tuple(cached(item) for item in answer.get("cachedContents", ()))
            return CachePage(caches=caches, next_cursor=answer.get("nextPageToken"))

        return await self._call(Operation(Provider.GEMINI, "caches.list", Repeat.ALWAYS), send)

    async def list(self, *, page_size: int | None = None) -> AsyncIterator[CachedContext]:
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page = await self.list_page(limit=page_size, cursor=cursor)
            for cache in page.caches:
                yield cache
            cursor = unrepeated(Provider.GEMINI, following(page), seen)
            if cursor is None:
                return

    async def update(
        self,
        cache_id: str,
        *,
        ttl: timedelta | str | None = None,
        expires_at: datetime | None = None,
        **other: object,
    ) -> CachedContext:
        for field in other:
            raise refused(Provider.GEMINI, field, "cannot be changed; only ttl and expires_at can")
        lifetime = check_lifetime(Provider.GEMINI, ttl, expires_at)
        if lifetime is None and expires_at is None:
            raise refused(Provider.GEMINI, "ttl", "say how long the cache is to live, or until when (expires_at)")
        kept_for = await self._kept_for(lifetime, expires_at)
        ours = self._meter.cache(cache_id)
        if ours is None:  # what it costs is on the bill of whoever made it
            operation = Operation(Provider.GEMINI, "caches.update", Repeat.ALWAYS)
        else:
            bound = Bound(input_tokens=0, output_tokens=0, kept_tokens=ours.tokens, kept_for=kept_for)
            operation = Operation(Provider.GEMINI, "caches.update", Repeat.ALWAYS, model=ours.model, bound=bound)

        async def send() -> CachedContext:
            config = types.UpdateCachedContentConfig(**lifetime_of(lifetime, expires_at))
            await self._caches.update(name=cache_id, config=config)
            return cached(answer_on_the_wire())

        def billed(now: CachedContext, bill: Bill) -> None:
            self._meter.begin(now, now.updated_at, bill)

        return await self._call(operation, send, about=cache_id, billed=None if ours is None else billed)

    async def delete(self, cache_id: str) -> Deletion:
        async def send() -> Deletion:
            await self._caches.delete(name=cache_id)
            return gone(cache_id)

        operation = Operation(Provider.GEMINI, "caches.delete", Repeat.ALWAYS, removes=Removal(KIND, cache_id))
        try:
            deletion = await self._call(operation, send, about=cache_id, if_gone=lambda: gone(cache_id))
        except NotFound:
            await self._end(cache_id)
            raise
        await self._end(cache_id)
        return deletion

    async def storage(self, cache_id: str) -> Storage:
        return self._meter.storage(cache_id, await self._choke.clock.now())

    async def _end(self, cache_id: str) -> None:
        self._meter.end(cache_id, await self._choke.clock.now())

    async def _kept_for(self, lifetime: timedelta | None, expires_at: datetime | None) -> timedelta:
        if expires_at is None:
            return lifetime or DEFAULT_LIFETIME
        kept_for = expires_at - await self._choke.clock.now()
        if kept_for <= timedelta():
            raise refused(Provider.GEMINI, "expires_at", f"lies in the past: {expires_at.isoformat()}")
        return kept_for

    async def _made_by(self, marker: Marker) -> CachedContext | None:
        async for cache in self.list():
            if cache.sent_name.startswith(str(marker)):
                return cache
        return None

    async def _call(
        self,
        operation: Operation,
        send: Callable[[], Awaitable[R]],
        *,
        about: str | None = None,
        usage_of: Callable[[R], Usage] | None = None,
        id_of: Callable[[R], str] | None = None,
        find: Callable[[], Awaitable[R | None]] | None = None,
        if_gone: Callable[[], R] | None = None,
        billed: Callable[[R, Bill], None] | None = None,
    ) -> R:
        def translated(error: Exception) -> TouchstoneError:
            return naming(translate(error), about)

        result = await self._choke.call(
            operation, send, translated, usage_of=usage_of, id_of=id_of, find=find, if_gone=if_gone, billed=billed
        )
        if isinstance(result, CachedContext):
            self._choke.cache_tokens[result.id] = result.tokens
        return result


def check_contents(messages: Sequence[Message], system: str | None) -> None:
    """There has to be something to keep."""
    if not messages and not system:
        raise refused(Provider.GEMINI, "contents", "give messages or a system prompt; there is nothing to keep")


def config_of(
    sent_name: str, turns: list[Any], system: str | None, lifetime: timedelta | None, expires_at: datetime | None
) -> dict[str, Any]:
    """The SDK's settings of a new cache."""
    config: dict[str, Any] = {"display_name": sent_name, **lifetime_of(lifetime, expires_at)}
    if turns:
        config["contents"] = turns
    if system is not None:
        config["system_instruction"] = system
    return config


def lifetime_of(lifetime: timedelta | None, expires_at: datetime | None) -> dict[str, Any]:
    """The SDK's settings of how long."""
    if expires_at is not None:
        return {"expire_time": expires_at}
    return {} if lifetime is None else {"ttl": spelled(lifetime)}


def following(page: CachePage) -> str | None:
    """The cursor of the page after `page`."""
    return page.next_cursor


def written(cache: CachedContext) -> Usage:
    """The tokens of a new cache, which go in at the price of any input (provider-facts 3.1)."""
    return Usage(cache_write_5m_tokens=cache.tokens)


def gone(cache_id: str) -> Deletion:
    """Gemini confirms a deletion with an empty answer."""
    return Deletion(provider=Provider.GEMINI, id=cache_id)


def cached(answer: Mapping[str, Any]) -> CachedContext:
    """The object of the wire as the gateway's value (recordings: gemini cachedContents)."""
    sent_name = answer.get("displayName", "")
    return CachedContext(
        provider=Provider.GEMINI,
        id=answer["name"],
        model=answer["model"].removeprefix("models/"),
        name=unmark(sent_name)[1],
        sent_name=sent_name,
        tokens=answer["usageMetadata"]["totalTokenCount"],
        created_at=datetime.fromisoformat(answer["createTime"]),
        updated_at=datetime.fromisoformat(answer["updateTime"]),
        expires_at=datetime.fromisoformat(answer["expireTime"]),
        raw=answer,
    )
