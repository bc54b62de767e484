"""Questions read back from the wire are the questions that were asked: roles, texts, system, calls and their results."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.gateway.exchanges import Body, Exchange
from support.gateway.open import open_gateway
from support.gateway.sent_messages import sent_question, sent_questions
from support.gateway.sessions import SessionStore
from support.gateway.sessions.another_process import found, found_by_another_process
from support.values import CacheKey, CacheMarks, CacheUse, Message, Provider, ToolOutput
from tests.gateway.conftest import Bench
from tests.gateway.session_bench import MODELS, WEATHER, FakeGateway, HandClock, gateway_of, session

pytestmark = pytest.mark.anyio

EVERY = pytest.mark.parametrize("provider", list(Provider))


@EVERY
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_question_comes_back_as_it_was_asked(bench: Bench, provider: Provider, streamed: bool) -> None:
    gateway = open_gateway(bench.endpoint(provider), bench.http, bench.choke)
    asked = [Message(role="user", text="What is the weather in Rome?")]
    options: Any = {"model": MODELS[provider], "max_output_tokens": 300, "system": "Be brief.", "tools": [WEATHER]}
    called = await gateway.chat.ask(asked, **options)
    asked.append(called.turn)
    asked.append(Message(role="user", text="", outputs=(ToolOutput(call_id=called.calls[0].id, output="sunny"),)))
    await gateway.tokens.count(asked, model=MODELS[provider], system="Be brief.")
    if streamed:
        async for _ in gateway.chat.stream(asked, **options):
            pass
    else:
        await gateway.chat.ask(asked, **options)
    first, last = sent_questions(bench.wire.exchanges)
    assert (last.provider, last.model, last.system) == (provider, MODELS[provider], "Be brief.")
    assert first.values == tuple(asked[:1])
    assert last.values[:2] == tuple(asked[:2])
    assert [(one.role, one.text, one.calls, one.outputs) for one in last.messages] == [
        ("user", "What is the weather in Rome?", (), ()),
        ("assistant", "", ("get_weather",), ()),
        ("user", "", (), ("get_weather",)),
    ]
    assert "sunny" in last.values[2].outputs[0].output
    assert last.values[2].outputs[0].call_id == called.calls[0].id


@pytest.mark.parametrize(
    ("provider", "cache"),
    [(Provider.OPENAI, CacheKey(key="k")), (Provider.ANTHROPIC, CacheMarks(system=True)), (Provider.GEMINI, None)],
)
async def test_a_system_text_in_parts(bench: Bench, provider: Provider, cache: CacheUse | None) -> None:
    gateway = open_gateway(bench.endpoint(provider), bench.http, bench.choke)
    hello = [Message(role="user", text="Hello")]
    await gateway.chat.ask(hello, model=MODELS[provider], max_output_tokens=300, system="Be brief.", cache=cache)
    await gateway.chat.ask(hello, model=MODELS[provider], max_output_tokens=300)
    assert [one.system for one in sent_questions(bench.wire.exchanges)] == ["Be brief.", None]


def sent(path: str, body: bytes) -> Exchange:
    request = Body()
    request.add(body)
    return Exchange("POST", path, {}, (), request, 1, 0.0)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "/v1/chat/completions",
            b'{"model":"m","messages":[{"role":"tool","tool_call_id":"c","content":"x"},{"role":"user","content":"y"}]}',
        ),
        (
            "/v1/messages",
            b'{"model":"m","messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"x"}]}]}',
        ),
        (
            "/v1beta/models/m:generateContent",
            b'{"contents":[{"role":"user","parts":[{"functionResponse":{"id":"c","name":"f","response":{"result":"x"}}}]}]}',
        ),
    ],
)
def test_a_result_without_its_call_has_no_name(path: str, body: bytes) -> None:
    question = sent_question(sent(path, body))
    assert question is not None
    assert question.model == "m"
    assert question.messages[0].outputs == ("",)


def test_other_requests_are_passed_over() -> None:
    paths = ("/v1/files", "/v1/messages/count_tokens", "/v1/responses/input_tokens", "/v1beta/models/m:countTokens")
    others = [sent(path, b"{}") for path in paths]
    others.append(replace(sent("/v1/chat/completions?limit=2", b""), method="GET"))
    assert sent_questions(others) == []


async def test_another_process_tells_what_it_finds(tmp_path: Path) -> None:
    kept = session(system="Be brief.")
    await kept.say("hello", gateway=gateway_of(FakeGateway()))
    store = SessionStore(tmp_path, clock=HandClock())
    store.save(kept)
    assert await found_by_another_process(tmp_path, kept.id) == found(kept)
    noted = await found_by_another_process(tmp_path, kept.id, "there")
    assert noted.revision == 2
    assert list(store.load(kept.id).checkpoints) == ["there"]
    with pytest.raises(RuntimeError, match="there is no session nobody"):
        await found_by_another_process(tmp_path, "nobody")
