"""Gemini's adapter for chat and counting against the running simulator: answers, streams, files in a question, money."""

from typing import Any

import httpx2
import pytest
from google.genai import types

from support.errors import BadResponse, BudgetExceeded, NotFound, ServerError
from support.gateway.gemini.chat import GrowingAnswer, usage_of
from support.gateway.gemini.gateway import GeminiGateway
from support.values import FileReference, Message, Provider, Usage
from tests.gateway.conftest import ROOT, Bench

pytestmark = pytest.mark.anyio

MODEL = "gemini-3.5-flash-lite"
PASSPHRASE = ROOT / "fixtures" / "passphrase.pdf"
QUESTION = "What is the passphrase?"


@pytest.fixture
def gateway(bench: Bench) -> GeminiGateway:
    return GeminiGateway(bench.endpoint(Provider.GEMINI), bench.http, bench.choke)


def saying(text: str, *file_ids: str) -> list[Message]:
    return [Message(role="user", text=text, files=tuple(FileReference(file_id=file_id) for file_id in file_ids))]


async def test_an_answer_has_its_text_usage_and_reason(bench: Bench, gateway: GeminiGateway) -> None:
    answer = await gateway.chat.ask(
        saying("Answer exactly: harbour"), model=MODEL, max_output_tokens=50, system="You are brief.", stop=["END"]
    )
    assert (answer.text, answer.stop_reason, answer.model) == ("harbour", "end", MODEL)
    assert answer.raw["responseId"] == answer.id != ""
    raw = answer.raw["usageMetadata"]
    assert answer.usage == Usage(
        uncached_input_tokens=raw["promptTokenCount"], output_tokens=raw["candidatesTokenCount"]
    )
    assert bench.purse.settled == [answer.usage]
    (exchange,) = bench.wire.exchanges
    assert exchange.path == f"/v1beta/models/{MODEL}:generateContent"
    sent = exchange.request.json()
    assert sent["systemInstruction"]["parts"] == [{"text": "You are brief."}]
    assert sent["generationConfig"] == {
        "maxOutputTokens": 50,
        "stopSequences": ["END"],
        "thinkingConfig": {"thinking_level": "MINIMAL"},
    }


async def test_an_answer_that_meets_its_limit_says_so(gateway: GeminiGateway) -> None:
    answer = await gateway.chat.ask(saying("Count from 1 to 40."), model=MODEL, max_output_tokens=5)
    assert answer.stop_reason == "length"
    assert answer.usage.output_tokens == 5


async def test_thoughts_are_output_within_the_limit_and_no_text(gateway: GeminiGateway) -> None:
    answer = await gateway.chat.ask(saying("Count from 1 to 40."), model="gemini-2.5-flash", max_output_tokens=20)
    figures = answer.raw["usageMetadata"]
    assert figures["thoughtsTokenCount"] > 0
    assert answer.usage.output_tokens == figures["thoughtsTokenCount"] + figures["candidatesTokenCount"] == 20
    assert answer.text.startswith("1, 2")


async def test_a_stream_ends_in_the_same_answer(bench: Bench, gateway: GeminiGateway) -> None:
    asked = saying("Count from 1 to 9.")
    whole = await gateway.chat.ask(asked, model=MODEL, max_output_tokens=60)
    stream = gateway.chat.stream(asked, model=MODEL, max_output_tokens=60)
    with pytest.raises(LookupError):
        _ = stream.answer
    pieces = [piece async for piece in stream]
    assert len(pieces) > 1
    assert "".join(pieces) == stream.answer.text == whole.text
    assert (stream.answer.usage, stream.answer.stop_reason) == (whole.usage, "end")
    told = stream.answer.raw["usageMetadata"]
    assert told.items() <= whole.raw["usageMetadata"].items()
    assert told["promptTokenCount"] == whole.usage.input_tokens
    assert bench.purse.settled == [whole.usage, whole.usage]
    assert bench.wire.exchanges[-1].path == f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"


async def test_a_stored_file_is_read_by_its_uri(bench: Bench, gateway: GeminiGateway) -> None:
    file = await gateway.files.upload(PASSPHRASE)
    without = await gateway.chat.ask(saying(QUESTION), model=MODEL, max_output_tokens=60)
    with_it = await gateway.chat.ask(saying(QUESTION, file.id), model=MODEL, max_output_tokens=60)
    assert "cobalt-heron-41" in with_it.text
    assert "cobalt-heron-41" not in without.text
    assert with_it.usage.input_tokens > without.usage.input_tokens
    part = bench.wire.exchanges[-1].request.json()["contents"][0]["parts"][0]
    assert part["fileData"]["file_uri"] == f"{bench.tenant.url}/v1beta/{file.id}"


