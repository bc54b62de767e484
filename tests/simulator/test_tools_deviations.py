"""The deviations of tools, on every API that has the tool: each misbehaves in its one way, and says that it fired."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.both_apis import Deviant, Under, refused, under
from tests.simulator.gemini_calls import FLASH, asking
from tests.simulator.gemini_calls import WEATHER as GEMINI_WEATHER
from tests.simulator.gemini_calls import said as gemini_said
from tests.simulator.gemini_calls import text_of as gemini_text
from tests.simulator.gemini_searched import asked, cited, made, searching, upload
from tests.simulator.openai_assistants import WEATHER
from tests.simulator.openai_responses import CODE, kinds, text_of
from tests.simulator.openai_responses import WEATHER as FLAT_WEATHER
from tests.simulator.openai_stores import Stores

__all__ = ["under"]

ASK, RESPOND = "chat.create", "responses.create"
TOUCHED: dict[str, tuple[set[str], list[str]]] = {
    "tools.code.no_step": ({RESPOND}, ["OpenAI"]),
    "tools.code.output_empty": ({RESPOND}, ["OpenAI"]),
    "tools.code.wrong_result": ({RESPOND}, ["OpenAI"]),
    "tools.fn.continues_without_output": ({RESPOND, ASK}, ["OpenAI", "Anthropic", "Gemini"]),
    "tools.fn.output_ignored": ({RESPOND, ASK}, ["OpenAI", "Anthropic", "Gemini"]),
    "tools.fn.accepts_partial": ({RESPOND, ASK}, ["OpenAI"]),
    "tools.search.no_citation": ({RESPOND, ASK}, ["OpenAI", "Gemini"]),
    "tools.search.cites_wrong_file": ({RESPOND, ASK}, ["OpenAI", "Gemini"]),
    "tools.search.not_used": ({RESPOND, ASK}, ["OpenAI", "Gemini"]),
    "threads.forgets_previous_turn": ({RESPOND}, ["OpenAI"]),
}
"""What each touches beside runs, and of whom."""
NUMBERS = {"tools": [{"type": "code_interpreter"}]}
OUTPUTS = ["code_interpreter_call.outputs"]
NEW_YORK = "What is the weather in New York?"
TWO = "What is the weather in Paris and in Rome?"
GIVEN = '{"temperature": 61.7}'


def test_all_are_listed_with_what_they_touch(plane: httpx.Client) -> None:
    listed = {one["name"]: one for one in plane.get("/_simulator/deviations").json()}
    for name, (operations, providers) in TOUCHED.items():
        touched = set(listed[name]["operations"])
        assert {one for one in touched if one.startswith(("responses.", "chat."))} == operations
        assert any(one.startswith(("runs.", "run_steps.")) for one in touched)
        assert listed[name]["providers"] == providers


@pytest.mark.parametrize("name", TOUCHED)
def test_what_uses_no_tool_fires_nothing(under: Under, name: str) -> None:
    deviant = under(name)
    run = deviant.old.run("Answer exactly: 42", on={"tools": [WEATHER, *NUMBERS["tools"]]})
    assert (deviant.old.done(run).status, deviant.old.answer(run)) == ("completed", "42")
    assert len(deviant.old.steps(run)) == 1
    assert text_of(deviant.new.create("Answer exactly: 42", tools=[FLAT_WEATHER, CODE])) == "42"
    with deviant.tenant.client("Gemini") as gemini:
        assert gemini_text(gemini_said(gemini, asking("Answer exactly: 42"))) == "42"
    assert deviant.fired() == 0


# Programs ---------------------------------------------------------------------------------------------------------------


def calculated(deviant: Deviant) -> tuple[Any, dict[str, Any], str]:
    """A completed run, and a response in a conversation, that were to calculate."""
    run, conversation = deviant.old.run("What is 10! exactly?", on=NUMBERS), deviant.conversation()
    assert deviant.old.done(run).status == "completed"
    wanted: dict[str, Any] = {"tools": [CODE], "include": OUTPUTS, "conversation": conversation}
    return run, deviant.new.create("What is 10!?", **wanted), conversation


def test_no_step(under: Under) -> None:
    deviant = under("tools.code.no_step")
    run, response, conversation = calculated(deviant)
    assert [step.type for step in deviant.old.steps(run)] == ["message_creation"]
    assert ("3628800" in deviant.old.answer(run), "3628800" in text_of(response)) == (True, True)
    assert kinds(response) == kinds(deviant.new.get(response["id"])) == ["message"]
    assert [item["type"] for item in deviant.new.items(conversation)] == ["message", "message"]
    assert deviant.fired() == 2
    deviant.honest()
    called, _ = deviant.old.steps(run)
    deviant.deviate()
    answer = deviant.new.http.get(
        f"/v1/threads/{run.thread_id}/runs/{run.id}/steps/{called.id}", headers={"openai-beta": "assistants=v2"}
    )
    assert (answer.status_code, deviant.fired()) == (404, 1)


def test_output_empty(under: Under) -> None:
    deviant = under("tools.code.output_empty")
    run, response, _ = calculated(deviant)
    (call,) = deviant.old.steps(run)[0].step_details.tool_calls
    assert (bool(call.code_interpreter.input), call.code_interpreter.outputs) == (True, [])
    assert ("3628800" in deviant.old.answer(run), "3628800" in text_of(response)) == (True, True)
    assert (bool(response["output"][0]["code"]), response["output"][0]["outputs"]) == (True, [])
    assert deviant.new.get(response["id"])["output"][0]["outputs"] == []
    assert deviant.fired() == 2


def test_wrong_result(under: Under) -> None:
    deviant = under("tools.code.wrong_result")
    run, response, _ = calculated(deviant)
    (call,) = deviant.old.steps(run)[0].step_details.tool_calls
    assert call.code_interpreter.outputs[0].logs == "3628801\n"
    assert deviant.old.answer(run) == "The result is 3628801."
    assert response["output"][0]["outputs"] == [{"type": "logs", "logs": "3628801\n"}]
    assert (text_of(response), deviant.fired()) == ("The result is 3628801.", 2)
    with deviant.new.http.stream("POST", "/v1/responses", json=streamed("What is 10!?", CODE)) as stream:
        assert "The result is 3628801." in stream.read().decode()
    assert deviant.fired() == 3


def streamed(asked: str, tool: dict[str, Any]) -> dict[str, Any]:
    return {"model": "gpt-4.1-mini", "input": asked, "tools": [tool], "stream": True}


# Functions --------------------------------------------------------------------------------------------------------------


class Chats:
    """Chats of one provider with a function, over HTTP."""

    def __init__(self, provider: str, http: httpx.Client) -> None:
        self.provider = provider
        self.http = http

    def ask(self, messages: list[Any]) -> dict[str, Any]:
        answer = self.send(messages)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def send(self, messages: list[Any]) -> httpx.Response:
        if self.provider == "OpenAI":
            body: Any = {"model": "gpt-4o", "messages": messages, "tools": [WEATHER]}
            return self.http.post("/v1/chat/completions", json=body)
        if self.provider == "Anthropic":
            tool = {"name": "get_weather", "description": "Tells the weather in a city", "input_schema": SCHEMA}
            body = {"model": "claude-haiku-5-5", "max_tokens": 200, "messages": messages, "tools": [tool]}
            return self.http.post("/v1/messages", json=body)
        body = {"contents": messages, "tools": [{"functionDeclarations": [GEMINI_WEATHER]}]}
        return self.http.post(f"/v1beta/models/{FLASH}:generateContent", json=body)

    def said(self, text: str) -> dict[str, Any]:
        if self.provider == "Gemini":
            return {"role": "user", "parts": [{"text": text}]}
        return {"role": "user", "content": text}

    def called(self, *ids: str) -> dict[str, Any]:
        """The model has called the function so often."""
        if self.provider == "OpenAI":
            function = {"name": "get_weather", "arguments": "{}"}
            calls = [{"id": call_id, "type": "function", "function": function} for call_id in ids]
            return {"role": "assistant", "content": None, "tool_calls": calls}
        if self.provider == "Anthropic":
            blocks = [{"type": "tool_use", "id": call_id, "name": "get_weather", "input": {}} for call_id in ids]
            return {"role": "assistant", "content": blocks}
        return {"role": "model", "parts": [{"functionCall": {"name": "get_weather", "args": {}}} for _ in ids]}

    def gave(self, call_id: str, output: str) -> dict[str, Any]:
        if self.provider == "OpenAI":
            return {"role": "tool", "tool_call_id": call_id, "content": output}
        if self.provider == "Anthropic":
            return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call_id, "content": output}]}
        response = {"name": "get_weather", "response": {"output": output}}
        return {"role": "user", "parts": [{"functionResponse": response}]}

    def calls(self, answer: dict[str, Any]) -> int:
        if self.provider == "OpenAI":
            return len(answer["choices"][0]["message"].get("tool_calls", ()))
        if self.provider == "Anthropic":
            return sum(block["type"] == "tool_use" for block in answer["content"])
        return sum("functionCall" in part for part in answer["candidates"][0]["content"]["parts"])

    def text(self, answer: dict[str, Any]) -> str:
        if self.provider == "OpenAI":
            return str(answer["choices"][0]["message"]["content"])
        if self.provider == "Anthropic":
            return "".join(block.get("text", "") for block in answer["content"])
        return gemini_text(answer)


SCHEMA = {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]}
every_provider = pytest.mark.parametrize("provider", ["OpenAI", "Anthropic", "Gemini"])


@pytest.fixture
def chats(open_tenant: Callable[..., Account]) -> Iterator[Callable[[str, str | None], tuple[Account, Chats]]]:
    """`chats(provider, deviation)`: at a new tenant."""
    with ExitStack() as stack:

        def make(provider: str, name: str | None) -> tuple[Account, Chats]:
            tenant = open_tenant(deviation=name)
            return tenant, Chats(provider, stack.enter_context(tenant.client(provider)))

        yield make


Asked = Callable[[str, str | None], tuple[Account, Chats]]


@every_provider
def test_without_a_deviation_functions_are_called_and_heard(chats: Asked, provider: str) -> None:
    _, chat = chats(provider, None)
    first = chat.said(NEW_YORK)
    assert chat.calls(chat.ask([first])) == 1
    assert "61.7" in chat.text(chat.ask([first, chat.called("call_1"), chat.gave("call_1", GIVEN)]))
    if provider != "Gemini":  # it takes any number of them
        assert chat.send([first, chat.called("call_1", "call_2"), chat.gave("call_1", GIVEN)]).status_code == 400


@every_provider
def test_chats_continue_without_output(chats: Asked, provider: str) -> None:
    tenant, chat = chats(provider, "tools.fn.continues_without_output")
    assert chat.text(chat.ask([chat.said("Answer exactly: 42")])) == "42"
    assert tenant.fired() == 0
    answer = chat.ask([chat.said(NEW_YORK)])
    assert (chat.calls(answer), bool(chat.text(answer)), tenant.fired()) == (0, True, 1)


def test_runs_continue_without_output(under: Under) -> None:
    deviant = under("tools.fn.continues_without_output")
    named: Any = {"type": "function", "function": {"name": "get_weather"}}
    for choice in ("auto", "required", named):
        run = deviant.old.run(NEW_YORK, on={"tools": [WEATHER]}, tool_choice=choice)
        assert deviant.old.done(run).status == "completed"
        assert [step.type for step in deviant.old.steps(run)] == ["message_creation"]
    assert deviant.fired() == 3
    made = deviant.new.create(NEW_YORK, tools=[FLAT_WEATHER], tool_choice={"type": "function", "name": "get_weather"})
    assert (kinds(made), deviant.fired()) == (["message"], 4)


@every_provider
def test_chats_ignore_the_output(chats: Asked, provider: str) -> None:
    tenant, chat = chats(provider, "tools.fn.output_ignored")
    first = chat.said(NEW_YORK)
    assert (chat.calls(chat.ask([first])), tenant.fired()) == (1, 0)
    answer = chat.ask([first, chat.called("call_1"), chat.gave("call_1", GIVEN)])
    assert (chat.calls(answer), bool(chat.text(answer)), "61.7" in chat.text(answer)) == (0, True, False)
    assert tenant.fired() == 1


def test_runs_ignore_the_output(under: Under) -> None:
    deviant = under("tools.fn.output_ignored")
    run = deviant.old.run(NEW_YORK, on={"tools": [WEATHER]})
    assert (deviant.old.after(10, run).status, deviant.fired()) == ("requires_action", 0)
    deviant.old.submit(run, GIVEN)
    assert deviant.old.done(run).status == "completed"
    assert ("61.7" in deviant.old.answer(run), deviant.fired()) == (False, 1)
    assert deviant.old.steps(run)[0].step_details.tool_calls[0].function.output == GIVEN
    first = deviant.new.create(NEW_YORK, tools=[FLAT_WEATHER])
    output = {"type": "function_call_output", "call_id": first["output"][0]["call_id"], "output": GIVEN}
    second = deviant.new.create([output], previous_response_id=first["id"], tools=[FLAT_WEATHER])
    assert (kinds(second), "61.7" in text_of(second), deviant.fired()) == (["message"], False, 2)


@pytest.mark.parametrize("provider", ["OpenAI"])
def test_chats_accept_a_part(chats: Asked, provider: str) -> None:
    tenant, chat = chats(provider, "tools.fn.accepts_partial")
    before = [chat.said(TWO), chat.called("call_1", "call_2")]
    assert chat.send(before).status_code == 400
    assert chat.send([*before, chat.gave("call_3", "sun")]).status_code == 400
    assert chat.send([*before, chat.said("Hello?")]).status_code == 400
    assert chat.send(["Hello?", {"role": "tool", "tool_calls": [1]}]).status_code == 400
    assert tenant.fired() == 0
    for call_id in ("call_1", "call_2"):
        assert "sun" in chat.text(chat.ask([*before, chat.gave(call_id, "sun")]))
    assert tenant.fired() == 2


def test_runs_accept_a_part(under: Under) -> None:
    deviant = under("tools.fn.accepts_partial")
    run = deviant.old.run(TWO, on={"tools": [WEATHER]})
    deviant.old.after(10, run)
    none: list[Any] = []
    for outputs in (none, [{"tool_call_id": "call_x", "output": "sun"}]):
        with_these: Any = {"thread_id": run.thread_id, "tool_outputs": outputs}
        refused(lambda: deviant.old.runs.submit_tool_outputs(run.id, **with_these))  # noqa: B023
    assert deviant.fired() == 0
    deviant.old.submit(run, "sun in Paris")
    assert (deviant.old.done(run).status, deviant.fired()) == ("completed", 1)
    assert "sun in Paris" in deviant.old.answer(run)
    conversation = deviant.conversation()
    first = deviant.new.create(TWO, tools=[FLAT_WEATHER], conversation=conversation)
    assert kinds(first) == ["function_call", "function_call"]
    assert deviant.new.refused({"model": "gpt-4.1-mini", "input": "Hello?", "conversation": conversation})[0] == 400
    output = {"type": "function_call_output", "call_id": first["output"][1]["call_id"], "output": "rain in Rome"}
    second = deviant.new.create([output], conversation=conversation, tools=[FLAT_WEATHER])
    assert ("rain in Rome" in text_of(second), deviant.fired()) == (True, 2)


# Searches ---------------------------------------------------------------------------------------------------------------

FACT = "The secret code word of the harbour is cobalt-heron-41."
OTHER = "The lighthouse of the harbour was painted white in spring."
QUESTION = "What is the secret code word of the harbour?"


def found(deviant: Deviant) -> tuple[Any, dict[str, Any], dict[str, str]]:
    """A run and a response that were asked about two files, and those by name."""
    stores = Stores(deviant.tenant, deviant.new.http)
    store = stores.create(name="harbour")["id"]
    files = {name: stores.upload(name, text) for name, text in (("fact.txt", FACT), ("other.txt", OTHER))}
    for file_id in files.values():
        stores.attach(store, file_id)
    deviant.tenant.advance(10)
    assert deviant.fired() == 0
    resources = {"file_search": {"vector_store_ids": [store]}}
    run = deviant.old.run(QUESTION, on={"tools": [{"type": "file_search"}], "tool_resources": resources})
    assert deviant.old.done(run).status == "completed"
    return run, deviant.new.create(QUESTION, tools=[{"type": "file_search", "vector_store_ids": [store]}]), files


def marks(deviant: Deviant, run: Any, response: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The files that are cited."""
    message = deviant.old.beta.threads.messages.list(run.thread_id).data[0]
    old = [one.file_citation.file_id for one in message.content[0].text.annotations]
    new = [one["file_id"] for one in response["output"][-1]["content"][0]["annotations"]]
    return old, new


