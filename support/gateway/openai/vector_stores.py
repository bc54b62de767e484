"""OpenAI's vector stores: files attached, searched with scores, and answered from (provider-facts 5.1)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openai

from support.errors import TouchstoneError
from support.gateway.call import ChokePoint, Operation
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.markers import Marker, unmark
from support.gateway.openai.chat import OpenAIChat
from support.gateway.openai.errors import translate
from support.gateway.openai.files import OpenAIFiles
from support.gateway.retry import Repeat
from support.gateway.vector_stores import (
    StoreKeeper,
    check_attributes,
    check_chunking,
    check_search,
    check_store,
    filter_to_send,
)
from support.values import (
    AllOf,
    Attribute,
    Chunking,
    Comparison,
    Deletion,
    DocumentCounts,
    DocumentPage,
    DocumentStatus,
    FileBatch,
    Filter,
    GroundedAnswer,
    Hit,
    Message,
    Provider,
    StoredDocument,
    StorePage,
    VectorStore,
)

MARKER_KEY = "touchstone"
"""The entry of a store's metadata that says whose it is."""
PURPOSE = "assistants"
"""Of files that are to be searched."""
FROM_PASSAGES = "Answer in one short sentence, from the passages below alone. If they do not answer the question, say that you do not know."


class OpenAIStores(StoreKeeper):
    """`/v1/vector_stores`."""

    provider = Provider.OPENAI

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI) -> None:
        super().__init__(choke)
        self._stores = client.vector_stores
        self._files = OpenAIFiles(choke, client)
        self._chat = OpenAIChat(choke, client)

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        return translate(error)

    async def _send_create(
        self, marker: Marker, name: str, expires_after: timedelta | None, metadata: Mapping[str, str] | None
    ) -> VectorStore:
        options: dict[str, Any] = {} if expires_after is None else {"expires_after": policy(expires_after)}
        await self._stores.create(name=name, metadata={**(metadata or {}), MARKER_KEY: str(marker)}, **options)
        return store(answer_on_the_wire())

    async def _send_get(self, store_id: str) -> VectorStore:
        await self._stores.retrieve(store_id)
        return store(answer_on_the_wire())

    async def _send_list(self, limit: int | None, cursor: str | None) -> StorePage:
        await self._stores.list(**_given(limit=limit, after=cursor))
        answer = answer_on_the_wire()
        stores = tuple(store(item) for item in answer["data"])
        return StorePage(stores=stores, next_cursor=answer["last_id"] if answer["has_more"] else None)

    async def _send_delete(self, store_id: str, force: bool) -> Deletion:
        await self._stores.delete(store_id)
        return Deletion(provider=Provider.OPENAI, id=answer_on_the_wire()["id"])

    async def update(
        self,
        store_id: str,
        *,
        name: str | None = None,
        expires_after: timedelta | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> VectorStore:
        check_store(Provider.OPENAI, name or "", expires_after, metadata)
        options = _given(name=name, expires_after=None if expires_after is None else policy(expires_after))

        async def send() -> VectorStore:
            if metadata is not None:  # what is sent replaces all there is: the marker has to go along
                await self._stores.retrieve(store_id)
                known = answer_on_the_wire()["metadata"]
                options["metadata"] = {**metadata, **{key: known[key] for key in (MARKER_KEY,) if key in known}}
            await self._stores.update(store_id, **options)
            return store(answer_on_the_wire())

        operation = Operation(Provider.OPENAI, "vector_stores.update", Repeat.ALWAYS)
        return await self._call(operation, send, about=store_id)

    # Documents -------------------------------------------------------------------------------------------------------

    async def add(
        self,
        store_id: str,
        path: Path,
        *,
        attributes: Mapping[str, Attribute] | None = None,
        chunking: Chunking | None = None,
    ) -> StoredDocument:
        check_attributes(Provider.OPENAI, attributes)
        check_chunking(Provider.OPENAI, chunking)
        file = await self._files.upload(path, purpose=PURPOSE)
        return await self.attach(store_id, file.id, attributes=attributes, chunking=chunking)

    async def _send_attach(
        self, store_id: str, file_id: str, attributes: Mapping[str, Attribute], chunking: Chunking | None
    ) -> Mapping[str, Any]:
        options = _given(attributes=dict(attributes) or None, chunking_strategy=strategy(chunking))
        await self._stores.files.create(store_id, **attachment(file_id), **options)
        answer: Mapping[str, Any] = answer_on_the_wire()
        return answer

    async def _attached(self, store_id: str, answer: Mapping[str, Any]) -> StoredDocument:
        return document(answer)

    async def attach_together(self, store_id: str, file_ids: Sequence[str]) -> FileBatch:
        async def send() -> FileBatch:
            await self._stores.file_batches.create(store_id, file_ids=list(file_ids))
            return file_batch(answer_on_the_wire())

        operation = Operation(Provider.OPENAI, "vector_stores.attach_together", Repeat.IF_REFUSED)
        return await self._call(operation, send, about=store_id)

    async def batch(self, store_id: str, batch_id: str) -> FileBatch:
        async def send() -> FileBatch:
            await self._stores.file_batches.retrieve(batch_id, vector_store_id=store_id)
            return file_batch(answer_on_the_wire())

        return await self._call(Operation(Provider.OPENAI, "vector_stores.batch", Repeat.ALWAYS), send, about=batch_id)

    async def _send_document(self, store_id: str, document_id: str) -> StoredDocument:
        await self._stores.files.retrieve(document_id, vector_store_id=store_id)
        return document(answer_on_the_wire())

    async def _send_documents(
        self, store_id: str, limit: int | None, cursor: str | None, status: DocumentStatus | None
    ) -> DocumentPage:
        await self._stores.files.list(store_id, **_given(limit=limit, after=cursor, filter=status))
        answer = answer_on_the_wire()
        found = tuple(document(item) for item in answer["data"])
        return DocumentPage(documents=found, next_cursor=answer["last_id"] if answer["has_more"] else None)

    async def update_attributes(
        self, store_id: str, document_id: str, attributes: Mapping[str, Attribute]
    ) -> StoredDocument:
        check_attributes(Provider.OPENAI, attributes)

        async def send() -> StoredDocument:
            await self._stores.files.update(document_id, vector_store_id=store_id, attributes=dict(attributes))
            return document(answer_on_the_wire())

        operation = Operation(Provider.OPENAI, "vector_stores.update_attributes", Repeat.ALWAYS)
        return await self._call(operation, send, about=document_id)

    async def _send_remove(self, store_id: str, document_id: str, force: bool) -> Deletion:
        await self._stores.files.delete(document_id, vector_store_id=store_id)
        return Deletion(provider=Provider.OPENAI, id=answer_on_the_wire()["id"])

    # Finding ---------------------------------------------------------------------------------------------------------

    async def search(
        self,
        store_id: str,
        query: str,
        *,
        limit: int | None = None,
        where: Filter | None = None,
        least_score: float | None = None,
    ) -> tuple[Hit, ...]:
        check_search(Provider.OPENAI, query, limit, where)
        ranking = None if least_score is None else {"score_threshold": least_score}
        narrowed = filter_to_send(where)
        options = _given(
            max_num_results=limit, ranking_options=ranking, filters=None if narrowed is None else wire_filter(narrowed)
        )

        async def send() -> tuple[Hit, ...]:
            await self._stores.search(store_id, query=query, **options)
            return tuple(hit(item) for item in answer_on_the_wire()["data"])

        return await self._call(Operation(Provider.OPENAI, "vector_stores.search", Repeat.ALWAYS), send, about=store_id)

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
    ) -> GroundedAnswer:
        """A search, and a question over what it found."""
        hits = await self.search(store_id, question, limit=limit, where=where, least_score=least_score)
        passages = "\n\n".join(f"[{number}] {one.name}\n{one.text}" for number, one in enumerate(hits, 1))
        answer = await self._chat.ask(
            (Message(role="user", text=question),),
            model=model,
            max_output_tokens=max_output_tokens,
            system=f"{FROM_PASSAGES}\n\n{passages or 'There are no passages.'}",
        )
        return GroundedAnswer(answer=answer, citations=hits)


