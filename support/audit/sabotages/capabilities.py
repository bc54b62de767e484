"""Sabotages of what providers can do: what is told of it, too much or too little, and what of a question stays behind."""

from dataclasses import replace
from typing import Any

from support.audit.sabotages.places import chat_model, gateway
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.errors import Unsupported
from support.values import Provider

WITH_EMBEDDINGS = (Provider.OPENAI, Provider.GEMINI)


def _claims_unsupported() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def why_not(provider: Provider, name: str, model: Any) -> None:
            if original(provider, name, model) is not None:
                fired()

        return why_not

    return [Patch(gateway("several.judging"), "why_not", make)]


def _denies_supported() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def offered(provider: Provider) -> frozenset[Any]:
            if original(provider):
                fired()
            return frozenset()

        return offered

    return [Patch(gateway("several.judging"), "offered", make)]


class _Asks:
    """Stands for a capability that is not there, and asks the provider all the same before it says so."""

    def __init__(self, owner: Any, refusal: Unsupported, fired: Fired) -> None:
        self._owner = owner
        self._refusal = refusal
        self._fired = fired

    def __getattr__(self, name: str) -> Any:
        async def asked(*arguments: Any, **named: Any) -> Any:
            self._fired()
            async for _ in self._owner.models.list():
                break
            raise self._refusal

        return asked


def _unsupported_sends_request() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def offered(self: Any, capability: Any) -> Any:
            try:
                return original(self, capability)
            except Unsupported as refusal:
                if capability == "corpora":  # which is looked at, and not called
                    raise
                return _Asks(self, refusal, fired)

        return offered

    return [Patch(gateway("capabilities.provider").ProviderGateway, "_offered", make)]


def _model_ignored() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def why_model_not(capability: Any, model: Any) -> None:
            if original(capability, model) is not None:
                fired()

        return why_model_not

    return [Patch(gateway("model_limits"), "why_model_not", make)]


def _pictures_not_sent() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def request(self: Any, question: Any) -> Any:
            if not any(message.pictures for message in question.messages):
                return original(self, question)
            fired()
            blind = tuple(message.model_copy(update={"pictures": ()}) for message in question.messages)
            return original(self, replace(question, messages=blind))

        return request

    return [Patch(chat_model(provider), "request", make) for provider in ALL]


def _form_not_sent() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def request(self: Any, question: Any) -> Any:
            if question.schema is None:
                return original(self, question)
            fired()
            return original(self, replace(question, schema=None))

        return request

    return [Patch(chat_model(provider), "request", make) for provider in ALL]


CAPABILITIES = (
    Sabotage("caps.claims_unsupported", "Everything is said to be possible.", ALL, _claims_unsupported),
    Sabotage("caps.denies_supported", "What a provider offers is said to be impossible.", ALL, _denies_supported),
    Sabotage(
        "caps.unsupported_sends_request",
        "The provider is asked before it is said that it has no such thing.",
        ALL,
        _unsupported_sends_request,
    ),
    Sabotage("chat.pictures_not_sent", "Pictures stay behind.", ALL, _pictures_not_sent),
    Sabotage("chat.form_not_sent", "In which form to answer is not sent.", ALL, _form_not_sent),
    Sabotage("caps.model_ignored", "A model can whatever its provider can.", WITH_EMBEDDINGS, _model_ignored),
)