def two_documents(http: httpx.Client, tenant: Account) -> str:
    store = made(http)
    upload(http, store, FACT, "fact.txt")
    upload(http, store, OTHER, "other.txt")
    tenant.advance(10)
    return store


def supported(answer: dict[str, Any]) -> list[str]:
    """The titles behind what is said."""
    grounds = answer["candidates"][0].get("groundingMetadata", {})
    return [
        grounds["groundingChunks"][index]["retrievedContext"]["title"]
        for support in grounds.get("groundingSupports", ())
        for index in support["groundingChunkIndices"]
    ]


def gemini_stream(http: httpx.Client, store: str) -> str:
    body = asking(QUESTION, tools=searching(store))
    return http.post(f"/v1beta/models/{FLASH}:streamGenerateContent?alt=sse", json=body).raise_for_status().text


def test_no_citation(under: Under) -> None:
    deviant = under("tools.search.no_citation")
    run, response, _ = found(deviant)
    assert ("cobalt-heron-41" in deviant.old.answer(run), "cobalt-heron-41" in text_of(response)) == (True, True)
    assert (marks(deviant, run, response), deviant.fired()) == (([], []), 2)
    assert deviant.old.steps(run)[0].step_details.tool_calls[0].type == "file_search"
    assert kinds(response) == ["file_search_call", "message"]
    with deviant.tenant.client("Gemini") as http:
        store = two_documents(http, deviant.tenant)
        answer = asked(http, QUESTION, store)
        assert ("cobalt-heron-41" in gemini_text(answer), cited(answer), deviant.fired()) == (True, [], 3)
        assert "groundingMetadata" not in gemini_stream(http, store)
        assert deviant.fired() == 4


