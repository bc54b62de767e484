"""Functions and schemas in questions, on each provider against the running simulator: calls, outputs, refusals, streams, money."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import anthropic
import pytest
from anthropic.types import RawMessageStreamEvent
from google.genai import types
from openai.types.chat import ChatCompletionChunk
from pydantic import TypeAdapter

from support.errors import BadResponse, InvalidRequest
from support.gateway import function_calling
from support.gateway.anthropic import chat as anthropic_chat
from support.gateway.anthropic.chat_tools import output_block
from support.gateway.capabilities import Chat, ProviderGateway
from support.gateway.gemini import chat_tools as gemini_tools
from support.gateway.gemini.contents import contents
from support.gateway.open import open_gateway
from support.gateway.openai import chat as openai_chat
from support.values import ChatAnswer, FunctionTool, Message, Provider, ToolCall, ToolChoice, ToolOutput
from tests.gateway.conftest import Bench

pytestmark = pytest.mark.anyio

MODELS = {
    Provider.OPENAI: "gpt-6-luna",
    Provider.ANTHROPIC: "claude-haiku-5-5",
    Provider.GEMINI: "gemini-3.5-flash-lite",
}
WITHOUT_IDS = "gemini-2.5-flash"
WEATHER = FunctionTool(
    name="get_weather",
    description="Tells the weather in a place.",
    parameters={"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
)
TIME = FunctionTool(
    name="get_time",
    description="Tells the time in a place.",
    parameters={"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
)
NEW_YORK = "What is the weather in New York?"
TWO_PLACES = "What is the weather in Paris and in Rome?"
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}


@pytest.fixture(params=list(Provider))
def provider(request: pytest.FixtureRequest) -> Provider:
    return Provider(request.param)


@pytest.fixture
def gateway(bench: Bench, provider: Provider) -> ProviderGateway:
    return open_gateway(bench.endpoint(provider), bench.http, bench.choke)


def user(text: str, *outputs: ToolOutput) -> Message:
    return Message(role="user", text=text, outputs=outputs)


async def asked(chat: Chat, *messages: Message, model: str, **more: Any) -> ChatAnswer:
    return await chat.ask(messages, **{"model": model, "max_output_tokens": 500, **more})


async def streamed(chat: Chat, *messages: Message, model: str, **more: Any) -> ChatAnswer:
    stream = chat.stream(messages, **{"model": model, "max_output_tokens": 500, **more})
    text = "".join([piece async for piece in stream])
    assert text == stream.answer.text
    return stream.answer


def told(answer: ChatAnswer) -> list[tuple[str, Mapping[str, Any]]]:
    return [(call.name, call.arguments) for call in answer.calls]


# Calls ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", ["auto", "required", WEATHER], ids=["auto", "required", "named"])
async def test_a_function_is_called_with_its_arguments(
    gateway: ProviderGateway, provider: Provider, choice: ToolChoice
) -> None:
    for ask in (asked, streamed):
        answer = await ask(
            gateway.chat, user(NEW_YORK), model=MODELS[provider], tools=[TIME, WEATHER], tool_choice=choice
        )
        assert told(answer) == [("get_weather", {"location": "New York"})]
        assert (answer.text, answer.stop_reason) == ("", "tool_call")
        assert answer.calls[0].id
        assert answer.turn == Message(role="assistant", text="", calls=answer.calls)


async def test_a_function_that_is_named_is_called_whatever_is_asked(
    gateway: ProviderGateway, provider: Provider
) -> None:
    answer = await asked(gateway.chat, user(NEW_YORK), model=MODELS[provider], tools=[TIME, WEATHER], tool_choice=TIME)
    assert told(answer) == [("get_time", {"location": "New York"})]


async def test_no_function_is_called_where_none_may_or_none_fits(gateway: ProviderGateway, provider: Provider) -> None:
    for text, choice in ((NEW_YORK, "none"), ("Answer exactly: yes", "auto")):
        for ask in (asked, streamed):
            answer = await ask(gateway.chat, user(text), model=MODELS[provider], tools=[WEATHER], tool_choice=choice)
            assert (answer.calls, answer.stop_reason) == ((), "end")
            assert answer.text


@pytest.mark.parametrize("model", [*MODELS.values(), WITHOUT_IDS])
async def test_calls_at_once_are_told_apart(bench: Bench, model: str) -> None:
    provider = next((provider for provider, name in MODELS.items() if name == model), Provider.GEMINI)
    chat = open_gateway(bench.endpoint(provider), bench.http, bench.choke).chat
    for ask in (asked, streamed):
        answer = await ask(chat, user(TWO_PLACES), model=model, tools=[WEATHER])
        assert told(answer) == [("get_weather", {"location": "Paris"}), ("get_weather", {"location": "Rome"})]
        first, second = answer.calls
        assert first.id != second.id
        outputs = [
            ToolOutput(call_id=second.id, output="rain"),
            ToolOutput(call_id=first.id, output="sun"),
        ]
        reply = await ask(chat, user(TWO_PLACES), answer.turn, user("", *outputs), model=model, tools=[WEATHER])
        assert "sun" in reply.text
        assert "rain" in reply.text
        assert reply.calls == ()


# Outputs ----------------------------------------------------------------------------------------------------------------


async def test_the_answer_uses_the_output(bench: Bench, gateway: ProviderGateway, provider: Provider) -> None:
    for ask in (asked, streamed):
        question = user(NEW_YORK)
        answer = await ask(gateway.chat, question, model=MODELS[provider], tools=[WEATHER])
        output = ToolOutput(call_id=answer.calls[0].id, output=json.dumps({"temperature": 61.7}))
        reply = await ask(
            gateway.chat, question, answer.turn, user("", output), model=MODELS[provider], tools=[WEATHER]
        )
        assert "61.7" in reply.text
        assert (reply.calls, reply.stop_reason) == ((), "end")
    assert bench.purse.settled[-1] == reply.usage


async def test_an_output_may_come_with_words(gateway: ProviderGateway, provider: Provider) -> None:
    question, remark = user(NEW_YORK), "Answer exactly: thanks"
    answer = await asked(gateway.chat, question, model=MODELS[provider], tools=[WEATHER])
    output = ToolOutput(call_id=answer.calls[0].id, output="61.7")
    reply = await asked(
        gateway.chat, question, answer.turn, user(remark, output), model=MODELS[provider], tools=[WEATHER]
    )
    assert reply.text == "thanks"


async def test_a_failure_is_told_in_the_providers_way(
    bench: Bench, gateway: ProviderGateway, provider: Provider
) -> None:
    question = user(NEW_YORK)
    answer = await asked(gateway.chat, question, model=MODELS[provider], tools=[WEATHER])
    call = answer.calls[0]
    output = ToolOutput(call_id=call.id, output="the station is silent", failed=True)
    reply = await asked(gateway.chat, question, answer.turn, user("", output), model=MODELS[provider], tools=[WEATHER])
    assert "the station is silent" in reply.text
    sent = bench.wire.exchanges[-1].request.json()
    match provider:
        case Provider.OPENAI:
            assert sent["messages"][-2]["tool_calls"][0]["id"] == call.id
            assert sent["messages"][-1] == {
                "role": "tool",
                "tool_call_id": call.id,
                "content": "the station is silent",
            }
        case Provider.ANTHROPIC:
            assert sent["messages"][-1]["content"] == [
                {
                    "type": "tool_result",
                    "tool_use_id": call.id,
                    "content": "the station is silent",
                    "is_error": True,
                }
            ]
        case Provider.GEMINI:
            (part,) = sent["contents"][-1]["parts"]
            response = {"error": "the station is silent"}
            assert part == {"functionResponse": {"id": call.id, "name": "get_weather", "response": response}}


async def test_a_conversation_with_calls_can_be_counted(gateway: ProviderGateway, provider: Provider) -> None:
    model, question = MODELS[provider], user(NEW_YORK)
    answer = await asked(gateway.chat, question, model=model, tools=[WEATHER])
    output = ToolOutput(call_id=answer.calls[0].id, output=json.dumps({"temperature": 61.7}))
    for system in (None, "You are brief."):
        short = await gateway.tokens.count([question], model=model, system=system)
        long = await gateway.tokens.count([question, answer.turn, user("", output)], model=model, system=system)
        assert long > short > 0


# Before anything is sent --------------------------------------------------------------------------------------------------

CALLS = (
    ToolCall(id="call_1", name="get_weather", arguments={"location": "Paris"}),
    ToolCall(id="call_2", name="get_weather", arguments={"location": "Rome"}),
)
CALLED = Message(role="assistant", text="", calls=CALLS)
FIRST, SECOND = (ToolOutput(call_id=call.id, output="sun") for call in CALLS)
WRONG_OUTPUTS: dict[str, Sequence[Message]] = {
    "unknown": [CALLED, user("", FIRST, SECOND, ToolOutput(call_id="call_3", output="sun"))],
    "unanswered": [CALLED, user("", FIRST)],
    "twice": [CALLED, user("", FIRST, FIRST)],
    "too late": [CALLED, user("", FIRST, SECOND), user("", FIRST)],
    "without a call": [user("", FIRST)],
    "passed over": [CALLED, user("And in Oslo?")],
    "left open": [CALLED],
}


@pytest.mark.parametrize("messages", WRONG_OUTPUTS.values(), ids=list(WRONG_OUTPUTS))
async def test_outputs_that_answer_no_call_are_refused(
    bench: Bench, gateway: ProviderGateway, provider: Provider, messages: Sequence[Message]
) -> None:
    for ask in (asked, streamed):
        with pytest.raises(InvalidRequest) as refused:
            await ask(gateway.chat, user(TWO_PLACES), *messages, model=MODELS[provider], tools=[WEATHER])
        assert (refused.value.param, refused.value.provider) == ("outputs", provider)
    assert (bench.wire.exchanges, bench.purse.reserved) == ([], [])


@pytest.mark.parametrize(
    ("param", "wrong"),
    [
        ("tools", {"tools": [WEATHER.model_copy(update={"parameters": {"type": "string"}})]}),
        ("tools", {"tools": [WEATHER.model_copy(update={"parameters": {"type": "object", "required": 1}})]}),
        ("tool_choice", {"tools": [WEATHER], "tool_choice": TIME}),
        ("tool_choice", {"tool_choice": "required"}),
        ("schema", {"schema": {"type": "string"}}),
    ],
)
async def test_tools_and_schemas_that_are_none_are_refused(
    bench: Bench, gateway: ProviderGateway, provider: Provider, param: str, wrong: Mapping[str, Any]
) -> None:
    for ask in (asked, streamed):
        with pytest.raises(InvalidRequest) as refused:
            await ask(gateway.chat, user(NEW_YORK), model=MODELS[provider], **wrong)
        assert (refused.value.param, refused.value.provider) == (param, provider)
    assert (bench.wire.exchanges, bench.purse.reserved) == ([], [])


# Schemas ----------------------------------------------------------------------------------------------------------------


async def test_an_answer_fits_its_schema(bench: Bench, gateway: ProviderGateway, provider: Provider) -> None:
    question = user("Alice is 42 years old. Who is it, and how old?")
    texts = set()
    for ask in (asked, streamed):
        answer = await ask(gateway.chat, question, model=MODELS[provider], schema=PERSON)
        assert json.loads(answer.text) == {"name": "Alice", "age": 42}
        assert (answer.calls, answer.stop_reason) == ((), "end")
        texts.add(answer.text)
    assert len(texts) == 1
    sent = bench.wire.exchanges[-1].request.json()
    match provider:
        case Provider.OPENAI:
            described = sent["response_format"]["json_schema"]
            assert described["strict"] is True
            assert described["schema"] == {**PERSON, "additionalProperties": False}
        case Provider.ANTHROPIC:
            wanted = {"type": "json_schema", "schema": {**PERSON, "additionalProperties": False}}
            assert sent["output_config"] == {"effort": "low", "format": wanted}
        case Provider.GEMINI:
            config = sent["generationConfig"]
            assert config["responseMimeType"] == "application/json"
            assert config["responseJsonSchema"] == PERSON


def test_every_object_of_a_schema_is_closed_unless_it_says_otherwise() -> None:
    inner = {"type": ["object", "null"], "properties": {"type": {"const": {"type": "object"}}}}
    schema = {
        "type": "object",
        "properties": {"one": {"$ref": "#/$defs/one"}, "many": {"type": "array", "items": inner}},
        "anyOf": [{"type": "object", "additionalProperties": True}],
        "$defs": {"one": {"type": "object"}},
    }
    shut = {"additionalProperties": False}
    assert function_calling.closed(schema) == {
        **shut,
        "type": "object",
        "properties": {"one": {"$ref": "#/$defs/one"}, "many": {"type": "array", "items": {**inner, **shut}}},
        "anyOf": [{"type": "object", "additionalProperties": True}],
        "$defs": {"one": {"type": "object", **shut}},
    }


# Money ------------------------------------------------------------------------------------------------------------------


def least_bytes(extra: Mapping[str, Any]) -> int:
    """The least bytes that functions and a schema take in a request."""
    told = [tool.parameters for tool in extra.get("tools", ())] or extra["schema"]
    return len(json.dumps(told, separators=(",", ":")))


@pytest.mark.parametrize("extra", [{"tools": [WEATHER]}, {"schema": PERSON}], ids=["tools", "schema"])
async def test_the_bound_covers_what_is_told_of_functions_and_schemas(
    bench: Bench, gateway: ProviderGateway, provider: Provider, extra: Mapping[str, Any]
) -> None:
    answer = await asked(gateway.chat, user(NEW_YORK), model=MODELS[provider], **extra)
    (reserved,) = bench.purse.reserved
    assert reserved.bound is not None
    assert reserved.bound.count is not None
    assert await reserved.bound.count() >= answer.usage.input_tokens
    assert reserved.bound.input_tokens >= answer.usage.input_tokens
    bare = await gateway.tokens.count([user(NEW_YORK)], model=MODELS[provider])
    assert await reserved.bound.count() >= bare + least_bytes(extra)


# What comes from the wire -------------------------------------------------------------------------------------------------


def completion(arguments: str, finish: str) -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    return {
        "id": "chatcmpl-1",
        "model": "m",
        "choices": [{"message": message, "finish_reason": finish}],
        "usage": usage,
    }


@pytest.mark.parametrize("arguments", ['{"location": "Par', "[1]", ""])
def test_arguments_that_are_no_object_are_a_bad_response(arguments: str) -> None:
    with pytest.raises(BadResponse, match=r"get_weather \(call_1\)"):
        openai_chat.answered(completion(arguments, "tool_calls"))
    cut = openai_chat.answered(completion(arguments, "length"))
    assert (cut.calls, cut.stop_reason) == ((), "length")


def test_openais_pieces_of_two_calls_are_put_together() -> None:
    deltas: list[dict[str, Any]] = [
        {"role": "assistant", "content": None},
        {"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"x"'}}]},
        {"tool_calls": [{"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]},
    ]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    chunks.append({**head, "choices": [], "usage": usage})
    growing = openai_chat.GrowingCompletion()
    for chunk in chunks:
        assert growing.add(ChatCompletionChunk.model_validate(chunk)) == []
    answer = openai_chat.answered(growing.whole())
    assert answer.calls == (
        ToolCall(id="a", name="f", arguments={"x": 1}),
        ToolCall(id="b", name="g", arguments={}),
    )
    assert answer.stop_reason == "tool_call"


def anthropic_answer(*pieces: str, stop: str = "tool_use") -> ChatAnswer:
    """The answer of a stream whose one call has its arguments in these pieces."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None}},
        {"type": "content_block_start", "index": 0, "content_block": call},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "input_json_delta", "partial_json": piece},
            }
            for piece in pieces
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]
    reader: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(anthropic.types.RawMessageStreamEvent)
    growing = anthropic_chat.GrowingMessage()
    for event in events:
        growing.add(reader.validate_python(event))
    return anthropic_chat.answered(growing.whole())


