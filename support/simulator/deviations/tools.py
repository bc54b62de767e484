"""Deviations of tools that runs, responses and chats use, and of what of a conversation the model gets to read.

Functions are called in chats of every provider as well; passages are searched in Gemini's. Gemini, as it is simulated, takes any
number of outputs: there is no part of them that it could wrongly accept. What the steps of a run tell while it is streamed is left
alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from support.simulator import language_model, python_evaluator
from support.simulator.deviations import operators as do
from support.simulator.deviations.deviation import ALL, Deviation
from support.simulator.deviations.inside import (
    LOOKS,
    RESPOND,
    as_responses_are_made,
    conversation_of,
    in_place_of,
    on_either,
)
from support.simulator.gemini import chat as gemini_chat
from support.simulator.gemini import grounding
from support.simulator.openai.assistants_v2 import access, prompting
from support.simulator.openai.assistants_v2 import answering as run_answering
from support.simulator.openai.responses_api import answering, history, server_tools
from support.simulator.openai.responses_api.stored import StoredResponse
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Handler, Json, Refusal

STEPS, STEP, SUBMIT, ASK = "run_steps.list", "run_steps.get", "runs.submit_tool_outputs", "chat.create"

OPENAI, SEARCHING = ("OpenAI",), ("OpenAI", "Gemini")
_NUMBER = re.compile(r"\d{1,18}")
_NOT_ANSWERED = re.compile(r"No tool output found for function call (.+)\.")


def tools() -> list[Deviation]:
    """Of programs, of the caller's functions, of searches, and of memory."""
    return [*_programs(), *_functions(), *_searches(), _forgetting()]


# Programs -----------------------------------------------------------------------------------------------------------


def _is_program(state: OpenAIState, step: Json) -> bool:
    """Whether a step, as it is shown, runs a program: it may not show that yet."""
    run = state.assistants.threads[step["thread_id"]].runs[step["run_id"]]
    return any(call["type"] == "code_interpreter" for call in run.steps[step["id"]].calls)


