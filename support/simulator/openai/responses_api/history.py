"""What a request goes on with: an earlier response, a conversation, and what it brings of its own; all of it as a prompt.

Words for an unknown response or conversation: provider-facts 4.5; for a locked conversation and one that is too long: as quoted
from live calls, recordings of 2026-08. Unverified: the words on an earlier response that has not ended, and on both at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from support.simulator.language_model import Tool
from support.simulator.openai import checks
from support.simulator.openai.errors import refusal
from support.simulator.openai.models import Model
from support.simulator.openai.prompt import Prompt
from support.simulator.openai.responses_api import items, naming
from support.simulator.openai.responses_api.conversations import Conversation
from support.simulator.openai.responses_api.items import Item
from support.simulator.openai.responses_api.prompting import Prompter
from support.simulator.openai.state import OpenAIState


@dataclass(slots=True)
class History:
    """A conversation up to where the model is to go on."""

    chain: str
    earlier: list[Item]
    own: list[Item]
    conversation: Conversation | None

    @property
    def all(self) -> list[Item]:
        return [*self.earlier, *self.own]


def read(state: OpenAIState, body: Mapping[str, Any], now: float) -> History:
    """Raises a Refusal for what is not there, and for the first item that is wrong."""
    previous, given = body.get("previous_response_id"), body.get("conversation")
    if previous is not None and given is not None:
        message = "Mutually exclusive parameters. Ensure you are only providing one of: 'previous_response_id' or 'conversation'."
        raise refusal(400, message, param="previous_response_id", code="mutually_exclusive_parameters")
    conversation = None if given is None else conversation_of(state, _conversation_id(given))
    if conversation is not None:
        chain, earlier = conversation.chain, list(conversation.items(now).values())
    elif previous is not None:
        chain, earlier = _continued(state, previous, now)
    else:
        chain, earlier = naming.new_chain(), []

    def find(item_id: str) -> Item | None:
        return state.responses.item(item_id, now) or state.conversations.item(item_id, now)

    own = items.read(body.get("input"), lambda prefix: naming.in_chain(prefix, chain, now), find)
    return History(chain, earlier, own, conversation)


def _conversation_id(given: Any) -> str:
    if isinstance(given, dict):
        if given.get("id") is None:
            raise checks.missing("conversation.id")
        given = given["id"]
    checks.expect(given, "string", "conversation")
    return str(given)


def conversation_of(state: OpenAIState, conversation_id: str) -> Conversation:
    conversation = state.conversations.conversations.get(conversation_id)
    if conversation is None:
        raise refusal(404, f"Conversation with id '{conversation_id}' not found.")
    return conversation


def refuse_locked(conversation: Conversation, now: float) -> None:
    """Raise where a response is under way in it."""
    if conversation.locked(now):
        message = "Another process is currently operating on this conversation. Please retry in a few seconds."
        raise refusal(400, message, param="conversation", code="conversation_locked")


def _continued(state: OpenAIState, response_id: str, now: float) -> tuple[str, list[Item]]:
    response = state.responses.get(response_id, now)
    if response is None or not response.stored:
        raise refusal(
            400,
            f"Previous response with id '{response_id}' not found.",
            param="previous_response_id",
            code="previous_response_not_found",
        )
    if not response.ended(now):
        message = f"Previous response with id '{response_id}' has not ended yet."
        raise refusal(400, message, param="previous_response_id", code="previous_response_in_progress")
    said = [] if response.status(now) == "cancelled" else response.output
    return response.chain, [*response.context, *said]


def prompt(
    state: OpenAIState,
    history: History,
    now: float,
    *,
    instructions: str | None,
    functions: Sequence[Tool],
    schema: dict[str, Any] | None,
    model: Model | None,
    shorten: bool = False,
) -> Prompt:
    """The counted prompt. Where it exceeds the model's window, the oldest items are left out if so asked, else it is refused."""

    def counted(without: int) -> Prompt:
        prompter = Prompter(state.files, model, int(now))
        prompter.instruct(instructions)
        prompter.add(history.earlier[without:])
        left = max(0, without - len(history.earlier))
        prompter.add(history.own[left:], "input")
        prompter.prompt.tools = list(functions)
        prompter.prompt.schema = schema
        prompter.prompt.count()
        return prompter.prompt

    whole = counted(0)
    if model is None or whole.total <= model.window:
        return whole
    most = len(history.all) - 1
    if shorten and most > 0 and (shortest := counted(most)).total <= model.window:
        low, best = 0, shortest
        while most - low > 1:
            middle = (low + most) // 2
            tried = counted(middle)
            if tried.total <= model.window:
                most, best = middle, tried
            else:
                low = middle
        return best
    message = "Your input exceeds the context window of this model. Please adjust your input and try again."
    raise refusal(400, message, param="input", code="context_length_exceeded")