def test_anthropics_pieces_of_a_call_are_put_together() -> None:
    answer = anthropic_answer("", '{"loca', 'tion": "Paris"}')
    assert answer.calls == (ToolCall(id="toolu_1", name="get_weather", arguments={"location": "Paris"}),)
    assert answer.raw["content"][0]["input"] == {"location": "Paris"}
    for nothing in ((), ("",)):
        assert anthropic_answer(*nothing).calls[0].arguments == {}


def test_anthropics_pieces_that_make_no_object_are_a_bad_response() -> None:
    with pytest.raises(BadResponse, match=r"get_weather \(toolu_1\)"):
        anthropic_answer('{"location": "Par')
    cut = anthropic_answer('{"location": "Par', stop="max_tokens")
    assert (cut.calls, cut.stop_reason) == ((), "length")


def test_an_output_that_did_not_fail_is_no_error() -> None:
    block = output_block(ToolOutput(call_id="toolu_1", output="sun"))
    assert block == {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sun"}


@pytest.mark.parametrize(
    ("output", "response"),
    [
        ('{"temperature": 61.7}', {"temperature": 61.7}),
        ("[1, 2]", {"result": "[1, 2]"}),
        ("sun", {"result": "sun"}),
    ],
)
def test_gemini_is_given_an_object(output: str, response: dict[str, Any]) -> None:
    assert gemini_tools.response_of(ToolOutput(call_id="c", output=output)) == response


def test_gemini_gets_its_signature_back_and_no_id_that_it_did_not_give() -> None:
    parts = [
        types.Part(function_call=types.FunctionCall(name="f", args={"x": 1}), thought_signature=b"\xff\x00sign"),
        types.Part(function_call=types.FunctionCall(name="f", args={"x": 2})),
    ]
    first, second = (gemini_tools.call_of(part, part.function_call) for part in parts if part.function_call is not None)
    assert first.id != second.id
    outputs = (
        ToolOutput(call_id=second.id, output="two"),
        ToolOutput(call_id=first.id, output="one", name="renamed"),
    )
    model, answer = contents(
        [Message(role="assistant", text="", calls=(first, second)), user("", *outputs)], "https://example.com"
    )
    assert model["parts"] == [
        {"function_call": {"name": "f", "args": {"x": 1}}, "thought_signature": b"\xff\x00sign"},
        {"function_call": {"name": "f", "args": {"x": 2}}},
    ]
    assert answer["parts"] == [
        {"function_response": {"name": "renamed", "response": {"result": "one"}}},
        {"function_response": {"name": "f", "response": {"result": "two"}}},
    ]


async def test_gemini_is_sent_the_signature_as_it_was_told(bench: Bench) -> None:
    chat = open_gateway(bench.endpoint(Provider.GEMINI), bench.http, bench.choke).chat
    for model in (MODELS[Provider.GEMINI], WITHOUT_IDS):
        question = user(NEW_YORK)
        answer = await asked(chat, question, model=model, tools=[WEATHER])
        call = answer.calls[0]
        assert call.signature is not None
        assert call.signature == answer.raw["candidates"][0]["content"]["parts"][0]["thoughtSignature"]
        output = ToolOutput(call_id=call.id, output="sun")
        await asked(chat, question, answer.turn, user("", output), model=model, tools=[WEATHER])
        sent = bench.wire.exchanges[-1].request.json()["contents"]
        part, response = sent[1]["parts"][0], sent[2]["parts"][0]
        assert part["thoughtSignature"].replace("-", "+").replace("_", "/") == call.signature
        assert ("id" in part["functionCall"], "id" in response["functionResponse"]) == (model != WITHOUT_IDS,) * 2
