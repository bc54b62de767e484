"""LL-23: a chat takes the same options from every provider, and refuses one that it does not know."""

import inspect
from typing import Any

import pytest

from support.errors import InvalidRequest
from support.gateway.capabilities import Chat
from support.gateway.chat import OPTIONS
from support.gateway.open import open_gateway
from support.values import Message, Provider
from tests.gateway.conftest import Bench

MODELS = {
    Provider.OPENAI: "gpt-4o-mini",
    Provider.ANTHROPIC: "claude-haiku-4-5",
    Provider.GEMINI: "gemini-3.5-flash-lite",
}
QUESTION = (Message(role="user", text='Answer exactly "ALPHA".'),)


def chat_of(bench: Bench, provider: Provider) -> Any:
    """Untyped: a type checker would refuse what is tried here."""
    return open_gateway(bench.endpoint(provider), bench.http, bench.choke).chat


@pytest.mark.anyio
@pytest.mark.parametrize("provider", list(Provider))
@pytest.mark.parametrize("option", ["max_tokens", "temprature", "max_completion_tokens", "generation_config"])
@pytest.mark.parametrize("how", ["ask", "stream"])
async def test_an_unknown_option_is_refused_by_its_name_and_nothing_is_sent(
    bench: Bench, provider: Provider, option: str, how: str
) -> None:
    ask = getattr(chat_of(bench, provider), how)

    async def asked() -> None:
        answer = ask(QUESTION, model=MODELS[provider], max_output_tokens=16, **{option: 8})
        assert how == "ask", "a stream is refused before it is one"
        await answer

    with pytest.raises(InvalidRequest) as refused:
        await asked()
    assert (refused.value.kind, refused.value.provider, refused.value.param) == ("invalid_request", provider, option)
    assert all(known in refused.value.message for known in OPTIONS), refused.value.message
    assert (bench.wire.exchanges, bench.purse.reserved) == ([], [])


@pytest.mark.anyio
@pytest.mark.parametrize("provider", list(Provider))
async def test_the_options_there_are_are_taken_by_every_provider(bench: Bench, provider: Provider) -> None:
    said: dict[str, Any] = {
        "model": MODELS[provider],
        "max_output_tokens": 16,
        "system": "Be brief.",
        "stop": ("ZULU",),
        "cache": None,
        "tools": (),
        "tool_choice": "auto",
        "schema": None,
    }
    assert tuple(said) == OPTIONS
    chat = chat_of(bench, provider)
    assert (await chat.ask(QUESTION, **said)).text == "ALPHA"
    assert "".join([text async for text in chat.stream(QUESTION, **said)]) == "ALPHA"
    first, second = bench.wire.exchanges
    for sent in (first, second):
        body = bytes(sent.request.kept).decode()
        assert "Be brief." in body
        assert "ZULU" in body


@pytest.mark.anyio
@pytest.mark.parametrize("provider", list(Provider))
@pytest.mark.parametrize("how", ["ask", "stream"])
async def test_the_options_are_those_that_the_vocabulary_promises(bench: Bench, provider: Provider, how: str) -> None:
    def named(taker: Any) -> dict[str, inspect.Parameter]:
        shown = inspect.signature(getattr(taker, how)).parameters.values()
        return {one.name: one for one in shown if one.name != "self" and one.kind is not one.VAR_KEYWORD}

    promised = named(Chat)
    assert tuple(promised) == ("messages", *OPTIONS)
    taken = named(chat_of(bench, provider))
    assert {name: one.default for name, one in taken.items()} == {name: one.default for name, one in promised.items()}
