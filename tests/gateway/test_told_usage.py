"""What a provider told of an answer's tokens, read back from the wire; and answers that are scripted, in each provider's form."""

import json
from typing import Any

import anthropic.types
import openai.types.chat
import pytest
from google.genai import types as gemini

from support.gateway.exchanges import Body, Exchange
from support.gateway.told_usage import told_usage
from support.scripted_answers import scripted_answer
from support.values import Provider, Usage
from tests.gateway.session_bench import MODELS

TYPES: dict[Provider, Any] = {
    Provider.OPENAI: openai.types.chat.ChatCompletion,
    Provider.ANTHROPIC: anthropic.types.Message,
    Provider.GEMINI: gemini.GenerateContentResponse,
}
EVENTS = {
    Provider.OPENAI: [
        {"choices": [{"delta": {"content": "a"}}], "usage": None},
        {
            "choices": [],
            "usage": {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}},
        },
    ],
    Provider.ANTHROPIC: [
        {
            "type": "message_start",
            "message": {"usage": {"input_tokens": 5, "cache_read_input_tokens": 4, "output_tokens": 1}},
        },
        {"type": "content_block_delta", "delta": {"text": "a"}},
        {"type": "message_delta", "usage": {"output_tokens": 5}},
    ],
    Provider.GEMINI: [
        {"usageMetadata": {"promptTokenCount": 9}},
        {
            "usageMetadata": {
                "promptTokenCount": 9,
                "cachedContentTokenCount": 4,
                "candidatesTokenCount": 2,
                "thoughtsTokenCount": 3,
            }
        },
    ],
}


def exchange(content: bytes, content_type: str = "application/json", status: int = 200) -> Exchange:
    made = Exchange("POST", "/", {}, (), Body(), 1, 0.0, status, {"content-type": content_type})
    made.response.add(content)
    return made


@pytest.mark.parametrize("provider", list(Provider))
def test_a_scripted_answer_is_one_of_the_sdk_and_tells_its_tokens(provider: Provider) -> None:
    usage = Usage(uncached_input_tokens=14, cache_read_tokens=16, output_tokens=12)
    body = scripted_answer(provider, MODELS[provider], usage)
    assert TYPES[provider].model_validate(body)
    assert told_usage(exchange(json.dumps(body).encode())) == usage


@pytest.mark.parametrize("provider", list(Provider))
def test_a_stream_tells_its_tokens_once(provider: Provider) -> None:
    lines = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in EVENTS[provider])
    told = told_usage(exchange(lines + b"data: [DONE]\n\n", "text/event-stream; charset=utf-8"))
    assert told == Usage(uncached_input_tokens=5, cache_read_tokens=4, output_tokens=5)


def test_writes_to_a_cache_stand_apart() -> None:
    told = {
        "usage": {
            "input_tokens": 3,
            "cache_creation_input_tokens": 9,
            "cache_creation": {"ephemeral_1h_input_tokens": 2},
            "output_tokens": 1,
        }
    }
    wanted = Usage(uncached_input_tokens=3, cache_write_5m_tokens=7, cache_write_1h_tokens=2, output_tokens=1)
    assert told_usage(exchange(json.dumps(told).encode())) == wanted


@pytest.mark.parametrize("content", [b"{}", b"not json", b"", b"[1]", b'{"input_tokens": 7}'])
def test_what_is_no_answer_tells_nothing(content: bytes) -> None:
    assert told_usage(exchange(content)) is None


def test_a_refusal_tells_nothing() -> None:
    body = scripted_answer(Provider.OPENAI, "m", Usage(output_tokens=1))
    assert told_usage(exchange(json.dumps(body).encode(), status=429)) is None