def _unrecorded(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    answer = handler(state, call)
    if call.operation == STEP:
        if _is_program(state, answer.body):
            memory.fired += 1
            raise access.no_such("run step", call.params["step_id"])
        return answer
    kept = [step for step in answer.body["data"] if not _is_program(state, step)]
    if len(kept) == len(answer.body["data"]):
        return answer
    memory.fired += 1
    ends = {"first_id": kept[0]["id"], "last_id": kept[-1]["id"]} if kept else {"first_id": None, "last_id": None}
    return replace(answer, body={**answer.body, "data": kept, **ends})


def _programs_of(one: StoredResponse) -> list[Json]:
    return [item for item in one.output if item["type"] == "code_interpreter_call"]


def _response_unrecorded(state: OpenAIState, one: StoredResponse) -> bool:
    gone = _programs_of(one)
    conversation = conversation_of(state, one)
    one.output = [item for item in one.output if item not in gone]
    for item in gone:
        state.responses.items.pop(item["id"], None)
        if conversation is not None:
            conversation.entries.pop(item["id"], None)
    return bool(gone)


def _printed_nothing(provider: str, body: Json, call: Call) -> None:
    del provider, call
    for step in do.objects_of(body):
        for made in step["step_details"].get("tool_calls", ()):
            if made["type"] == "code_interpreter":
                made["code_interpreter"]["outputs"] = []


def _response_printed_nothing(state: OpenAIState, one: StoredResponse) -> bool:
    del state
    changed = [item for item in _programs_of(one) if item["outputs"]]
    for item in changed:
        item["outputs"] = []
    return bool(changed)


def _off_by_one(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    def run(*given: Any, **named: Any) -> Any:
        ran = honest(*given, **named)
        last = next(reversed(list(_NUMBER.finditer(ran.stdout))), None)
        if last is None:
            return ran
        memory.fired += 1
        wrong = str(int(last[0]) + 1)
        return replace(ran, stdout=f"{ran.stdout[: last.start()]}{wrong}{ran.stdout[last.end() :]}")

    return run


def _programs() -> list[Deviation]:
    return [
        Deviation(
            "tools.code.no_step",
            "What a program gave is told, but the program is nowhere to be seen.",
            (STEPS, STEP, RESPOND),
            on_either(_unrecorded, as_responses_are_made(_response_unrecorded)),
            OPENAI,
        ),
        Deviation(
            "tools.code.output_empty",
            "A program is shown without what it printed.",
            (STEPS, STEP, RESPOND),
            on_either(do.change_answer(_printed_nothing), as_responses_are_made(_response_printed_nothing)),
            OPENAI,
        ),
        Deviation(
            "tools.code.wrong_result",
            "The last number that a program prints is one too large.",
            (*LOOKS, RESPOND),
            in_place_of(python_evaluator, "run", _off_by_one),
            OPENAI,
        ),
    ]


# Functions ----------------------------------------------------------------------------------------------------------


def _in_any_answer(other: Callable[[do.Memory, Callable[..., Any]], Callable[..., Any]]) -> do.Operator:
    """With another model in the place of the toy model."""
    usual = in_place_of(language_model, "reply", other)
    return do.by_provider({"OpenAI": usual, "Anthropic": usual, "Gemini": in_place_of(gemini_chat, "reply", other)})


def _without_calling(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    def reply(turns: Sequence[Any], **named: Any) -> Any:
        said = honest(turns, **named)
        if not said.tool_calls:
            return said
        memory.fired += 1
        return honest(turns, **{**named, "tools": ()})

    return reply


def _without_reading(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    """The model answers as if its functions had given nothing."""

    def reply(turns: Sequence[Any], **named: Any) -> Any:
        if not turns or turns[-1].role != "tool":
            return honest(turns, **named)
        memory.fired += 1
        asked = max((number for number, turn in enumerate(turns) if turn.role == "user"), default=-1)
        return honest(turns[: asked + 1], **{**named, "tools": ()})

    return reply


def _partly_submitted(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    """Outputs of some calls do for all: the others count as empty."""
    try:
        return handler(state, call)
    except Refusal:
        thread = state.assistants.threads.get(call.params["thread_id"])
        run = None if thread is None else thread.runs.get(call.params["run_id"])
        sent = call.body.get("tool_outputs")
        given = [output.get("tool_call_id") for output in _dicts(sent)]
        missing = [pending["id"] for pending in run.pending() if pending["id"] not in given] if run else []
        if not given or not missing:
            raise
        more = [{"tool_call_id": call_id, "output": ""} for call_id in missing]
        answer = handler(state, replace(call, body={**call.body, "tool_outputs": [*sent, *more]}))
        memory.fired += 1
        return answer


def _partly_answered(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    sent = call.body.get("input")
    if not any(item.get("type") == "function_call_output" for item in _dicts(sent)):
        return handler(state, call)
    more: list[Json] = []
    while True:
        try:
            answer = handler(state, replace(call, body={**call.body, "input": [*sent, *more]}))
        except Refusal as refused:  # before anything was made
            named = _NOT_ANSWERED.fullmatch(refused.answer.body["error"]["message"])
            if named is None or any(item["call_id"] == named[1] for item in more):
                raise
            more.append({"type": "function_call_output", "call_id": named[1], "output": ""})
        else:
            memory.fired += bool(more)
            return answer


def _dicts(given: Json) -> list[Json]:
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _all_answered(provider: str, body: Json) -> Json:
    """A chat in which every call has a result, where another of the same message has one; those that are added are empty."""
    messages = _dicts(body.get("messages"))
    if messages != body.get("messages"):
        return body
    return {**body, "messages": _filled_openai(messages) if provider == "OpenAI" else _filled_anthropic(messages)}


def _filled_openai(messages: list[Json]) -> list[Json]:
    made: list[Json] = []
    waiting: list[Json] = []
    begun = False
    for message in [*messages, {}]:
        if message.get("role") == "tool":
            begun = True
            waiting = [call_id for call_id in waiting if call_id != message.get("tool_call_id")]
        else:
            if begun:
                made += [{"role": "tool", "tool_call_id": call_id, "content": ""} for call_id in waiting]
            waiting, begun = [call.get("id") for call in _dicts(message.get("tool_calls"))], False
        made.append(message)
    return made[:-1]


def _filled_anthropic(messages: list[Json]) -> list[Json]:
    made: list[Json] = []
    waiting: list[Json] = []
    for message in messages:
        blocks = _dicts(message.get("content"))
        given = [block.get("tool_use_id") for block in blocks if block.get("type") == "tool_result"]
        missing = [call_id for call_id in waiting if call_id not in given] if given else []
        more = [{"type": "tool_result", "tool_use_id": call_id, "content": ""} for call_id in missing]
        made.append({**message, "content": [*more, *blocks]} if more else message)
        waiting = [block.get("id") for block in blocks if block.get("type") == "tool_use"]
    return made


_PARTLY_IN_CHAT = do.where_refused(_all_answered)


def _partly(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    ways = {SUBMIT: _partly_submitted, RESPOND: _partly_answered, ASK: _PARTLY_IN_CHAT}
    return ways[call.operation](memory, state, call, handler)


def _functions() -> list[Deviation]:
    return [
        Deviation(
            "tools.fn.continues_without_output",
            "Where a function is to be called, the answer is given without it.",
            (*LOOKS, RESPOND, ASK),
            _in_any_answer(_without_calling),
            ALL,
        ),
        Deviation(
            "tools.fn.output_ignored",
            "The answer does not use what a function gave.",
            (*LOOKS, RESPOND, ASK),
            _in_any_answer(_without_reading),
            ALL,
        ),
        Deviation(
            "tools.fn.accepts_partial",
            "Of several calls the output of one is enough.",
            (SUBMIT, RESPOND, ASK),
            _partly,
            OPENAI,
        ),
    ]


# Searches -----------------------------------------------------------------------------------------------------------


def _uncited(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    def citations(*given: Any, **named: Any) -> Any:
        memory.fired += bool(honest(*given, **named))
        return []

    return citations


def _ungrounded(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    def metadata(*given: Any, **named: Any) -> Any:
        memory.fired += honest(*given, **named) is not None

    return metadata


def _other_file_cited(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    def citations(text: str, passages: Sequence[Any]) -> Any:
        found = honest(text, passages)
        for citation in found:
            other = next((one for one in passages if one.file_id != citation["file_id"]), None)
            if other is not None:
                citation |= {"file_id": other.file_id, "filename": other.filename}
                memory.fired += 1
        return found

    return citations


def _other_title_cited(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    """Every passage is told to be of the next document among those found."""

    def metadata(text: str, passages: Sequence[Any], **named: Any) -> Any:
        grounds = honest(text, passages, **named)
        titles = list(dict.fromkeys(one.title for one in passages))
        if grounds is None or len(titles) < 2:
            return grounds
        memory.fired += 1
        following = dict(zip(titles, [*titles[1:], titles[0]], strict=True))
        return honest(text, [replace(one, title=following[one.title]) for one in passages], **named)

    return metadata


def _answered_at_once(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    """A run says what it knows where it would search."""
    del honest

    def look_up(answer: Any, begun: Any, asked: str) -> None:
        del asked
        memory.fired += 1
        answer._speak(begun)

    return look_up


def _response_answered_at_once(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    del honest

    def search(answer: Any, asked: str) -> None:
        del asked
        memory.fired += 1
        answer._say(answer._reply(answer._prompt.documents, tools=False))

    return search


def _not_found(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    def found(*given: Any, **named: Any) -> Any:
        memory.fired += bool(honest(*given, **named))

    return found


def _searching(openai: do.Operator, gemini: do.Operator) -> do.Operator:
    """One operator for OpenAI's runs and responses, another for Gemini's chats; OpenAI's chats search nowhere."""

    def operator(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
        return (gemini if call.provider == "Gemini" else openai)(memory, state, call, handler)

    return operator


def _searches() -> list[Deviation]:
    where = (*LOOKS, RESPOND, ASK)
    return [
        Deviation(
            "tools.search.no_citation",
            "An answer from a file does not say so.",
            where,
            _searching(
                in_place_of(server_tools, "citations", _uncited), in_place_of(grounding, "metadata", _ungrounded)
            ),
            SEARCHING,
        ),
        Deviation(
            "tools.search.cites_wrong_file",
            "An answer from one file names another.",
            where,
            _searching(
                in_place_of(server_tools, "citations", _other_file_cited),
                in_place_of(grounding, "metadata", _other_title_cited),
            ),
            SEARCHING,
        ),
        Deviation(
            "tools.search.not_used",
            "What is asked of files is answered without a search.",
            where,
            _searching(
                on_either(
                    in_place_of(run_answering._Answer, "_look_up", _answered_at_once),
                    in_place_of(answering.Answering, "_search", _response_answered_at_once),
                ),
                in_place_of(grounding, "found", _not_found),
            ),
            SEARCHING,
        ),
    ]


# Memory -------------------------------------------------------------------------------------------------------------


def _only_the_newest(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    def newest(thread: Any, at_most: int | None, room: int) -> Any:
        found = honest(thread, at_most, room)
        memory.fired += len(found) > 1
        return found[-1:]

    return newest


def _since_the_user_spoke(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    """What the user said last, and what came of it: a call of a function, and its output."""

    def prompt(state: Any, past: history.History, *given: Any, **named: Any) -> Any:
        said = [number for number, item in enumerate(past.all) if item.get("role") == "user"]
        cut = said[-1] if said else 0
        memory.fired += cut > 0
        own = past.own[max(0, cut - len(past.earlier)) :]
        return honest(state, replace(past, earlier=past.earlier[cut:], own=own), *given, **named)

    return prompt


def _forgetting() -> Deviation:
    return Deviation(
        "threads.forgets_previous_turn",
        "Only the newest message of a thread or a conversation reaches the model.",
        (*LOOKS, RESPOND),
        on_either(
            in_place_of(prompting, "_newest", _only_the_newest),
            in_place_of(history, "prompt", _since_the_user_spoke),
        ),
        OPENAI,
    )
