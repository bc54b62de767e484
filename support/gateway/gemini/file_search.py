"""Gemini's File Search stores: documents found by a model that is asked, and cited in its answer (provider-facts 5.2)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from google.genai import types
from google.genai.client import AsyncClient

from support.catalogue.models import model_for
from support.errors import JobFailed, TouchstoneError, Unsupported
from support.gateway.call import ChokePoint, Operation
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.files import check_local
from support.gateway.gemini.chat import GeminiChat
from support.gateway.gemini.errors import translate
from support.gateway.gemini.files import mime_type
from support.gateway.markers import Marker, unmark
from support.gateway.polling import until
from support.gateway.retry import Repeat
from support.gateway.vector_stores import (
    StoreKeeper,
    check_attributes,
    check_chunking,
    check_search,
    chunking_to_send,
    filter_to_send,
)
from support.values import (
    AllOf,
    Attribute,
    ChatAnswer,
    Chunking,
    Comparison,
    Deletion,
    DocumentCounts,
    DocumentPage,
    DocumentStatus,
    Filter,
    GroundedAnswer,
    Hit,
    Provider,
    StoredDocument,
    StorePage,
    VectorStore,
)

_STATES: Mapping[str, DocumentStatus] = {
    "STATE_PENDING": "in_progress",
    "STATE_ACTIVE": "completed",
    "STATE_FAILED": "failed",
}
_OPERATORS = {"eq": "=", "ne": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
LONGEST_WAIT = timedelta(minutes=10)
"""For the name of a document that was sent: it comes with the end of its operation, unless the list has it before."""
ANSWER_TOKENS = 1024


class GeminiStores(StoreKeeper):
    """`/v1beta/fileSearchStores`."""

    provider = Provider.GEMINI

    def __init__(self, choke: ChokePoint, client: AsyncClient, base_url: str) -> None:
        super().__init__(choke)
        self._stores = client.file_search_stores
        self._operations = client.operations
        self._chat = GeminiChat(choke, client, base_url)

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        return translate(error)

    async def _send_create(
        self, marker: Marker, name: str, expires_after: timedelta | None, metadata: Mapping[str, str] | None
    ) -> VectorStore:
        await self._stores.create(config=types.CreateFileSearchStoreConfig(display_name=f"{marker}{name}"))
        return store(answer_on_the_wire())

    def _beside(self, marker: Marker) -> int:
        return len(str(marker))

    async def _send_get(self, store_id: str) -> VectorStore:
        await self._stores.get(name=store_id)
        return store(answer_on_the_wire())

    async def _send_list(self, limit: int | None, cursor: str | None) -> StorePage:
        await self._stores.list(config=types.ListFileSearchStoresConfig(page_size=limit, page_token=cursor))
        answer = answer_on_the_wire()
        stores = tuple(store(item) for item in answer.get("fileSearchStores", ()))
        return StorePage(stores=stores, next_cursor=answer.get("nextPageToken"))

    async def _send_delete(self, store_id: str, force: bool) -> Deletion:
        config = types.DeleteFileSearchStoreConfig(force=True) if force else None
        await self._stores.delete(name=store_id, config=config)
        return Deletion(provider=Provider.GEMINI, id=store_id)

    # Documents -------------------------------------------------------------------------------------------------------

    async def add(
        self,
        store_id: str,
        path: Path,
        *,
        attributes: Mapping[str, Attribute] | None = None,
        chunking: Chunking | None = None,
    ) -> StoredDocument:
        check_local(path, Provider.GEMINI)
        check_attributes(Provider.GEMINI, attributes)
        check_chunking(Provider.GEMINI, chunking)
        chunks = chunking_to_send(chunking)
        sent_name = f"{Marker.fresh(self._choke.account.run_id)}{path.name}"

        async def send() -> Mapping[str, Any]:
            with path.open("rb") as content:
                await self._stores.upload_to_file_search_store(
                    file_search_store_name=store_id,
                    file=content,
                    config=types.UploadToFileSearchStoreConfig(
                        display_name=sent_name, mime_type=mime_type(path), **_document_config(attributes or {}, chunks)
                    ),
                )
            answer: Mapping[str, Any] = answer_on_the_wire()
            return answer

        operation = Operation(Provider.GEMINI, "vector_stores.add", Repeat.IF_REFUSED)
        begun = await self._call(operation, send, about=store_id)
        return await self._taken_in(store_id, begun, types.UploadToFileSearchStoreOperation)

    async def _send_attach(
        self, store_id: str, file_id: str, attributes: Mapping[str, Attribute], chunking: Chunking | None
    ) -> Mapping[str, Any]:
        await self._stores.import_file(
            file_search_store_name=store_id,
            file_name=file_id,
            config=types.ImportFileConfig(**_document_config(attributes, chunking)),
        )
        answer: Mapping[str, Any] = answer_on_the_wire()
        return answer

    async def _attached(self, store_id: str, answer: Mapping[str, Any]) -> StoredDocument:
        return await self._taken_in(store_id, answer, types.ImportFileOperation)

    async def _taken_in(self, store_id: str, begun: Mapping[str, Any], kind: Any) -> StoredDocument:
        """The document of an operation: its name comes with the operation, at the latest with its end."""
        ended = begun
        if "response" not in begun:
            ended = await until(
                lambda: self._operation(kind, begun["name"]),
                lambda seen: bool(seen.get("done")),
                clock=self._choke.clock,
                timeout=LONGEST_WAIT,
                provider=Provider.GEMINI,
                what=f"the operation {begun['name']}",
            )
        if "error" in ended:
            raise JobFailed(ended["error"].get("message", "the document was not taken in"), provider=Provider.GEMINI)
        # an import tells the bare id, an upload the whole name (google-genai 3.4.0, ImportFileResponse)
        named = ended["response"]["documentName"].rpartition("/")[2]
        return await self.document(store_id, f"{store_id}/documents/{named}")

    async def _operation(self, kind: Any, name: str) -> Mapping[str, Any]:
        async def send() -> Mapping[str, Any]:
            await self._operations.get(kind(name=name))
            answer: Mapping[str, Any] = answer_on_the_wire()
            return answer

        return await self._call(Operation(Provider.GEMINI, "operations.get", Repeat.ALWAYS), send, about=name)

    async def _send_document(self, store_id: str, document_id: str) -> StoredDocument:
        await self._stores.documents.get(name=document_id)
        return document(answer_on_the_wire())

    async def _send_documents(
        self, store_id: str, limit: int | None, cursor: str | None, status: DocumentStatus | None
    ) -> DocumentPage:
        if status is not None:
            raise Unsupported("Gemini cannot list the documents of one state", provider=Provider.GEMINI, param="status")
        config = types.ListDocumentsConfig(page_size=limit, page_token=cursor)
        await self._stores.documents.list(parent=store_id, config=config)
        answer = answer_on_the_wire()
        found = tuple(document(item) for item in answer.get("documents", ()))
        return DocumentPage(documents=found, next_cursor=answer.get("nextPageToken"))

    async def _send_remove(self, store_id: str, document_id: str, force: bool) -> Deletion:
        config = types.DeleteDocumentConfig(force=True) if force else None
        await self._stores.documents.delete(name=document_id, config=config)
        return Deletion(provider=Provider.GEMINI, id=document_id)

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
        """What a model cites that is asked the query: Gemini has no search of its own."""
        model = model_for(Provider.GEMINI, "chat")
        assert model is not None, "the catalogue has no chat model for Gemini"
        found = await self.answer(
            store_id,
            query,
            model=model.id,
            max_output_tokens=ANSWER_TOKENS,
            limit=limit,
            where=where,
            least_score=least_score,
        )
        return found.citations

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
        check_search(Provider.GEMINI, question, limit, where)
        if least_score is not None:
            raise Unsupported("Gemini tells no scores", provider=Provider.GEMINI, param="least_score")
        narrowed = filter_to_send(where)
        tool = file_search(store_id, limit, None if narrowed is None else wire_filter(narrowed))
        answer = await self._chat.ask_with_tool(
            question, tool, model=model, max_output_tokens=max_output_tokens, about=store_id
        )
        return GroundedAnswer(answer=answer, citations=citations(answer))


def file_search(store_id: str, limit: int | None, metadata_filter: str | None) -> dict[str, Any]:
    """The tool in the SDK's spelling."""
    told: dict[str, Any] = {"file_search_store_names": [store_id]}
    if limit is not None:
        told["top_k"] = limit
    if metadata_filter is not None:
        told["metadata_filter"] = metadata_filter
    return {"file_search": told}


