"""Documents that are searched by meaning, and texts as vectors."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from support.values import (
    Attribute,
    Chunking,
    Deletion,
    DocumentPage,
    DocumentStatus,
    Embeddings,
    FileBatch,
    Filter,
    GroundedAnswer,
    Hit,
    StoredDocument,
    StorePage,
    VectorStore,
)


class VectorStores(Protocol):
    """Stores of documents: vector stores on OpenAI, File Search stores on Gemini (provider-facts 5).

    What a provider does not have is Unsupported, and says what to do instead; then nothing is sent.
    """

    async def create(
        self,
        name: str,
        *,
        expires_after: timedelta | None = None,
        metadata: Mapping[str, str] | None = None,
        preflight: bool = True,
    ) -> VectorStore:
        """A new, empty store; `expires_after` counts whole days from its last use (OpenAI)."""
        ...

    async def get(self, store_id: str) -> VectorStore: ...

    async def list_page(self, *, limit: int | None = None, cursor: str | None = None) -> StorePage: ...

    def list(self, *, page_size: int | None = None) -> AsyncIterator[VectorStore]:
        """All stores of the account, page after page."""
        ...

    async def update(
        self,
        store_id: str,
        *,
        name: str | None = None,
        expires_after: timedelta | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> VectorStore:
        """Changes what is given (OpenAI)."""
        ...

    async def delete(self, store_id: str, *, force: bool = False) -> Deletion:
        """Deletes the store, never the files. Gemini refuses one with documents (Conflict) unless it is forced."""
        ...

    # Documents -------------------------------------------------------------------------------------------------------

    async def attach(
        self,
        store_id: str,
        file_id: str,
        *,
        attributes: Mapping[str, Attribute] | None = None,
        chunking: Chunking | None = None,
    ) -> StoredDocument:
        """Takes a stored file into the store; it can be found once it is completed."""
        ...

    async def add(
        self,
        store_id: str,
        path: Path,
        *,
        attributes: Mapping[str, Attribute] | None = None,
        chunking: Chunking | None = None,
    ) -> StoredDocument:
        """Sends a local file into the store: stored and attached on OpenAI, in one go on Gemini."""
        ...

    async def attach_together(self, store_id: str, file_ids: Sequence[str]) -> FileBatch:
        """Takes several stored files in as one batch (OpenAI)."""
        ...

    async def batch(self, store_id: str, batch_id: str) -> FileBatch: ...

    async def wait(self, store_id: str, *, timeout: timedelta = timedelta(minutes=10)) -> tuple[StoredDocument, ...]:
        """All documents, once none is in progress any more, those that failed included; WaitTimeout after `timeout`."""
        ...

    async def document(self, store_id: str, document_id: str) -> StoredDocument: ...

    async def documents_page(
        self,
        store_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        status: DocumentStatus | None = None,
    ) -> DocumentPage: ...

    def documents(
        self, store_id: str, *, page_size: int | None = None, status: DocumentStatus | None = None
    ) -> AsyncIterator[StoredDocument]:
        """All documents of the store, or those in one state (OpenAI), page after page."""
        ...

    async def update_attributes(
        self, store_id: str, document_id: str, attributes: Mapping[str, Attribute]
    ) -> StoredDocument:
        """Puts these attributes in the place of all there were; the document is not indexed again (OpenAI)."""
        ...

    async def remove(self, store_id: str, document_id: str, *, force: bool = False) -> Deletion:
        """Takes the document out of the store; on OpenAI the file itself stays. Gemini wants to be forced."""
        ...

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
        """The passages that fit best, the best first; none is an empty tuple and no error.

        `least_score` (0 to 1) exists on OpenAI only. Gemini has no search of its own: there a model is asked, and the
        passages are those that it cites.
        """
        ...

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
        """An answer from the store's documents, with the passages that it was built on."""
        ...


class Embedder(Protocol):
    """Texts as vectors (provider-facts 6)."""

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None = None) -> Embeddings:
        """One vector a text, in their order, of unit length.

        Raises InvalidRequest before anything is sent: an empty text, no text, or more than one request takes.
        """
        ...
