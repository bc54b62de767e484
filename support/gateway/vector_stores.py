"""What stores of documents mean on every provider: checks before anything is sent, the marker, all pages, waiting."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from support.catalogue.limits import store_limits
from support.errors import Unsupported
from support.gateway.call import Creation, Operation, Removal
from support.gateway.keeper import Keeper, unrepeated
from support.gateway.markers import Marker
from support.gateway.polling import until
from support.gateway.refusing import refused
from support.gateway.retry import Repeat
from support.values import (
    AllOf,
    AnyOf,
    Attribute,
    Chunking,
    Comparison,
    Deletion,
    DocumentPage,
    DocumentStatus,
    FileBatch,
    Filter,
    GroundedAnswer,
    Hit,
    Provider,
    StoredDocument,
    StorePage,
    VectorStore,
)

R = TypeVar("R")

KIND = "vector_store"
OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte")


class StoreKeeper(Keeper):
    """The stores of one provider; a subclass speaks to its SDK and reads its answers."""

    # What a provider's own module says -------------------------------------------------------------------------------

    @abstractmethod
    async def _send_create(
        self, marker: Marker, name: str, expires_after: timedelta | None, metadata: Mapping[str, str] | None
    ) -> VectorStore: ...

    @abstractmethod
    async def _send_get(self, store_id: str) -> VectorStore: ...

    @abstractmethod
    async def _send_list(self, limit: int | None, cursor: str | None) -> StorePage: ...

    @abstractmethod
    async def _send_delete(self, store_id: str, force: bool) -> Deletion: ...

    @abstractmethod
    async def _send_attach(
        self, store_id: str, file_id: str, attributes: Mapping[str, Attribute], chunking: Chunking | None
    ) -> Mapping[str, Any]:
        """The provider's answer, as it was on the wire."""

    @abstractmethod
    async def _attached(self, store_id: str, answer: Mapping[str, Any]) -> StoredDocument:
        """The document that the answer is about; what this asks for is a call of its own, repeated by itself."""

    @abstractmethod
    async def add(
        self,
        store_id: str,
        path: Path,
        *,
        attributes: Mapping[str, Attribute] | None = None,
        chunking: Chunking | None = None,
    ) -> StoredDocument: ...

    @abstractmethod
    async def _send_document(self, store_id: str, document_id: str) -> StoredDocument: ...

    @abstractmethod
    async def _send_documents(
        self, store_id: str, limit: int | None, cursor: str | None, status: DocumentStatus | None
    ) -> DocumentPage: ...

    @abstractmethod
    async def _send_remove(self, store_id: str, document_id: str, force: bool) -> Deletion: ...

    @abstractmethod
    async def search(
        self,
        store_id: str,
        query: str,
        *,
        limit: int | None = None,
        where: Filter | None = None,
        least_score: float | None = None,
    ) -> tuple[Hit, ...]: ...

    @abstractmethod
    async def answer(
        self,
        store_id: str,
        question: str,
        *,
        model: str,
        max_output_tokens: int,
        limit: int | None = None,
        where: Filter | None = None,
        least_score: float | None = None,
    ) -> GroundedAnswer: ...

    # What only some providers have; the base says so -----------------------------------------------------------------

    async def update(
        self,
        store_id: str,
        *,
        name: str | None = None,
        expires_after: timedelta | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> VectorStore:
        raise self._lacks("cannot change a store; make another")

    async def attach_together(self, store_id: str, file_ids: Sequence[str]) -> FileBatch:
        raise self._lacks("takes files in one by one")

    async def batch(self, store_id: str, batch_id: str) -> FileBatch:
        raise self._lacks("takes files in one by one")

    async def update_attributes(
        self, store_id: str, document_id: str, attributes: Mapping[str, Attribute]
    ) -> StoredDocument:
        raise self._lacks("cannot change a document's attributes; delete it and upload it again")

    def _lacks(self, what: str) -> Unsupported:
        return Unsupported(f"{self.provider} {what}", provider=self.provider)

    # What is the same for all ----------------------------------------------------------------------------------------

    async def create(
        self,
        name: str,
        *,
        expires_after: timedelta | None = None,
        metadata: Mapping[str, str] | None = None,
        preflight: bool = True,
    ) -> VectorStore:
        marker = Marker.fresh(self._choke.account.run_id)
        if preflight:
            check_store(self.provider, name, expires_after, metadata, beside=self._beside(marker))
        return await self._call(
            Operation(self.provider, "vector_stores.create", Repeat.IF_ABSENT, creates=Creation(KIND, marker)),
            lambda: self._send_create(marker, name, expires_after, metadata),
            id_of=lambda made: made.id,
            find=lambda: self._made_by(marker),
        )

    async def get(self, store_id: str) -> VectorStore:
        return await self._call(
            Operation(self.provider, "vector_stores.get", Repeat.ALWAYS),
            lambda: self._send_get(store_id),
            about=store_id,
        )

    async def list_page(self, *, limit: int | None = None, cursor: str | None = None) -> StorePage:
        check_page(self.provider, limit)
        return await self._call(
            Operation(self.provider, "vector_stores.list", Repeat.ALWAYS), lambda: self._send_list(limit, cursor)
        )

    async def list(self, *, page_size: int | None = None) -> AsyncIterator[VectorStore]:
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page = await self.list_page(limit=page_size, cursor=cursor)
            for store in page.stores:
                yield store
            cursor = unrepeated(self.provider, page.next_cursor, seen)
            if cursor is None:
                return

    async def delete(self, store_id: str, *, force: bool = False) -> Deletion:
        forced = forcing(force)
        return await self._call(
            Operation(self.provider, "vector_stores.delete", Repeat.ALWAYS, removes=Removal(KIND, store_id)),
            lambda: self._send_delete(store_id, forced),
            about=store_id,
            if_gone=lambda: Deletion(provider=self.provider, id=store_id),
        )

    async def attach(
        self,
        store_id: str,
        file_id: str,
        *,
        attributes: Mapping[str, Attribute] | None = None,
        chunking: Chunking | None = None,
    ) -> StoredDocument:
        check_attributes(self.provider, attributes)
        check_chunking(self.provider, chunking)
        chunks = chunking_to_send(chunking)
        answer = await self._call(
            Operation(self.provider, "vector_stores.attach", Repeat.IF_REFUSED),
            lambda: self._send_attach(store_id, file_id, attributes or {}, chunks),
            about=file_id,
        )
        return await self._attached(store_id, answer)

    async def wait(self, store_id: str, *, timeout: timedelta = timedelta(minutes=10)) -> tuple[StoredDocument, ...]:
        async def look() -> tuple[StoredDocument, ...]:
            return tuple([document async for document in self.documents(store_id)])

        return await until(
            look,
            is_settled,
            clock=self._choke.clock,
            timeout=timeout,
            provider=self.provider,
            what=f"the indexing of {store_id}",
        )

    async def document(self, store_id: str, document_id: str) -> StoredDocument:
        return await self._call(
            Operation(self.provider, "vector_stores.document", Repeat.ALWAYS),
            lambda: self._send_document(store_id, document_id),
            about=document_id,
        )

    async def documents_page(
        self,
        store_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        status: DocumentStatus | None = None,
    ) -> DocumentPage:
        check_page(self.provider, limit)
        return await self._call(
            Operation(self.provider, "vector_stores.documents", Repeat.ALWAYS),
            lambda: self._send_documents(store_id, limit, cursor, status),
            about=store_id,
        )

    async def documents(
        self, store_id: str, *, page_size: int | None = None, status: DocumentStatus | None = None
    ) -> AsyncIterator[StoredDocument]:
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page = await self.documents_page(store_id, limit=page_size, cursor=cursor, status=status)
            for document in page.documents:
                yield document
            cursor = unrepeated(self.provider, following(page), seen)
            if cursor is None:
                return

    async def remove(self, store_id: str, document_id: str, *, force: bool = False) -> Deletion:
        forced = forcing(force)
        return await self._call(
            Operation(self.provider, "vector_stores.remove", Repeat.ALWAYS),
            lambda: self._send_remove(store_id, document_id, forced),
            about=document_id,
            if_gone=lambda: Deletion(provider=self.provider, id=document_id),
        )

    def _beside(self, marker: Marker) -> int:
        """Characters of a name that the marker takes."""
        return 0

    async def _made_by(self, marker: Marker) -> VectorStore | None:
        async for store in self.list():
            if store.marked.startswith(str(marker)):
                return store
        return None


def is_settled(documents: Sequence[StoredDocument]) -> bool:
    """Whether none is in progress any more."""
    return all(document.status != "in_progress" for document in documents)


def forcing(force: bool) -> bool:
    """Whether a deletion takes along what is inside: only where the caller says so."""
    return force


def chunking_to_send(chunking: Chunking | None) -> Chunking | None:
    """How the caller wants a document cut."""
    return chunking


def following(page: DocumentPage) -> str | None:
    """The cursor of the page after `page`."""
    return page.next_cursor


# Checks before anything is sent --------------------------------------------------------------------------------------


def check_store(
    provider: Provider,
    name: str,
    expires_after: timedelta | None,
    metadata: Mapping[str, str] | None,
    *,
    beside: int = 0,
) -> None:
    """`beside` is how many characters of the name are our own."""
    limits = store_limits(provider)
    most = limits.max_name_characters - beside
    if len(name) > most:
        raise refused(provider, "name", f"has {len(name)} characters; {most} are allowed")
    if expires_after is not None:
        check_expiry(provider, expires_after)
    if metadata and limits.max_metadata is None:
        raise Unsupported(f"{provider} keeps no metadata of a store", provider=provider, param="metadata")
    if metadata is not None and limits.max_metadata is not None and len(metadata) >= limits.max_metadata:
        raise refused(
            provider, "metadata", f"has {len(metadata)} entries; {limits.max_metadata - 1} are allowed beside our own"
        )


def check_expiry(provider: Provider, expires_after: timedelta) -> None:
    """Whole days, counted from the last use (OpenAI)."""
    days = store_limits(provider).expires_days
    if days is None:
        raise Unsupported(
            f"{provider} keeps stores until somebody deletes them", provider=provider, param="expires_after"
        )
    if expires_after % timedelta(days=1) or not days[0] <= expires_after // timedelta(days=1) <= days[1]:
        raise refused(provider, "expires_after", f"must be {days[0]} to {days[1]} whole days, not {expires_after}")


def check_page(provider: Provider, limit: int | None) -> None:
    most = store_limits(provider).max_page
    if limit is not None and not 1 <= limit <= most:
        raise refused(provider, "limit", f"must be 1 to {most}, not {limit}")


def check_attributes(provider: Provider, attributes: Mapping[str, Attribute] | None) -> None:
    limits = store_limits(provider)
    if attributes and len(attributes) > limits.max_attributes:
        raise refused(provider, "attributes", f"are {len(attributes)}; {limits.max_attributes} are allowed")
    for key, value in (attributes or {}).items():
        if len(key) > limits.max_key_characters:
            raise refused(provider, "attributes", f"the key {key[:20]!r}… has {len(key)} characters")
        if isinstance(value, str) and len(value) > limits.max_value_characters:
            raise refused(provider, "attributes", f"the value of {key!r} has {len(value)} characters")


def check_chunking(provider: Provider, chunking: Chunking | None) -> None:
    if chunking is None:
        return
    limits = store_limits(provider)
    low, high = limits.chunk_tokens
    if not low <= chunking.max_tokens <= high:
        raise refused(provider, "max_chunk_size_tokens", f"must be {low} to {high}, not {chunking.max_tokens}")
    most = chunking.max_tokens // 2 if limits.overlap_at_most_half else chunking.max_tokens - 1
    if not 0 <= chunking.overlap_tokens <= most:
        raise refused(provider, "chunk_overlap_tokens", f"must be 0 to {most}, not {chunking.overlap_tokens}")


def check_search(provider: Provider, query: str, limit: int | None, where: Filter | None) -> None:
    limits = store_limits(provider)
    if not query.strip():
        raise refused(provider, "query", "is empty; say what to look for")
    if limit is not None and not 1 <= limit <= limits.max_results:
        raise refused(provider, "limit", f"must be 1 to {limits.max_results}, not {limit}")
    if where is not None:
        check_filter(provider, where)


def check_filter(provider: Provider, where: Filter) -> None:
    match where:
        case Comparison():
            if where.operator not in OPERATORS:
                known = ", ".join(OPERATORS)
                raise refused(provider, "filters", f"the operator {where.operator!r} is not one of {known}")
        case AllOf() | AnyOf():
            if not where.filters:
                raise refused(provider, "filters", "an empty group of filters means nothing")
            for one in where.filters:
                check_filter(provider, one)


def filter_to_send(where: Filter | None) -> Filter | None:
    """What the caller wants the documents narrowed to."""
    return where