def wire_filter(where: Filter) -> str:
    """A filter in the spelling of AIP-160 (`category = "ai" AND year > 2020`)."""
    if isinstance(where, Comparison):
        return f"{where.attribute} {_OPERATORS[where.operator]} {json.dumps(where.value, ensure_ascii=False)}"
    word = " AND " if isinstance(where, AllOf) else " OR "
    return "(" + word.join(wire_filter(one) for one in where.filters) + ")"


def _document_config(attributes: Mapping[str, Attribute], chunking: Chunking | None) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if attributes:
        config["custom_metadata"] = [_metadata(key, value) for key, value in attributes.items()]
    if chunking is not None:
        sizes = {"max_tokens_per_chunk": chunking.max_tokens, "max_overlap_tokens": chunking.overlap_tokens}
        config["chunking_config"] = {"white_space_config": sizes}
    return config


def _metadata(key: str, value: Attribute) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"key": key, "string_value": json.dumps(value)}
    return {"key": key, "string_value" if isinstance(value, str) else "numeric_value": value}


def store(answer: Mapping[str, Any]) -> VectorStore:
    """The store of the wire as the gateway's value (recordings: gemini fileSearchStores)."""
    sent_name = answer.get("displayName", "")
    counts = DocumentCounts(
        in_progress=int(answer.get("pendingDocumentsCount", 0)),
        completed=int(answer.get("activeDocumentsCount", 0)),
        failed=int(answer.get("failedDocumentsCount", 0)),
    )
    return VectorStore(
        provider=Provider.GEMINI,
        id=answer["name"],
        name=unmark(sent_name)[1],
        marked=sent_name,
        status="in_progress" if counts.in_progress else "completed",
        counts=counts,
        size_bytes=int(answer.get("sizeBytes", 0)),
        created_at=datetime.fromisoformat(answer["createTime"]),
        raw=answer,
    )


