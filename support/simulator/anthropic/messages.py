"""Anthropic's messages: one answer, an answer in events, and the count of a request's tokens (provider-facts 9.2)."""

from __future__ import annotations

from support.simulator import language_model, tokenizer
from support.simulator.anthropic import answers, stream, tools
from support.simulator.anthropic.answers import Outcome
from support.simulator.anthropic.catalogue import Model
from support.simulator.anthropic.conversation import Conversation
from support.simulator.anthropic.errors import invalid
from support.simulator.anthropic.headers import in_a_version, is_current
from support.simulator.anthropic.parameters import Parameters, of_count, of_question
from support.simulator.anthropic.state import AnthropicState
from support.simulator.anthropic.tools import ToolBox
from support.simulator.language_model import Reply
from support.simulator.wire import Answer, Call, Json, Route


def create(state: AnthropicState, call: Call) -> Answer:
    body: dict[str, Json] = call.body
    parameters = of_question(body, is_current(call))
    conversation, box, tokens = _read(state, call, parameters.model)
    thought = tokenizer.cut(answers.THOUGHT, parameters.max_tokens) if parameters.shows_thinking else ""
    spent = tokenizer.count(thought)
    reply = _reply(conversation, box, parameters, parameters.max_tokens - spent)
    extras: dict[str, Json] = {"context_management": {"applied_edits": []}} if _manages_context(call) else {}
    outcome = Outcome(parameters, box, conversation.attached, reply, tokens, thought, spent, extras)
    if parameters.stream:
        headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        return Answer(events=stream.events(outcome), headers=headers)
    return Answer(body=answers.message(outcome))


def count_tokens(state: AnthropicState, call: Call) -> Answer:
    return Answer(body={"input_tokens": _read(state, call, of_count(call.body))[2]})


def _read(state: AnthropicState, call: Call, model: Model) -> tuple[Conversation, ToolBox, int]:
    """The conversation, the tools, and the input tokens of both: the same for counting as for answering."""
    conversation = Conversation(state.files, call.now, is_current(call))
    conversation.read(call.body, model.generation.prefill)
    box = tools.read(call.body)
    tokens = conversation.tokens + box.tokens
    if tokens > model.generation.window:
        raise invalid(f"prompt is too long: {tokens} tokens > {model.generation.window} maximum")
    return conversation, box, tokens


def _reply(conversation: Conversation, box: ToolBox, parameters: Parameters, room: int) -> Reply:
    """What the model says in `room` tokens; a call that does not fit is not made.

    There is no room where nothing but a warm cache was asked for (provider-facts 3.3), or where the thought took it all.
    """
    if room == 0:
        return Reply("", (), "length", 0)
    reply = language_model.reply(
        conversation.turns,
        system=conversation.system,
        documents=conversation.attached.documents,
        tools=box.tools,
        tool_choice=box.choice,
        schema=parameters.schema,
        stop=parameters.stop,
        max_tokens=room,
    )
    if reply.tool_calls and reply.output_tokens > room:
        return Reply(reply.text, (), "length", room)
    return reply


def _manages_context(call: Call) -> bool:
    """Whether the answer tells of edits of the context: where edits were asked for, or their beta was named (recordings)."""
    return "context_management" in call.body or "context-management" in call.headers.get("anthropic-beta", "")


ROUTES = [
    Route("POST", "/v1/messages", "chat.create", in_a_version(create), "json"),
    Route("POST", "/v1/messages/count_tokens", "tokens.count", in_a_version(count_tokens), "json"),
]