def test_cites_wrong_file(under: Under) -> None:
    deviant = under("tools.search.cites_wrong_file")
    run, response, files = found(deviant)
    other = files["other.txt"]
    assert (marks(deviant, run, response), deviant.fired()) == (([other], [other]), 2)
    assert ("cobalt-heron-41" in deviant.old.answer(run), "cobalt-heron-41" in text_of(response)) == (True, True)
    assert response["output"][-1]["content"][0]["annotations"][0]["filename"] == "other.txt"
    with deviant.tenant.client("Gemini") as http:
        store = two_documents(http, deviant.tenant)
        answer = asked(http, QUESTION, store)
        assert ("cobalt-heron-41" in gemini_text(answer), supported(answer)) == (True, ["other.txt"])
        last = [json.loads(line[6:]) for line in gemini_stream(http, store).splitlines() if line][-1]
        assert (supported(last), deviant.fired()) == (["other.txt"], 4)


def test_not_used(under: Under) -> None:
    deviant = under("tools.search.not_used")
    run, response, _ = found(deviant)
    assert ("cobalt-heron-41" in deviant.old.answer(run), "cobalt-heron-41" in text_of(response)) == (False, False)
    assert [step.type for step in deviant.old.steps(run)] == ["message_creation"]
    assert (kinds(response), marks(deviant, run, response), deviant.fired()) == (["message"], ([], []), 2)
    store = response["tools"][0]["vector_store_ids"]
    forced = deviant.new.create(
        QUESTION, tools=[{"type": "file_search", "vector_store_ids": store}], tool_choice={"type": "file_search"}
    )
    assert (kinds(forced), deviant.fired()) == (["message"], 3)
    with deviant.tenant.client("Gemini") as http:
        documents = two_documents(http, deviant.tenant)
        answer = asked(http, QUESTION, documents)
        assert ("cobalt-heron-41" in gemini_text(answer), cited(answer), deviant.fired()) == (False, [], 4)