def document(answer: Mapping[str, Any]) -> StoredDocument:
    """The document of the wire as the gateway's value (recordings: gemini fileSearchStores documents)."""
    name = answer["name"]
    return StoredDocument(
        provider=Provider.GEMINI,
        store_id=name.partition("/documents/")[0],
        id=name,
        name=unmark(answer.get("displayName", ""))[1],
        status=_STATES[answer["state"]],
        size_bytes=int(answer.get("sizeBytes", 0)),
        attributes={entry["key"]: _value(entry) for entry in answer.get("customMetadata", ())},
        created_at=datetime.fromisoformat(answer["createTime"]),
        raw=answer,
    )


def _value(entry: Mapping[str, Any]) -> Attribute:
    value: Attribute = entry.get("stringValue", entry.get("numericValue", ""))
    return value


def citations(answer: ChatAnswer) -> tuple[Hit, ...]:
    """The passages that the answer says it was built on, in the provider's order (recordings: gemini generateContent)."""
    found = []
    for candidate in answer.raw.get("candidates", ())[:1]:
        chunks: Sequence[Mapping[str, Any]] = candidate.get("groundingMetadata", {}).get("groundingChunks", ())
        for chunk in chunks:
            context = chunk.get("retrievedContext", {})
            found.append(
                Hit(
                    document_id=context.get("documentName"),
                    name=unmark(context.get("title", ""))[1],
                    score=None,
                    text=context.get("text", ""),
                    attributes={entry["key"]: _value(entry) for entry in context.get("customMetadata", ())},
                )
            )
    return tuple(found)
