"""Anthropic's messages: one answer, an answer in events, and the count of a request's tokens (provider-facts 9.2)."""

from __future__ import annotations

from typing import NamedTuple

from support.simulator import ids, language_model, latency, tokenizer
from support.simulator.anthropic import answers, cache_control, cache_diagnostics, prefixes, stream, tools
from support.simulator.anthropic.answers import Outcome
from support.simulator.anthropic.cache_control import Piece
from support.simulator.anthropic.catalogue import Model
from support.simulator.anthropic.conversation import Conversation
from support.simulator.anthropic.errors import invalid
from support.simulator.anthropic.headers import in_a_version, is_current
from support.simulator.anthropic.parameters import Parameters, of_count, of_question
from support.simulator.anthropic.prompt_cache import NOTHING, Found
from support.simulator.anthropic.state import AnthropicState
from support.simulator.anthropic.tools import ToolBox
from support.simulator.language_model import Reply
from support.simulator.wire import Answer, Call, Json, Route


class Prompt(NamedTuple):
    """What the model is to read; `marks` are the places of the pieces that are to be cached, with their lives."""

    conversation: Conversation
    box: ToolBox
    pieces: list[Piece]
    marks: dict[int, int]
    tokens: int


def create(state: AnthropicState, call: Call) -> Answer:
    body: dict[str, Json] = call.body
    parameters = of_question(body, is_current(call))
    prompt = _read(state, call, parameters.model)
    conversation, box, pieces, _, tokens = prompt
    _check_prewarming(parameters, box)
    message_id = f"msg_011C{ids.token(20)}"
    diagnosis = cache_diagnostics.diagnosis(state.fingerprints, call, pieces, message_id, parameters.model.id)
    cached = _cached(state, call, prompt, parameters)
    thought = tokenizer.cut(answers.THOUGHT, parameters.max_tokens) if parameters.shows_thinking else ""
    spent = tokenizer.count(thought)
    reply = _reply(conversation, box, parameters, parameters.max_tokens - spent)
    extras: dict[str, Json] = {"context_management": {"applied_edits": []}} if _manages_context(call) else {}
    outcome = Outcome(
        message_id,
        parameters,
        box,
        conversation.attached,
        reply,
        tokens,
        cached,
        thought,
        spent,
        extras,
        diagnosis,
    )
    seconds = latency.seconds(
        call.durations,
        uncached=tokens - cached.read,
        cached=cached.read,
        output=answers.output_tokens(outcome),
    )
    if parameters.stream:
        headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        return Answer(events=stream.events(outcome), headers=headers, seconds=seconds)
    return Answer(body=answers.message(outcome), seconds=seconds)


def count_tokens(state: AnthropicState, call: Call) -> Answer:
    return Answer(body={"input_tokens": _read(state, call, of_count(call.body)).tokens})


def _read(state: AnthropicState, call: Call, model: Model) -> Prompt:
    """The prompt and its input tokens: the same for counting as for answering."""
    conversation = Conversation(state.files, call.now, is_current(call))
    conversation.read(call.body, model.generation.prefill)
    box = tools.read(call.body)
    pieces = [*box.pieces, *conversation.pieces]
    marks = cache_control.breakpoints(pieces, call.body)
    tokens = conversation.tokens + box.tokens
    if tokens > model.generation.window:
        raise invalid(f"prompt is too long: {tokens} tokens > {model.generation.window} maximum")
    return Prompt(conversation, box, pieces, marks, tokens)


def _check_prewarming(parameters: Parameters, box: ToolBox) -> None:
    """A question that only fills the cache can ask for nothing that is output (the words are unverified)."""
    if parameters.max_tokens > 0:
        return
    if parameters.stream:
        raise invalid("stream: `max_tokens` must be greater than 0 when streaming")
    if parameters.schema is not None:
        raise invalid("output_config.format: `max_tokens` must be greater than 0 for structured outputs")
    if box.choice not in ("auto", "none"):
        raise invalid("tool_choice: `max_tokens` must be greater than 0 when a tool has to be used")


def _cached(state: AnthropicState, call: Call, prompt: Prompt, parameters: Parameters) -> Found:
    """What of the prompt is read from the cache and written to it; nothing is hashed where nothing can be cached."""
    least = parameters.model.generation.cached_from
    if not prompt.marks or prompt.tokens < least:
        return NOTHING
    opened = prefixes.openings(call.body, parameters, prompt.box, prompt.conversation.attached)
    marked = prompt.pieces[: max(prompt.marks) + 1]
    boundaries = prefixes.boundaries(marked, opened, state.files, call.now)
    marks = {place: life for place, life in prompt.marks.items() if boundaries[place].tokens >= least}
    return state.prompts.use(boundaries, marks, call.now.timestamp())


def _reply(conversation: Conversation, box: ToolBox, parameters: Parameters, room: int) -> Reply:
    """What the model says in `room` tokens; a call that does not fit is not made.

    There is no room where nothing but a warm cache was asked for (provider-facts 3.3), or where the thought took it all.
    """
    if room == 0:
        return Reply("", (), "length", 0)
    reply = language_model.reply(
        conversation.turns,
        system=conversation.system,
        documents=[*conversation.attached.documents, *conversation.attached.pictures],
        tools=box.tools,
        tool_choice=box.choice,
        schema=parameters.schema,
        stop=parameters.stop,
        max_tokens=room,
        parallel=not box.only_one,
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
