"""What a provider can do: one Protocol a capability, and one place that says which provider has which."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, cast

import httpx2

from support.errors import Unsupported
from support.gateway.call import ChokePoint
from support.gateway.endpoint import Endpoint
from support.values import (
    CachedContext,
    CachePage,
    CacheUse,
    ChatAnswer,
    Deletion,
    FilePage,
    Message,
    ModelInfo,
    Provider,
    Storage,
    StoredFile,
    UploadOutcome,
)


class Capability(StrEnum):
    """The attributes that a provider can have."""

    FILES = "files"
    CACHES = "caches"
    CHAT = "chat"
    TOKENS = "tokens"
    MODELS = "models"


Order = Literal["asc", "desc"]


class Files(Protocol):
    """Files kept by the provider (provider-facts 2)."""

    async def upload(
        self,
        path: Path,
        *,
        purpose: str | None = None,
        expires_after: timedelta | None = None,
        preflight: bool = True,
    ) -> StoredFile:
        """Stores the file under its own name.

        Raises LocalFileMissing, InvalidRequest (empty, a directory, an unknown purpose, an expiry out of range), LimitExceeded or
        Unsupported (a purpose or expiry where the provider has none) before anything is sent. `preflight=False` leaves
        the judgement of `purpose` and `expires_after` to the provider.
        """
        ...

    async def upload_many(self, paths: Sequence[Path], *, purpose: str | None = None) -> list[UploadOutcome]:
        """Stores the files, all in flight together; one outcome a path, in the order of the paths."""
        ...

    async def get(self, file_id: str) -> StoredFile:
        """What the provider knows of the file; NotFound names the id."""
        ...

    async def list_page(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        purpose: str | None = None,
        order: Order | None = None,
        ids: Sequence[str] | None = None,
    ) -> FilePage:
        """One page. A filter or an order that the provider does not have is Unsupported; a limit out of range InvalidRequest."""
        ...

    def list(
        self,
        *,
        page_size: int | None = None,
        purpose: str | None = None,
        order: Order | None = None,
    ) -> AsyncIterator[StoredFile]:
        """All files of the account, page after page."""
        ...

    async def content(self, file_id: str) -> bytes:
        """The bytes of the file; Unsupported where the provider does not give them back."""
        ...

    async def delete(self, file_id: str) -> Deletion: ...


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


class ChatStream(Protocol):
    """An answer that comes in pieces: iterate for the text, then read `answer`."""

    def __aiter__(self) -> AsyncIterator[str]: ...

    @property
    def answer(self) -> ChatAnswer:
        """The whole answer, once the iteration has ended; LookupError before."""
        ...


class Chat(Protocol):
    """One answer of a model: Chat Completions on OpenAI, Messages on Anthropic, generateContent on Gemini.

    `cache` says how the provider is to cache what the question begins with; another provider's way is Unsupported.
    """

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        max_output_tokens: int,
        system: str | None = None,
        stop: Sequence[str] = (),
        cache: CacheUse | None = None,
    ) -> ChatAnswer: ...

    def stream(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        max_output_tokens: int,
        system: str | None = None,
        stop: Sequence[str] = (),
        cache: CacheUse | None = None,
    ) -> ChatStream: ...


class Tokens(Protocol):
    """The provider's own counting endpoint (provider-facts 9)."""

    async def count(self, messages: Sequence[Message], *, model: str, system: str | None = None) -> int:
        """How many input tokens the request would have."""
        ...


class Models(Protocol):
    """The models that the key may use (provider-facts 10)."""

    async def get(self, model: str) -> ModelInfo: ...

    def list(self) -> AsyncIterator[ModelInfo]: ...


class ProviderGateway:
    """One provider, with one attribute a capability.

    `offers` is the single source of what it can do: the attribute of a capability that is not in it raises Unsupported.
    """

    provider: ClassVar[Provider]
    offers: ClassVar[Mapping[Capability, Callable[[Any], object]]]

    def __init__(self, endpoint: Endpoint, http: httpx2.AsyncClient, choke: ChokePoint) -> None:
        self._choke = choke
        self._made: dict[Capability, object] = {}

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(self.offers)

    def _offered(self, capability: Capability) -> Any:
        if capability not in self._made:
            make = self.offers.get(capability)
            if make is None:
                raise Unsupported(f"{self.provider} has no {capability.replace('_', ' ')}", provider=self.provider)
            self._made[capability] = make(self)
        return self._made[capability]

    @property
    def files(self) -> Files:
        return cast(Files, self._offered(Capability.FILES))

    @property
    def caches(self) -> Caches:
        return cast(Caches, self._offered(Capability.CACHES))

    @property
    def chat(self) -> Chat:
        return cast(Chat, self._offered(Capability.CHAT))

    @property
    def tokens(self) -> Tokens:
        return cast(Tokens, self._offered(Capability.TOKENS))

    @property
    def models(self) -> Models:
        return cast(Models, self._offered(Capability.MODELS))
