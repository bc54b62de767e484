"""Counting the input tokens of a Responses request (recordings: responses input tokens).

Counts what the same request for a response would be charged as input, if no tool is run in it.
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai import checks, models
from support.simulator.openai.checks import Rule
from support.simulator.openai.responses_api import history, request, tool_settings
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Route

RULES: dict[str, Rule] = {
    "conversation": Rule("any"),
    "input": Rule("any"),
    "instructions": Rule("string"),
    "model": Rule("string"),
    "parallel_tool_calls": Rule("boolean"),
    "personality": Rule("string"),
    "previous_response_id": Rule("string"),
    "reasoning": Rule("object"),
    "text": Rule("object"),
    "tool_choice": Rule("any"),
    "tools": Rule("array"),
    "truncation": Rule("string", values=("auto", "disabled")),
}


def count(state: OpenAIState, call: Call) -> Answer:
    body: dict[str, Any] = call.body
    checks.check(body, RULES)
    moment = call.now.timestamp()
    name = body.get("model")
    own = state.fine_tuning.models.get(name) if name else None
    if name is not None and own is None and models.find(name) is None:
        raise request.unknown_model(name)
    offered = tool_settings.read(body.get("tools"))
    tool_settings.choice(body.get("tool_choice"), offered)
    _, schema = request.text_format(body)
    prompt = history.prompt(
        state,
        history.read(state, body, moment),
        moment,
        instructions=body.get("instructions"),
        functions=offered.functions,
        schema=schema,
        model=None,
    )
    return Answer(200, {"object": "response.input_tokens", "input_tokens": prompt.total})


ROUTES = (Route("POST", "/v1/responses/input_tokens", "tokens.count", count, "json"),)
