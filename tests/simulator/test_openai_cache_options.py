"""What OpenAI's simulated chat completions refuse of what is said about caching (openai 3.54.0's types)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.simulator.account import Account

OLD, NEW = "gpt-4.1", "gpt-6-luna"


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("OpenAI") as client:
        yield client


def ask(http: httpx.Client, model: str, mark: Any = None, **body: Any) -> httpx.Response:
    part = {"type": "text", "text": "Answer exactly: yes"}
    if mark is not None:
        part["prompt_cache_breakpoint"] = mark
    messages = [{"role": "user", "content": [part]}]
    return http.post("/v1/chat/completions", json={"model": model, "messages": messages, **body})


MARK = "messages[0].content[0].prompt_cache_breakpoint"


@pytest.mark.parametrize(
    ("model", "asked", "param", "code", "message"),
    [
        (OLD, {"prompt_cache_options": {"mode": "implicit"}}, "prompt_cache_options", "invalid_parameter",
         "prompt_cache_options is not supported on this model"),
        ("gpt-5.5", {"prompt_cache_options": {}}, "prompt_cache_options", "invalid_parameter",
         "prompt_cache_options is not supported on this model"),
        (OLD, {"mark": {"mode": "explicit"}}, "prompt_cache_breakpoint", "invalid_parameter",
         "prompt_cache_breakpoint is not supported on this model"),
        (NEW, {"prompt_cache_options": "explicit"}, "prompt_cache_options", "invalid_type", "expected an object"),
        (NEW, {"prompt_cache_options": {"mode": "auto"}}, "prompt_cache_options.mode", "invalid_value",
         "Invalid value: 'auto'. Supported values are: 'implicit' and 'explicit'."),
        (NEW, {"prompt_cache_options": {"ttl": "24h"}}, "prompt_cache_options.ttl", "invalid_value",
         "Invalid value: '24h'. Supported values are: '30m'."),
        (NEW, {"prompt_cache_options": {"ttl": 30}}, "prompt_cache_options.ttl", "invalid_type", "got an integer"),
        (NEW, {"prompt_cache_options": {"life": "30m"}}, "prompt_cache_options.life", "unknown_parameter",
         "Unknown parameter: 'prompt_cache_options.life'."),
        (NEW, {"mark": {}}, f"{MARK}.mode", "missing_required_parameter", f"Missing required parameter: '{MARK}.mode'."),
        (NEW, {"mark": True}, MARK, "invalid_type", "got a boolean"),
        (NEW, {"mark": {"mode": "implicit"}}, f"{MARK}.mode", "invalid_value", "Supported values are: 'explicit'."),
        (NEW, {"mark": {"mode": "explicit", "ttl": "1h"}}, f"{MARK}.ttl", "invalid_value", "'30m' and '12h'"),
        (NEW, {"mark": {"mode": "explicit", "x": 1}}, f"{MARK}.x", "unknown_parameter", "Unknown parameter"),
        (NEW, {"prompt_cache_retention": "in_memory"}, "prompt_cache_retention", "unsupported_value", "'24h'"),
        ("gpt-5.5", {"prompt_cache_retention": "in_memory"}, "prompt_cache_retention", "unsupported_value", "'24h'"),
        (OLD, {"prompt_cache_retention": "12h"}, "prompt_cache_retention", "invalid_value", "Invalid value: '12h'."),
        (OLD, {"prompt_cache_key": 7}, "prompt_cache_key", "invalid_type", "expected a string"),
    ],
)  # fmt: skip
def test_what_a_model_does_not_take_is_refused(
    http: httpx.Client, model: str, asked: dict[str, Any], param: str, code: str, message: str
) -> None:
    response = ask(http, model, **asked)
    error = response.json()["error"]
    assert (response.status_code, error["param"], error["code"]) == (400, param, code), error
    assert message in error["message"]


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        (NEW, {"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}, "prompt_cache_key": "a"}),
        (NEW, {"prompt_cache_options": {}, "mark": {"mode": "explicit", "ttl": None}}),
        (NEW, {"prompt_cache_retention": "24h"}),
        (OLD, {"prompt_cache_retention": "in_memory", "prompt_cache_key": "a"}),
        (OLD, {"prompt_cache_options": None, "prompt_cache_retention": None, "prompt_cache_key": None}),
    ],
)
def test_what_a_model_takes_is_answered(http: httpx.Client, model: str, asked: dict[str, Any]) -> None:
    response = ask(http, model, **asked)
    assert response.status_code == 200, response.text
    assert response.json()["choices"][0]["message"]["content"] == "yes"
