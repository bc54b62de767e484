"""Bad bytes: whatever comes, each provider answers in its own envelope, never with a 500, and goes on serving.

`TOUCHSTONE_BAD_REQUESTS` says how many malformed requests are sent (10,000 in all, over the three providers and the control plane).
"""

import asyncio
import json
import os
import random
from typing import Any

import httpx
import pytest

from tests.simulator.account import Account

REQUESTS = int(os.environ.get("TOUCHSTONE_BAD_REQUESTS", "10000"))
AT_ONCE = 16
PATHS = {
    "OpenAI": [
        "/v1/files",
        "/v1/files/file-x",
        "/v1/files/file-x/content",
        "/v1/models",
        "/v1/models/x",
        "/v1/chat/completions",
        "/v1/responses/input_tokens",
    ],
    "Anthropic": [
        "/v1/files",
        "/v1/files/file_x",
        "/v1/files/file_x/content",
        "/v1/models",
        "/v1/models/x",
        "/v1/messages",
        "/v1/messages/count_tokens",
    ],
    "Gemini": [
        "/v1beta/files",
        "/v1/files/x",
        "/upload/v1beta/files",
        "/upload/v1/files?upload_id=none",
        "/v1beta/models",
        "/v1beta/models/gemini-3.5-flash-lite:generateContent",
        "/v1/models/gemini-3.5-flash-lite:streamGenerateContent?alt=sse",
        "/v1beta/models/gemini-3.5-flash-lite:countTokens",
    ],
}
METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "PROPFIND"]
TYPES = [
    "application/json",
    "application/json; charset=utf-16",
    "text/plain",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "y" * 200,
    "application/octet-stream",
    "",
    "nonsense;;;=",
]
WORDS: list[Any] = [
    None,
    True,
    -1,
    0,
    1e308,
    10**30,
    "",
    "x",
    "\u0000",
    "é" * 50,
    [],
    {},
    [[[]]],
    {"a": {"b": []}},
    "gpt-6-luna",
    "claude-haiku-5-5",
    [{"role": "user"}],
    [{"role": "user", "content": [{"type": "text"}]}],
    [{"role": "user", "content": "hi"}],
    [{"parts": [{"text": 5}]}],
    {"type": "json_schema"},
]
FIELDS = [
    "model",
    "messages",
    "max_tokens",
    "max_completion_tokens",
    "stream",
    "tools",
    "tool_choice",
    "response_format",
    "stop",
    "n",
    "system",
    "contents",
    "generationConfig",
    "systemInstruction",
    "input",
    "file",
    "purpose",
    "expires_after",
    "unknown",
    "temperature",
    "output_config",
    "safetySettings",
]


def a_body(dice: random.Random) -> bytes:
    """A body that is wrong in one of many ways."""
    match dice.randrange(9):
        case 0:
            return b""
        case 1:
            return dice.randbytes(dice.randrange(1, 400))
        case 2:
            return b'{"model": "gpt-6-luna", "messages": [' * dice.randrange(1, 300)
        case 3:
            return json.dumps(dice.choice(WORDS)).encode("utf-16")
        case 4:
            return b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc' + dice.choice(
                [b"", b"\r\n--x", b"\r\n--x--\r\n"]
            )
        case 5:
            return b"--x\r\n" + dice.randbytes(60) + b"\r\n--x--\r\n"
        case 6:
            return json.dumps(dice.choice(WORDS)).encode()
        case _:
            return json.dumps({dice.choice(FIELDS): dice.choice(WORDS) for _ in range(dice.randrange(1, 7))}).encode()


def headers_of(dice: random.Random, provider: str, account: Account) -> dict[str, str]:
    key = account.keys[provider] if dice.random() < 0.9 else dice.choice(["-", "nobody", "sim-", "é"])
    mine = {
        "OpenAI": {"authorization": f"Bearer {key}"},
        "Anthropic": {
            "x-api-key": key,
            "anthropic-version": dice.choice(["2026-10-21"] * 4 + ["2023-06-01", "tomorrow"]),
        },
        "Gemini": {"x-goog-api-key": key},
    }[provider]
    more = {"content-type": dice.choice(TYPES)}
    if dice.random() < 0.1:
        more["content-encoding"] = dice.choice(["gzip", "br", "nonsense"])
    if dice.random() < 0.1:
        more[f"x-odd-{dice.randrange(99)}"] = "v" * dice.randrange(1, 3000)
    if provider == "Gemini" and dice.random() < 0.4:
        more["x-goog-upload-command"] = dice.choice(["start", "upload", "upload, finalize", "query", "cancel", "dance"])
        more["x-goog-upload-protocol"] = dice.choice(["resumable", "raw", "multipart"])
        more["x-goog-upload-offset"] = dice.choice(["0", "-1", "x", "99999999999"])
    return {**mine, **more}


