"""Reading a request for a run: what it takes from its assistant, what it sets otherwise, its limits (recordings: runs create).

The least number of prompt tokens was enforced, that of completion tokens was not (provider-facts 4.2). Unverified: how additional
instructions are joined to the others.
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai import checks
from support.simulator.openai.assistants_v2 import access, requests, resources
from support.simulator.openai.assistants_v2.kept import Pace, Resources, Run, new_id
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Call

FEWEST_PROMPT_TOKENS = 256
_COMMON = {
    **requests.SETTINGS_RULES,
    "assistant_id": Rule("string"),
    "max_prompt_tokens": Rule("integer", FEWEST_PROMPT_TOKENS),
    "max_completion_tokens": Rule("integer", 1),
    "truncation_strategy": Rule("object"),
    "tool_choice": Rule("any"),
    "parallel_tool_calls": Rule("boolean"),
    "stream": Rule("boolean"),
}
RULES = {**_COMMON, "additional_instructions": Rule("string"), "additional_messages": Rule("array")}
RULES_WITH_THREAD = {**_COMMON, "thread": Rule("object"), "tool_resources": Rule("any")}
_TRUNCATION_RULES = {"type": Rule("string"), "last_messages": Rule("integer", 1)}


def read(state: OpenAIState, call: Call, body: dict[str, Any], thread_id: str) -> Run:
    """The run, in no thread yet."""
    if body.get("assistant_id") is None:
        raise checks.missing("assistant_id")
    assistant = access.assistant(state, body["assistant_id"])
    named = {key: value for key, value in body.items() if value is not None}
    settings = requests.settings(state, named, assistant.settings)
    more = named.get("additional_instructions")
    if more:
        settings.instructions = f"{settings.instructions}\n{more}" if settings.instructions else more
        requests.within(settings.instructions, "additional_instructions", requests.LONGEST_INSTRUCTIONS)
    now = call.now.timestamp()
    pace = Pace.of(call.durations)
    return Run(
        id=new_id("run"),
        thread_id=thread_id,
        assistant_id=assistant.id,
        created_at=now,
        settings=settings,
        pace=pace,
        next_at=now + pace.queued,
        tool_choice=requests.tool_choice(named.get("tool_choice"), settings.tools),
        parallel_tool_calls=named.get("parallel_tool_calls", True),
        max_prompt_tokens=named.get("max_prompt_tokens"),
        max_completion_tokens=named.get("max_completion_tokens"),
        last_messages=_last_messages(named.get("truncation_strategy")),
        metadata=requests.metadata(named.get("metadata")),
        outcome=call.outcome,
    )


def _last_messages(given: dict[str, Any] | None) -> int | None:
    """How many messages are read at most; None for as many as there is room for."""
    if given is None:
        return None
    checks.check(given, _TRUNCATION_RULES, "truncation_strategy.")
    kind, number = given.get("type"), given.get("last_messages")
    if kind is None:
        raise checks.missing("truncation_strategy.type")
    if kind not in ("auto", "last_messages"):
        raise checks.invalid_value(kind, ("auto", "last_messages"), "truncation_strategy.type")
    if kind == "last_messages" and number is None:
        raise checks.missing("truncation_strategy.last_messages")
    if kind == "auto" and number is not None:
        message = "'truncation_strategy.last_messages' is only allowed when the type is 'last_messages'."
        raise refusal(400, message, param="truncation_strategy.last_messages")
    return number


def resources_of_run(state: OpenAIState, call: Call, given: Any, before: Resources) -> Resources:
    """What a run that comes with its thread brings for the tools."""
    return resources.read(state, call, given, "tool_resources", before, of_thread=True)


def tool_outputs(given: Any) -> list[tuple[str, str]]:
    """Outputs by the call they are for, as they were sent."""
    if given is None:
        raise checks.missing("tool_outputs")
    found: list[tuple[str, str]] = []
    for number, output in enumerate(given):
        where = f"tool_outputs[{number}]"
        checks.expect(output, "object", where)
        checks.check(output, {"tool_call_id": Rule("string"), "output": Rule("string")}, f"{where}.")
        if output.get("tool_call_id") is None:
            raise checks.missing(f"{where}.tool_call_id")
        found.append((output["tool_call_id"], output.get("output") or ""))
    return found
