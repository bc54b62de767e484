"""Sabotages of stores of documents, of searches in them, and of vectors."""

import math
from collections.abc import Sequence
from typing import Any

from support.audit.sabotages.places import gateway, module
from support.audit.sabotaging import Fired, Patch, Sabotage
from support.errors import NotFound, ServerError
from support.gateway.call import Operation
from support.gateway.capabilities import Capability, ProviderGateway
from support.gateway.retry import Repeat
from support.values import Chunking, Filter, GroundedAnswer, Hit, Provider, StoredDocument, Usage
from support.world.known import Known

OPENAI, GEMINI, BOTH = (Provider.OPENAI,), (Provider.GEMINI,), (Provider.OPENAI, Provider.GEMINI)


def _stores(provider: Provider) -> Any:
    return module(provider, "vector_stores" if provider is Provider.OPENAI else "file_search")


def _keeper(provider: Provider) -> Any:
    return getattr(_stores(provider), "OpenAIStores" if provider is Provider.OPENAI else "GeminiStores")


def _embedder(provider: Provider) -> Any:
    name = "OpenAIEmbedder" if provider is Provider.OPENAI else "GeminiEmbedder"
    return getattr(module(provider, "embeddings"), name)


# Documents ------------------------------------------------------------------------------------------------------------


def _ready_too_early() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def is_settled(documents: Sequence[StoredDocument]) -> bool:
            if not original(documents):
                fired()
            return True

        return is_settled

    return [Patch(gateway("vector_stores"), "is_settled", make)]


def _chunking_not_sent() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def chunking_to_send(chunking: Chunking | None) -> None:
            if chunking is not None:
                fired()

        return chunking_to_send

    return [
        Patch(gateway("vector_stores"), "chunking_to_send", make),
        Patch(_stores(GEMINI[0]), "chunking_to_send", make),
    ]


def _attach_sends_string() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def send_attach(self: Any, store_id: str, file_id: str, *rest: Any) -> Any:
            fired()
            await self._stores._post(f"/vector_stores/{store_id}/files", body=file_id, cast_to=object)
            return _stores(Provider.OPENAI).answer_on_the_wire()

        return send_attach

    return [Patch(_keeper(Provider.OPENAI), "_send_attach", make)]


def _update_reuploads() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def update_attributes(self: Any, store_id: str, document_id: str, attributes: Any) -> Any:
            fired()
            await self.remove(store_id, document_id)
            return await self.attach(store_id, document_id, attributes=attributes)

        return update_attributes

    return [Patch(_keeper(Provider.OPENAI), "update_attributes", make)]


def _change_pretended() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def update_attributes(self: Any, store_id: str, document_id: str, attributes: Any) -> Any:
            fired()
            document = await self.document(store_id, document_id)
            return document.model_copy(update={"attributes": attributes})

        return update_attributes

    return [Patch(gateway("vector_stores").StoreKeeper, "update_attributes", make)]


def _force_by_default() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def forcing(force: bool) -> bool:
            if not force:
                fired()
            return True

        return forcing

    return [Patch(gateway("vector_stores"), "forcing", make)]


def _list_first_page_only() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def following(page: Any) -> None:
            if original(page) is not None:
                fired()

        return following

    return [Patch(gateway("vector_stores"), "following", make)]


def _corpora_sent_with_key() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        class Corpora:
            def __init__(self, owner: Any) -> None:
                self.owner = owner

            async def list(self) -> object:
                fired()
                errors = module(Provider.GEMINI, "errors")
                return await self.owner.choke.call(
                    Operation(Provider.GEMINI, "corpora.list", Repeat.ALWAYS),
                    lambda: self.owner.client._api_client.async_request("get", "corpora", {}, None),
                    errors.translate,
                )

        def offered(self: Any, capability: Capability) -> Any:
            return Corpora(self) if capability is Capability.CORPORA else original(self, capability)

        return offered

    return [Patch(ProviderGateway, "_offered", make)]


# Searches -------------------------------------------------------------------------------------------------------------


def _nameless(hit: Hit) -> Hit:
    return hit.model_copy(update={"name": "", "document_id": None})


def _search_drops_filename() -> list[Patch]:
    def one(original: Any, fired: Fired) -> Any:
        def hit(answer: Any) -> Hit:
            fired()
            return _nameless(original(answer))

        return hit

    def several(original: Any, fired: Fired) -> Any:
        def citations(answer: Any) -> tuple[Hit, ...]:
            found = original(answer)
            if found:
                fired()
            return tuple(_nameless(hit) for hit in found)

        return citations

    return [Patch(_stores(Provider.OPENAI), "hit", one), Patch(_stores(Provider.GEMINI), "citations", several)]


