"""Sabotages of the assistants that the gateway keeps itself, because Responses have no object for them."""

from dataclasses import dataclass
from typing import Any

from support.audit.sabotages.places import module
from support.audit.sabotaging import Fired, Patch, Sabotage
from support.values import Provider

OPENAI = (Provider.OPENAI,)
AN_INSTRUCTION = "You are a helpful assistant."


def _assistants() -> Any:
    return module(Provider.OPENAI, "responses.assistants")


def _kept() -> Any:
    return module(Provider.OPENAI, "responses.kept")


@dataclass
class _Made:
    """Assistants that were kept while the sabotage is on."""

    ids: dict[str, list[int]]
    newest: str = ""


def _noting(made: _Made) -> Any:
    """Keeps an assistant as always, and notes which store did."""

    def make(original: Any, fired: Fired) -> Any:
        def add_assistant(self: Any, assistant: Any) -> None:
            original(self, assistant)
            made.ids.setdefault(assistant.id, []).append(id(self))
            made.newest = assistant.id

        return add_assistant

    return make


def _invented_instructions() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def assistant(kept: Any) -> Any:
            told = original(kept)
            if told.instructions is not None:
                return told
            fired()
            return told.model_copy(update={"instructions": AN_INSTRUCTION})

        return assistant

    return [Patch(_assistants(), "assistant", make)]


def _kept_for_one_connection() -> list[Patch]:
    made = _Made({})

    def make(original: Any, fired: Fired) -> Any:
        def assistant(self: Any, assistant_id: str) -> Any:
            if assistant_id in made.ids and id(self) not in made.ids[assistant_id]:
                fired()
                return None
            return original(self, assistant_id)

        return assistant

    store = _kept().KeptStore
    return [Patch(store, "add_assistant", _noting(made)), Patch(store, "assistant", make)]


def _newest_for_any() -> list[Patch]:
    made = _Made({})

    def make(original: Any, fired: Fired) -> Any:
        def assistant(self: Any, assistant_id: str) -> Any:
            if assistant_id in made.ids and assistant_id != made.newest:
                fired()
                return original(self, made.newest)
            return original(self, assistant_id)

        return assistant

    store = _kept().KeptStore
    return [Patch(store, "add_assistant", _noting(made)), Patch(store, "assistant", make)]


def _the_other_way_round() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def assistants(self: Any, limit: int, after: str | None, order: str) -> Any:
            fired()
            return original(self, limit, after, "asc" if order == "desc" else "desc")

        return assistants

    return [Patch(_kept().KeptStore, "assistants", make)]


def _change_forgets_the_rest() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def changed_by(said: Any, described: Any) -> Any:
            right = original(said, described)
            wrong = original(_kept().Description(model=said.model), described)
            if wrong != right:
                fired()
            return wrong

        return changed_by

    return [Patch(_kept(), "changed_by", make)]


KEPT = (
    Sabotage(
        "assistants.kept_with_instructions",
        "An assistant is told to have instructions that nobody gave.",
        OPENAI,
        _invented_instructions,
    ),
    Sabotage(
        "assistants.kept_for_one_connection",
        "An assistant is known to the connection alone that made it.",
        OPENAI,
        _kept_for_one_connection,
    ),
    Sabotage("assistants.kept_newest_for_any", "Whoever is asked for, the newest is read.", OPENAI, _newest_for_any),
    Sabotage("assistants.kept_list_reversed", "Assistants come the other way round.", OPENAI, _the_other_way_round),
    Sabotage(
        "assistants.kept_update_resets", "A change forgets what it does not name.", OPENAI, _change_forgets_the_rest
    ),
)
