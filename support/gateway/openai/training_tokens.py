"""Tokens of training data, by the provider's own counting endpoint: examples in the spelling of its Responses API."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from support.catalogue.limits import tuning_limits
from support.gateway.openai.tokens import OpenAITokens
from support.gateway.refusing import refused
from support.values import Provider, TrainingData

MOST_COUNTED = 200
"""Examples of a file that are counted, one request each, which is free; of a longer file so many, evenly spread."""
AT_ONCE = 8
"""Requests under way."""


class Counted(NamedTuple):
    """Tokens of one pass over a file."""

    tokens: int
    exact: bool
    """Whether every example was counted; else a sample was, and scaled by the size of the lines."""


def identity(path: str) -> tuple[str, int, int]:
    """A file as it is now: where it lies, its size, the time of its last change."""
    state = Path(path).stat()
    return str(Path(path).resolve()), state.st_size, state.st_mtime_ns


def lines_and_bytes(path: Path) -> tuple[int, int]:
    """How long a file is."""
    with path.open("rb") as file:
        return sum(1 for _ in file), file.tell()


async def counted(tokens: OpenAITokens, training: TrainingData, model: str) -> Counted:
    """Of a file that nothing is wrong with. Raises InvalidRequest for an example that is too long to be learned from."""
    every = max(1, -(-training.examples // MOST_COUNTED))
    room = asyncio.Semaphore(AT_ONCE)
    longest = tuning_limits(Provider.OPENAI).max_example_tokens

    async def count(number: int, line: bytes) -> tuple[int, int]:
        async with room:
            found = await tokens.count_request(request_of(from_json(line), model))
        if found > longest:
            said = f"has {found} tokens; the longest example that is learned from has {longest}"
            raise refused(Provider.OPENAI, f"line {number}", said)
        return found, len(line)

    tasks = [asyncio.ensure_future(count(number, line)) for number, line in _sample(Path(training.path), every)]
    try:
        sizes = await asyncio.gather(*tasks)
    finally:
        for task in tasks:  # after a failure the others need not go on
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    total = sum(found for found, _ in sizes)
    if every == 1:
        return Counted(total, exact=True)
    share = training.size_bytes / sum(size for _, size in sizes)
    return Counted(round(total * share), exact=False)


def _sample(path: Path, every: int) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if (number - 1) % every == 0 and line.strip():
                yield number, line


def request_of(example: Mapping[str, Any], model: str) -> dict[str, Any]:
    """All that one example is read as: its messages, the answers of a preference, and its tools."""
    holder = example.get("input", example)
    messages = [
        *holder["messages"],
        *(one for key in ("preferred_output", "non_preferred_output") for one in example.get(key, ())),
    ]
    request: dict[str, Any] = {"model": model, "input": [item for one in messages for item in _items(one)]}
    if tools := [_tool(tool) for tool in holder.get("tools") or ()]:
        request["tools"] = tools
    return request


def _items(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Calls of functions count as what stands in the file: that is what is learned, and never less than the call itself.

    As text they need no output after them, which an example may lack, and so what came of a call is text too.
    """
    role, content = message["role"], message.get("content")
    calls = message.get("tool_calls") or message.get("function_call")
    said = content or message.get("refusal") or ""
    if isinstance(said, list) or calls:
        parts = said if isinstance(said, list) else [{"type": "text", "text": said}] if said else []
        if calls:
            parts = [*parts, {"type": "text", "text": to_json(calls).decode()}]
        said = _parts(role, parts)
    return [{"role": "user" if role in ("tool", "function") else role, "content": said}]


def _parts(role: str, content: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in content:
        if part["type"] == "image_url":
            image = part["image_url"]
            detail = {"detail": image["detail"]} if image.get("detail") else {}
            found.append({"type": "input_image", "image_url": image["url"], **detail})
        elif role == "assistant":
            found.append({"type": "output_text", "text": part[part["type"]], "annotations": []})
        else:
            found.append({"type": "input_text", "text": part[part["type"]]})
    return found


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = tool[tool["type"]]
    return {
        "type": "function",
        "name": function["name"],
        "description": function.get("description") or "",
        "parameters": function.get("parameters") or {},
        "strict": False,
    }
