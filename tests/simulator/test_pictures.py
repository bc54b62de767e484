"""What the toy model sees of a picture, through each provider's own form of showing one."""

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.simulator.account import Account

QUESTION = "Which colours has the picture?"
LIMIT = 1000


def picture(colour: str, kind: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (20, 10), colour).save(made, format=kind)
    return made.getvalue()


def openai(account: Account, data: bytes, mime_type: str) -> str:
    url = f"data:{mime_type};base64,{base64.b64encode(data).decode()}"
    parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": QUESTION}]
    body = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": parts}], "max_completion_tokens": LIMIT}
    with account.client("OpenAI") as http:
        answer = http.post("/v1/chat/completions", json=body).raise_for_status().json()
    return str(answer["choices"][0]["message"]["content"])


def responses(account: Account, data: bytes, mime_type: str) -> str:
    url = f"data:{mime_type};base64,{base64.b64encode(data).decode()}"
    parts = [{"type": "input_image", "image_url": url}, {"type": "input_text", "text": QUESTION}]
    body = {"model": "gpt-6-luna", "input": [{"role": "user", "content": parts}], "max_output_tokens": LIMIT}
    with account.client("OpenAI") as http:
        answer = http.post("/v1/responses", json=body).raise_for_status().json()
    return "".join(part["text"] for item in answer["output"] for part in item.get("content", ()))


def anthropic(account: Account, data: bytes, mime_type: str) -> str:
    source = {"type": "base64", "media_type": mime_type, "data": base64.b64encode(data).decode()}
    blocks: list[dict[str, Any]] = [{"type": "image", "source": source}, {"type": "text", "text": QUESTION}]
    body = {"model": "claude-haiku-5-5", "max_tokens": LIMIT, "messages": [{"role": "user", "content": blocks}]}
    with account.client("Anthropic") as http:
        answer = http.post("/v1/messages", json=body).raise_for_status().json()
    return "".join(block["text"] for block in answer["content"] if block["type"] == "text")


def gemini(account: Account, data: bytes, mime_type: str) -> str:
    shown = {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}
    body = {"contents": [{"role": "user", "parts": [shown, {"text": QUESTION}]}]}
    with account.client("Gemini") as http:
        answer = http.post("/v1beta/models/gemini-3.5-flash-lite:generateContent", json=body).raise_for_status().json()
    return str(answer["candidates"][0]["content"]["parts"][0]["text"])


Ask = Callable[[Account, bytes, str], str]


@pytest.mark.parametrize("ask", [openai, responses, anthropic, gemini])
def test_the_colours_of_a_picture_are_seen(tenant: Account, ask: Ask) -> None:
    for colour in ("red", "blue"):
        said = ask(tenant, picture(colour, "PNG"), "image/png").lower()
        assert colour in said
        assert {"red": "blue", "blue": "red"}[colour] not in said


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_pictures_come_in_four_forms(tenant: Account, kind: str) -> None:
    assert "yellow" in anthropic(tenant, picture("#fadc1e", kind), f"image/{kind.lower()}").lower()


@pytest.mark.parametrize("ask", [openai, anthropic, gemini])
def test_a_broken_picture_is_not_seen(tenant: Account, ask: Ask) -> None:
    assert "red" not in ask(tenant, picture("red", "PNG")[:40], "image/png").lower()


def test_a_picture_that_would_fill_the_memory_is_not_opened(tenant: Account) -> None:
    huge = io.BytesIO()
    Image.new("1", (40_000, 40_000)).save(huge, format="PNG", compress_level=9)
    said = gemini(tenant, huge.getvalue(), "image/png")
    assert "pixels" not in said
    assert "black" not in said