async def test_a_file_that_is_not_there_is_refused_by_its_name(bench: Bench, gateway: GeminiGateway) -> None:
    file = await gateway.files.upload(PASSPHRASE)
    await gateway.files.delete(file.id)
    foreign = "file-AbCdEf123"
    before = len(bench.wire.exchanges)
    for file_id in (file.id, foreign):
        with pytest.raises(NotFound) as caught:
            await gateway.chat.ask(saying(QUESTION, file_id), model=MODEL, max_output_tokens=60)
        assert file_id.removeprefix("files/") in caught.value.message
    assert len(bench.wire.exchanges) == before + 2
    assert bench.purse.released == 2


async def test_the_count_is_what_the_answer_bills(gateway: GeminiGateway) -> None:
    file = await gateway.files.upload(PASSPHRASE)
    messages = [
        Message(role="user", text="Good morning."),
        Message(role="assistant", text="Good morning!"),
        *saying(QUESTION, file.id),
    ]
    for system in ("You are brief.", None):
        counted = await gateway.tokens.count(messages, model=MODEL, system=system)
        answer = await gateway.chat.ask(messages, model=MODEL, max_output_tokens=60, system=system)
        assert counted == answer.usage.input_tokens > 20


async def test_the_providers_count_is_asked_when_the_local_bound_is_too_high(
    bench: Bench, gateway: GeminiGateway
) -> None:
    bench.purse.cap_input_tokens = 60
    answer = await gateway.chat.ask(saying("Answer exactly: yes"), model=MODEL, max_output_tokens=20)
    assert bench.purse.counted == [answer.usage.input_tokens]
    assert [(event.operation, event.usage) for event in bench.events] == [
        ("tokens.count", None),
        ("chat.create", answer.usage),
    ]
    bench.purse.cap_input_tokens = 3
    with pytest.raises(BudgetExceeded):
        await gateway.chat.ask(saying("Answer exactly: yes"), model=MODEL, max_output_tokens=20)
    assert sum(":generateContent" in exchange.path for exchange in bench.wire.exchanges) == 1


async def test_a_stream_that_breaks_off_is_no_answer(bench: Bench, gateway: GeminiGateway) -> None:
    bench.tenant.faults({"operation": "chat.create", "do": {"cut": True}})
    stream = gateway.chat.stream(saying("Count from 1 to 9."), model=MODEL, max_output_tokens=60)
    with pytest.raises(ServerError) as caught:
        _ = [piece async for piece in stream]
    assert caught.value.code == "connection_cut"


async def test_a_stream_that_is_left_gives_its_connection_back(bench: Bench) -> None:
    """The SDK leaves that to the garbage collector: with one connection the next call would wait for it in vain."""
    transport = httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_connections=1))
    async with httpx2.AsyncClient(transport=transport) as http:
        gateway = GeminiGateway(bench.endpoint(Provider.GEMINI, request_timeout=2), http, bench.choke)
        pieces = aiter(gateway.chat.stream(saying("Count from 1 to 2000."), model=MODEL, max_output_tokens=60_000))
        assert (await anext(pieces)).startswith("1, 2")
        await pieces.aclose()  # type: ignore[attr-defined]
        assert await gateway.tokens.count(saying("Hello"), model=MODEL) == 1


async def test_a_refused_stream_is_told_as_any_other(gateway: GeminiGateway) -> None:
    stream = gateway.chat.stream(saying("Hello"), model="gemini-nonexistent", max_output_tokens=60)
    with pytest.raises(NotFound) as caught:
        _ = [piece async for piece in stream]
    assert "models/gemini-nonexistent is not found" in caught.value.message


def chunk(**fields: Any) -> types.GenerateContentResponse:
    figures = {"promptTokenCount": 10, "cachedContentTokenCount": 4, "candidatesTokenCount": 2, "thoughtsTokenCount": 3}
    return types.GenerateContentResponse.model_validate({"usageMetadata": figures, "modelVersion": MODEL, **fields})


@pytest.mark.parametrize(
    ("fields", "stop_reason"),
    [
        ({"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}]}, "end"),
        (
            {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}, "finishReason": "STOP"}]},
            "tool_call",
        ),
        ({"candidates": [{"content": {}, "finishReason": "MAX_TOKENS"}]}, "length"),
        ({"candidates": [{"finishReason": "SAFETY"}]}, "refusal"),
        ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, "refusal"),
        ({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]}, "other"),
    ],
)
async def test_each_end_has_its_reason(fields: dict[str, Any], stop_reason: str) -> None:
    answer = GrowingAnswer()
    answer.add(chunk(**fields))
    assert answer.whole({}).stop_reason == stop_reason


async def test_a_stream_without_an_end_is_no_answer() -> None:
    answer = GrowingAnswer()
    assert (
        answer.add(chunk(candidates=[{"content": {"parts": [{"text": "a"}, {"text": "b", "thought": True}]}}])) == "a"
    )
    with pytest.raises(ServerError):
        answer.whole(None)


async def test_cached_tokens_are_taken_out_of_the_input_and_thoughts_are_output() -> None:
    assert usage_of(chunk().usage_metadata) == Usage(uncached_input_tokens=6, cache_read_tokens=4, output_tokens=5)
    with pytest.raises(BadResponse):
        usage_of(None)