def _filter_not_sent() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def filter_to_send(where: Filter | None) -> None:
            if where is not None:
                fired()

        return filter_to_send

    return [Patch(_stores(provider), "filter_to_send", make) for provider in BOTH]


def _error_as_empty() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def search(self: Any, *args: Any, **options: Any) -> tuple[Hit, ...]:
            try:
                found: tuple[Hit, ...] = await original(self, *args, **options)
            except ServerError:
                fired()
                return ()
            return found

        return search

    return [Patch(_keeper(provider), "search", make) for provider in BOTH]


def _empty_as_error() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def search(self: Any, *args: Any, **options: Any) -> tuple[Hit, ...]:
            found: tuple[Hit, ...] = await original(self, *args, **options)
            if not found:
                fired()
                raise NotFound("nothing was found", provider=self.provider)
            return found

        return search

    return [Patch(_keeper(provider), "search", make) for provider in BOTH]


def _grounded_without_hits() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def grounded(self: GroundedAnswer) -> bool:
            if not original.fget(self):
                fired()
            return True

        return property(grounded)

    return [Patch(GroundedAnswer, "grounded", make)]


# Vectors --------------------------------------------------------------------------------------------------------------


def _batch_first_only() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def embed(self: Any, texts: Sequence[str], **options: Any) -> Any:
            made = await original(self, texts, **options)
            if len(made.vectors) > 1:
                fired()
            return made.model_copy(update={"vectors": made.vectors[:1]})

        return embed

    return [Patch(_embedder(provider), "embed", make) for provider in BOTH]


def _usage_zero() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def usage_of(told: Any) -> Usage:
            fired()
            return Usage()

        return usage_of

    return [Patch(module(provider, "embeddings"), "usage_of", make) for provider in BOTH]


def _dot_not_cosine() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def cosine(one: Sequence[float], other: Sequence[float]) -> float:
            right = original(one, other)
            dot = math.fsum(a * b for a, b in zip(one, other, strict=True))
            if abs(dot - right) > 1e-6:
                fired()
            return dot

        return cosine

    return [Patch(gateway("embeddings"), "cosine", make)]


def _ascending() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def best_first(pairs: list[Any]) -> list[Any]:
            if len(pairs) > 1:
                fired()
            return list(reversed(original(pairs)))

        return best_first

    return [Patch(gateway("embeddings"), "best_first", make)]


def _topk_ignored() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def find_similar(vector: Any, items: Sequence[Any], *, top: int, least: float = -1.0) -> Any:
            if top < len(items):
                fired()
            return original(vector, items, top=len(items), least=least)

        return find_similar

    return [Patch(Known, "find_similar", make)]


KNOWLEDGE = (
    Sabotage("kb.ready_too_early", "A store counts as ready while a document is indexed.", BOTH, _ready_too_early),
    Sabotage("kb.chunking_not_sent", "How documents are to be cut is not sent.", BOTH, _chunking_not_sent),
    Sabotage(
        "vs.attach_sends_string", "A file's id is sent bare instead of under its name.", OPENAI, _attach_sends_string
    ),
    Sabotage(
        "kb.update_reuploads", "New attributes are given by taking the document out and in.", OPENAI, _update_reuploads
    ),
    Sabotage(
        "kb.change_pretended", "A change that the provider cannot make is said to be made.", GEMINI, _change_pretended
    ),
    Sabotage("kb.force_by_default", "Every deletion is forced.", GEMINI, _force_by_default),
    Sabotage("kb.list_first_page_only", "A walk through all documents ends after a page.", BOTH, _list_first_page_only),
    Sabotage("kb.corpora_sent_with_key", "The old corpora are asked for with a key.", GEMINI, _corpora_sent_with_key),
    Sabotage("kb.search_drops_filename", "Passages lose the name of their document.", BOTH, _search_drops_filename),
    Sabotage("kb.filter_not_sent", "Conditions on the documents are not sent.", BOTH, _filter_not_sent),
    Sabotage("kb.error_as_empty", "A search that failed counts as one without a result.", BOTH, _error_as_empty),
    Sabotage("kb.empty_as_error", "A search without a result counts as failed.", BOTH, _empty_as_error),
    Sabotage(
        "kb.grounded_true_without_hits", "An answer without documents counts as grounded.", BOTH, _grounded_without_hits
    ),
    Sabotage("embed.batch_first_only", "Of several vectors only the first comes back.", BOTH, _batch_first_only),
    Sabotage("embed.usage_zero", "The tokens of embeddings are told as none.", BOTH, _usage_zero),
    Sabotage("similarity.dot_not_cosine", "How long vectors are counts as nearness.", BOTH, _dot_not_cosine),
    Sabotage("similarity.ascending", "The least similar come first.", BOTH, _ascending),
    Sabotage("similarity.topk_ignored", "All come, however few were asked for.", BOTH, _topk_ignored),
)
