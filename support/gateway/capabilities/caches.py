"""Contexts kept by the provider."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from support.values import CachedContext, CachePage, Deletion, Message, Storage


class Caches(Protocol):
    """Contexts that the provider keeps as objects (provider-facts 3.1); a question uses one as `cache=CacheReference(id)`."""

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
        """Keeps the messages and the system prompt for `ttl` (or in the provider's spelling, "600s"), or until `expires_at`.

        Without either the provider's default holds: one hour. Raises InvalidRequest, naming the field, before anything is
        sent: both of the two, a time that is past, zero or unreadable, nothing to keep. A content that is too small or too
        large, and an unknown model, are the provider's own refusals.
        """
        ...

    async def get(self, cache_id: str) -> CachedContext:
        """What the provider knows of the cache, its contents left out; NotFound names the id."""
        ...

    async def list_page(self, *, limit: int | None = None, cursor: str | None = None) -> CachePage: ...

    def list(self, *, page_size: int | None = None) -> AsyncIterator[CachedContext]:
        """All caches of the account, page after page."""
        ...

    async def update(
        self,
        cache_id: str,
        *,
        ttl: timedelta | str | None = None,
        expires_at: datetime | None = None,
        **other: object,
    ) -> CachedContext:
        """Lets the cache live for `ttl` from now, or until `expires_at`; any `other` field is refused: nothing else can change."""
        ...

    async def delete(self, cache_id: str) -> Deletion:
        """The cache is gone, and its storage costs no more."""
        ...

    async def storage(self, cache_id: str) -> Storage:
        """What keeping a cache of this scenario's has come to so far, or in all where it has ended; LookupError for another's."""
        ...
