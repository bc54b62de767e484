"""The route that makes a conversation short: what the user said stays, the rest is packed (recordings: responses compact).

Unverified: refusals, and that a compacted conversation is not kept.
"""

from __future__ import annotations

from typing import Any

from support.simulator import latency, tokenizer
from support.simulator.language_model import Turn
from support.simulator.openai import cache_options, checks
from support.simulator.openai.checks import Rule
from support.simulator.openai.responses_api import answering, history, items, making, naming, request, sealing
from support.simulator.openai.responses_api.answering import Answered
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Route

_NAMES = (
    "image", "input", "instructions", "model", "previous_response_id", "prompt_cache_key", "prompt_cache_options",
    "prompt_cache_retention", "service_tier",
)  # fmt: skip
RULES: dict[str, Rule] = {name: request.RULES[name] for name in _NAMES}

INSTRUCTIONS_TOKENS = 100
"""What the model is told of its task, beside the conversation (recorded: about as much)."""


def compact(state: OpenAIState, call: Call) -> Answer:
    body: dict[str, Any] = call.body
    checks.check(body, RULES)
    moment = call.now.timestamp()
    state.fine_tuning.settle(state.files, moment)
    own = state.fine_tuning.models.get(body.get("model") or "")
    model = own.described() if own else request.model_of(body.get("model"))
    if not body.get("input") and body.get("previous_response_id") is None:
        raise making.nothing_given()
    past = history.read(state, body, moment)
    prompt = history.prompt(
        state, past, moment, instructions=body.get("instructions"), functions=(), schema=None, model=model
    )
    found = state.prompt_cache.use(prompt, model, cache_options.read(body, model), moment, call.durations)
    said = [turn for turn in prompt.turns if turn.text]
    kept = _since_the_last(past.all)
    output: list[items.Item] = [
        items.message(naming.in_chain("msg", past.chain, moment), "user", item["content"])
        for item in kept
        if item["type"] == "message" and item["role"] == "user"
    ]
    packed = naming.in_chain("cmp", past.chain, moment, compacted=True)
    output.append({"id": packed, "type": "compaction", "encrypted_content": sealing.conversation(said)})
    answered = Answered(read=INSTRUCTIONS_TOKENS, spent=max(1, _length(said)))
    usage = answering.usage(prompt, found.cached, found.written, answered)
    seconds = latency.seconds(
        call.durations,
        uncached=usage["input_tokens"] - found.cached,
        cached=found.cached,
        output=answered.spent,
    )
    made = {
        "id": naming.in_chain("resp", past.chain, moment, compacted=True),
        "object": "response.compaction",
        "created_at": int(moment),
        "output": output,
        "usage": usage,
    }
    return Answer(200, made, seconds=seconds)


def _since_the_last(context: list[items.Item]) -> list[items.Item]:
    """What came after it was made short before (recordings: what was packed then is not shown again)."""
    last = max((number for number, item in enumerate(context) if item["type"] == "compaction"), default=-1)
    return context[last + 1 :]


def _length(said: list[Turn]) -> int:
    return sum(tokenizer.count(turn.text) for turn in said)


ROUTES = (Route("POST", "/v1/responses/compact", "responses.compact", compact, "json"),)
