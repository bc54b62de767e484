"""Making a response: what was asked is answered at once, and kept with the times at which it shows (provider-facts 4.5).

A background response is queued, then under way, by the tenant's clock. Unverified, for want of a recording: how long either takes,
and the words of a failure, which is always a scripted one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from support.simulator import latency
from support.simulator.openai.errors import refusal
from support.simulator.openai.prompt import Prompt
from support.simulator.openai.responses_api import answering, history, items, naming, request, server_tools, shown
from support.simulator.openai.responses_api.answering import Answering
from support.simulator.openai.responses_api.history import History
from support.simulator.openai.responses_api.request import ResponseRequest
from support.simulator.openai.responses_api.stored import StoredResponse
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Call, Refusal

# Seconds, by the name under which a tenant can set its own. How long a response runs follows from its tokens, unless
# "responses.run" says otherwise.
DURATIONS = {"responses.queue": 1.0}

_FAILURES = {
    "rate_limit_exceeded": "Rate limit reached for requests. Please try again later.",
    "invalid_prompt": "The prompt was refused.",
}
_USUAL_FAILURE = "The model failed to generate a response."


@dataclass(slots=True)
class Made:
    """A response, and how long the caller of it waits."""

    response: StoredResponse
    seconds: float
    pictures: bool
    streamed: bool
    obfuscated: bool


def make(state: OpenAIState, call: Call) -> Made:
    """Raises a Refusal for the first thing that is wrong; then nothing has been made."""
    body: dict[str, Any] = call.body
    moment = call.now.timestamp()
    state.fine_tuning.settle(state.files, moment)
    asked = request.read(body, state.fine_tuning.models)
    past, prompt = _prompt(state, asked, moment)
    found = state.prompt_cache.use(prompt, asked.model, asked.caching, moment, call.durations)
    learned = asked.style.answer if asked.style else None
    answered = Answering(state, asked, past, prompt, moment, call.durations, learned).answer()
    usage = answering.usage(prompt, found.cached, found.written, answered)
    taken = answered.seconds + latency.seconds(
        call.durations,
        uncached=usage["input_tokens"] - found.cached,
        cached=found.cached,
        output=usage["output_tokens"],
    )
    background = bool(asked.get("background"))
    queued = call.durations.get("responses.queue", DURATIONS["responses.queue"]) if background else 0.0
    taken = call.durations.get("responses.run", taken)
    tier = asked.get("service_tier")
    made = StoredResponse(
        id=naming.in_chain("resp", past.chain, moment),
        chain=past.chain,
        created_at=moment,
        begins_at=moment + queued,
        ends_at=moment + queued + taken,
        outcome="incomplete" if answered.incomplete_reason else "completed",
        background=background,
        stored=asked.get("store", True),
        settings=shown.settings(asked),
        include=asked.include,
        context=past.all,
        own=len(past.own),
        output=answered.output,
        usage=usage,
        service_tier=shown.TIERS.get(tier, "default") if tier else "default",
        incomplete_reason=answered.incomplete_reason,
        conversation_id=past.conversation.id if past.conversation else None,
    )
    if call.outcome is not None:
        made.outcome, made.output, made.usage = "failed", [], None
        made.error = {"code": call.outcome, "message": _FAILURES.get(call.outcome, _USUAL_FAILURE)}
    _keep(state, made, past)
    streamed = bool(asked.get("stream"))
    waits = queued + taken if streamed or not background else 0.0
    options = asked.get("stream_options", {})
    return Made(made, waits, bool(prompt.image_tokens), streamed, options.get("include_obfuscation") is not False)


def _prompt(state: OpenAIState, asked: ResponseRequest, moment: float) -> tuple[History, Prompt]:
    """What the model reads, once all that the request refers to is there."""
    body = asked.body
    if all(body.get(name) is None for name in ("input", "previous_response_id", "conversation")):
        raise nothing_given()
    past = history.read(state, body, moment)
    sent = body["input"] if isinstance(body.get("input"), list) else []
    items.check_order(past.all, sent)
    if past.conversation is not None:
        history.refuse_locked(past.conversation, moment)
    if asked.offered.file_search is not None:
        server_tools.stores(state, asked.offered.file_search, moment)
    if asked.offered.code_interpreter is not None:
        server_tools.check_container(state, asked.offered.code_interpreter, moment)
    prompt = history.prompt(
        state,
        past,
        moment,
        instructions=body.get("instructions"),
        functions=asked.offered.functions,
        schema=asked.schema,
        model=asked.model,
        shorten=body.get("truncation") == "auto",
    )
    if asked.format["type"] == "json_object" and not _mentions_json(prompt):
        message = "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'."
        raise refusal(400, message, param="input")
    return past, prompt


def _keep(state: OpenAIState, made: StoredResponse, past: History) -> None:
    if made.stored or made.background:
        state.responses.add(made)
    conversation = past.conversation
    if conversation is None:
        return
    if made.background:
        conversation.locked_until = made.ends_at
    if made.outcome != "failed":
        conversation.add([*past.own, *made.output], made.ends_at if made.background else made.created_at)


def nothing_given() -> Refusal:
    """There is nothing to answer."""
    message = "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided."
    return refusal(400, message, code="missing_required_parameter")


def _mentions_json(prompt: Prompt) -> bool:
    texts = [*prompt.system, *(turn.text for turn in prompt.turns)]
    return any("json" in text.lower() for text in texts)
