"""Pictures that a message brings along, on each provider against the running simulator: what is sent, seen, counted and reserved."""

import base64
from pathlib import Path

import pytest

from support.gateway.chat import TOKENS_PER_PICTURE
from support.gateway.open import open_gateway
from support.values import Message, Picture, Provider
from tests.gateway.conftest import ROOT, Bench

pytestmark = pytest.mark.anyio

MODELS = {
    Provider.OPENAI: "gpt-6-luna",
    Provider.ANTHROPIC: "claude-haiku-5-5",
    Provider.GEMINI: "gemini-3.5-flash-lite",
}
SQUARE = Path(ROOT / "fixtures" / "sample.png").read_bytes()
PICTURE = Picture(mime_type="image/png", base64=base64.b64encode(SQUARE).decode())
QUESTION = "Which colours has the picture?"


@pytest.mark.parametrize("provider", Provider)
async def test_a_picture_goes_along_and_is_seen(bench: Bench, provider: Provider) -> None:
    gateway = open_gateway(bench.endpoint(provider), bench.http, bench.choke)
    message = Message(role="user", text=QUESTION, pictures=(PICTURE,))
    answer = await gateway.chat.ask([message], model=MODELS[provider], max_output_tokens=64)
    assert "blue" in answer.text.lower()
    spelled = base64.urlsafe_b64encode if provider is Provider.GEMINI else base64.b64encode
    assert spelled(SQUARE) in bytes(bench.wire.exchanges[-1].request.kept)
    without = await gateway.chat.ask(
        [Message(role="user", text=QUESTION)], model=MODELS[provider], max_output_tokens=64
    )
    assert "blue" not in without.text.lower()


@pytest.mark.parametrize("provider", Provider)
async def test_a_picture_is_counted_and_reserved(bench: Bench, provider: Provider) -> None:
    gateway = open_gateway(bench.endpoint(provider), bench.http, bench.choke)
    message = Message(role="user", text=QUESTION, pictures=(PICTURE,))
    answer = await gateway.chat.ask([message], model=MODELS[provider], max_output_tokens=64)
    counted = await gateway.tokens.count([message], model=MODELS[provider])
    assert counted == answer.usage.input_tokens
    bound = bench.purse.reserved[0].bound
    assert bound is not None
    assert bound.input_tokens > TOKENS_PER_PICTURE


def test_the_size_of_a_picture_is_that_of_its_bytes() -> None:
    assert PICTURE.size_bytes == len(SQUARE)
    assert PICTURE.base64 not in repr(PICTURE)