def a_path(dice: random.Random, provider: str) -> str:
    path = dice.choice(PATHS[provider])
    odd = dice.random()
    if odd < 0.1:
        path += dice.choice(["/%ff%fe", "/..%2f..", "//", "/" + "a" * 3000, "/%00", ";v=1", "%zz"])
    elif odd < 0.3:
        joint = "&" if "?" in path else "?"
        path += joint + dice.choice(
            [
                "limit=-1",
                "limit=x",
                "limit=1&limit=2",
                "after=%ff",
                "page=none",
                "pageSize=1e9",
                "pageToken=%00",
                "ids[]=",
                "order=up",
                "a" * 500,
                "=&=&=",
            ]
        )
    return path


def wrong_shape(provider: str, status: int, content: bytes) -> str | None:
    """What is wrong with a refusal, or None."""
    try:
        answer = json.loads(content)
    except ValueError:
        return f"no JSON: {content[:80]!r}"
    if isinstance(answer, list) and provider == "Gemini" and len(answer) == 1:
        answer = answer[0]  # a stream's error comes in an array (provider-facts 1.3)
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return f"no error in it: {content[:80]!r}"
    if provider == "OpenAI" and not {"message", "type", "param", "code"} <= error.keys():
        return f"keys {sorted(error)}"
    if provider == "Anthropic" and (
        answer.get("type") != "error" or not {"type", "message"} <= error.keys() or "request_id" not in answer
    ):
        return f"keys {sorted(answer)} {sorted(error)}"
    if provider == "Gemini" and (error.get("code") != status or not {"message", "status"} <= error.keys()):
        return f"keys {sorted(error)}, code {error.get('code')} of {status}"
    return None


@pytest.mark.parametrize("provider", list(PATHS))
def test_malformed_requests_get_the_providers_own_refusal(provider: str, open_tenant: Any) -> None:
    account = open_tenant()
    dice = random.Random(f"bad bytes for {provider}")
    wrong: list[str] = []
    refused = 0

    async def one(client: httpx.AsyncClient) -> None:
        nonlocal refused
        method, path, headers, body = (
            dice.choice(METHODS),
            a_path(dice, provider),
            headers_of(dice, provider, account),
            a_body(dice),
        )
        request = client.build_request(
            method,
            account.url,
            headers={name: value.encode("latin-1") for name, value in headers.items()},
            content=body,
        )
        request.url = httpx.URL(account.url).copy_with(raw_path=path.encode())
        answer = await client.send(request)
        if answer.status_code >= 500:
            wrong.append(f"{answer.status_code} for {method} {path} {headers} {body[:120]!r}")
        elif answer.status_code >= 400:
            refused += 1
            shape = wrong_shape(provider, answer.status_code, answer.content)
            if shape is not None:
                wrong.append(f"{shape} for {method} {path} {headers} {body[:120]!r}")

    async def worker(client: httpx.AsyncClient, times: int) -> None:
        for _ in range(times):
            await one(client)

    async def all_of_them() -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            await asyncio.gather(*(worker(client, REQUESTS // len(PATHS) // AT_ONCE) for _ in range(AT_ONCE)))

    asyncio.run(all_of_them())
    assert wrong[:5] == [], f"{len(wrong)} answers were wrong"
    assert refused > REQUESTS // 6
    assert account.plane.get("/_simulator/health").json()["ok"] is True


def test_the_control_plane_refuses_what_it_does_not_know(plane: httpx.Client) -> None:
    dice = random.Random("bad bytes for the control plane")
    paths = [
        "tenants",
        "tenants/none",
        "tenants/none/clock",
        "tenants/none/faults",
        "tenants/none/deviation",
        "deviations",
        "nothing",
    ]
    for _ in range(REQUESTS // 20):
        body = a_body(dice)
        answer = plane.request(dice.choice(METHODS[:5]), f"/_simulator/{dice.choice(paths)}", content=body)
        assert answer.status_code < 500, (answer.request.url, body)
        if answer.status_code >= 400:
            assert isinstance(answer.json()["error"], str), answer.text
    assert plane.post("/_simulator/tenants", json={"nwo": "2026-11-22T10:00:00Z"}).status_code == 422