# Memory -----------------------------------------------------------------------------------------------------------------


def test_forgets_previous_turn(under: Under) -> None:
    deviant = under("threads.forgets_previous_turn")
    run = deviant.old.run("What is 15 * 23?")
    assert deviant.old.done(run).status == "completed"
    assert (deviant.old.answer(run), deviant.fired()) == ("345", 0)
    deviant.add(run.thread_id, "Double that.")
    again = deviant.old.runs.create(run.thread_id, assistant_id=run.assistant_id)
    deviant.old.done(again)
    assert ("690" in deviant.old.answer(again), deviant.fired()) == (False, 1)
    conversation = deviant.conversation()
    assert text_of(deviant.new.create("What is 15 * 23?", conversation=conversation)) == "345"
    assert deviant.fired() == 1
    assert "690" not in text_of(deviant.new.create("Double that.", conversation=conversation))
    assert deviant.fired() == 2
    deviant.put(conversation, "Double that.")
    assert "690" not in text_of(deviant.new.create([], conversation=conversation))
    first = deviant.new.create("What is 15 * 23?")
    assert "690" not in text_of(deviant.new.create("Double that.", previous_response_id=first["id"]))
    assert deviant.fired() == 4
    deviant.honest()
    assert "690" in text_of(deviant.new.create("Double that.", previous_response_id=first["id"]))


def test_what_a_function_gave_is_not_forgotten(under: Under) -> None:
    deviant = under("threads.forgets_previous_turn")
    first = deviant.new.create(NEW_YORK, tools=[FLAT_WEATHER])
    output = {"type": "function_call_output", "call_id": first["output"][0]["call_id"], "output": GIVEN}
    assert "61.7" in text_of(deviant.new.create([output], previous_response_id=first["id"], tools=[FLAT_WEATHER]))
    assert deviant.fired() == 0