def attachment(file_id: str) -> dict[str, Any]:
    """The SDK's arguments that name the file."""
    return {"file_id": file_id}


def policy(expires_after: timedelta) -> dict[str, Any]:
    """An expiry in the provider's spelling."""
    return {"anchor": "last_active_at", "days": expires_after // timedelta(days=1)}


def strategy(chunking: Chunking | None) -> dict[str, Any] | None:
    """A chunking in the provider's spelling."""
    if chunking is None:
        return None
    sizes = {"max_chunk_size_tokens": chunking.max_tokens, "chunk_overlap_tokens": chunking.overlap_tokens}
    return {"type": "static", "static": sizes}


def wire_filter(where: Filter) -> dict[str, Any]:
    """A filter in the provider's spelling."""
    if isinstance(where, Comparison):
        return {"type": where.operator, "key": where.attribute, "value": where.value}
    return {"type": "and" if isinstance(where, AllOf) else "or", "filters": [wire_filter(one) for one in where.filters]}


def store(answer: Mapping[str, Any]) -> VectorStore:
    """The store of the wire as the gateway's value (recordings: openai vector stores)."""
    metadata = dict(answer.get("metadata") or {})
    marked = metadata.pop(MARKER_KEY, "")
    return VectorStore(
        provider=Provider.OPENAI,
        id=answer["id"],
        name=answer["name"] or "",
        marked=marked,
        status=answer["status"],
        counts=counts(answer["file_counts"]),
        size_bytes=answer["usage_bytes"],
        created_at=_moment(answer["created_at"]),
        expires_at=None if answer.get("expires_at") is None else _moment(answer["expires_at"]),
        last_active_at=None if answer.get("last_active_at") is None else _moment(answer["last_active_at"]),
        metadata=metadata,
        raw=answer,
    )


def counts(told: Mapping[str, int]) -> DocumentCounts:
    """Counts without their total, which is their sum."""
    return DocumentCounts(**{name: told[name] for name in DocumentCounts.model_fields})


def document(answer: Mapping[str, Any]) -> StoredDocument:
    """The file of a store as the gateway's value (recordings: openai vector store files)."""
    static = (answer.get("chunking_strategy") or {}).get("static")
    error = answer.get("last_error")
    return StoredDocument(
        provider=Provider.OPENAI,
        store_id=answer["vector_store_id"],
        id=answer["id"],
        name=None,
        status=answer["status"],
        failure=None if error is None else error["code"],
        size_bytes=answer.get("usage_bytes", 0),
        attributes=answer.get("attributes") or {},
        chunking=None
        if static is None
        else Chunking(max_tokens=static["max_chunk_size_tokens"], overlap_tokens=static["chunk_overlap_tokens"]),
        created_at=_moment(answer["created_at"]),
        raw=answer,
    )


def file_batch(answer: Mapping[str, Any]) -> FileBatch:
    """The batch of the wire as the gateway's value (recordings: openai vector store file batches)."""
    return FileBatch(
        provider=Provider.OPENAI,
        id=answer["id"],
        store_id=answer["vector_store_id"],
        status=answer["status"],
        counts=counts(answer["file_counts"]),
        raw=answer,
    )


def hit(answer: Mapping[str, Any]) -> Hit:
    """One result of a search; its name is that of the stored file, the run's marker taken off."""
    return Hit(
        document_id=answer["file_id"],
        name=unmark(answer["filename"])[1],
        score=answer["score"],
        text="".join(part["text"] for part in answer["content"]),
        attributes=answer.get("attributes") or {},
    )


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
