"""The models that OpenAI serves: a list, and what each can do as far as an answer shows it.

`models.json`: names, dates and owners are those of the recordings of the models list (2023-10 to 2026-08-17), of openai
3.54.0's ChatModel and of provider-facts 11 to 13. What is not `listed` is retired, yet answered: old programs and
recordings still name it. Windows and output limits: provider-facts 12, else the provider's model pages of their time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Use = Literal["chat", "responses", "embeddings", "other"]

_NOT_CHAT = (
    "image", "realtime", "transcribe", "tts", "instruct", "live", "whisper", "sora", "dall-e", "moderation", "embedding",
    "translate", "search-api", "code-search", "text-", "davinci", "babbage", "curie", "ada",
)  # fmt: skip
_RESPONSES_ONLY = ("-pro", "codex", "deep-research", "computer-use")


@dataclass(frozen=True, slots=True)
class Model:
    """One model by one of its names. `snapshot` is the dated name under which it answers."""

    id: str
    created: int
    owned_by: str
    shutdown_date: str | None
    listed: bool
    snapshot: str
    use: Use
    reasoning: bool
    audio: bool
    window: int
    max_output: int
    efforts: tuple[str, ...]
    """How much it may be told to reason; empty for one that does not."""
    default_effort: str
    only_without_reasoning: bool
    """Whether chat completions offer it functions only with effort `none` (provider-facts 12)."""
    fingerprint: str | None
    shows_logprobs: bool
    """Whether every choice carries `logprobs`, null where none were asked for (recordings: not since gpt-5)."""
    caches: bool
    """Whether prefixes of its prompts are cached (gpt-4o and newer)."""
    keeps_in_memory: bool
    """Whether a prompt may be cached in memory alone (not since gpt-5.5)."""
    counts_cache_writes: bool
    """Whether it caches at breakpoints, and usage tells what was written there (gpt-5.6 and later)."""


@cache
def catalogue() -> dict[str, Model]:
    """All models by name, in the order of the list."""
    entries = json.loads(Path(__file__).with_name("models.json").read_text(encoding="utf-8"))
    return {entry["id"]: _described(entry) for entry in entries}


def find(name: str) -> Model | None:
    """The model of that name; None where there is none."""
    return catalogue().get(name)


def _described(entry: dict[str, Any]) -> Model:
    name: str = entry["id"]
    version = _version(name)
    reasoning = name.startswith(("o1", "o3", "o4")) or (version >= 5 and "chat-latest" not in name)
    audio = "audio" in name
    window, max_output = _limits(name, version)
    return Model(
        id=name,
        created=entry["created"],
        owned_by=entry["owned_by"],
        shutdown_date=entry["shutdown_date"],
        listed=entry.get("listed", True),
        snapshot=entry.get("snapshot", name),
        use=_use(name),
        reasoning=reasoning,
        audio=audio,
        window=window,
        max_output=max_output,
        efforts=_efforts(version) if reasoning else (),
        default_effort="none" if 5.1 <= version < 5.6 or not reasoning else "medium",
        only_without_reasoning=version >= 6,
        fingerprint=None if version >= 5 or name.startswith(("gpt-3.5", "o")) else f"fp_{_digest(name):010x}",
        shows_logprobs=version < 5 and not audio,
        caches=reasoning or version >= 4.1 or ("4o" in name and name != "gpt-4o-2024-05-13"),
        keeps_in_memory=version < 5.5,
        counts_cache_writes=version >= 5.6,
    )


def _use(name: str) -> Use:
    if name.startswith("text-embedding"):
        return "embeddings"
    if any(mark in name for mark in _NOT_CHAT):
        return "other"
    return "responses" if any(mark in name for mark in _RESPONSES_ONLY) else "chat"


def _version(name: str) -> float:
    """5.6 of gpt-5.6-luna; 0 where the name has none."""
    kind, _, rest = name.partition("-")
    if kind != "gpt":
        return 0.0
    try:
        return float(rest.partition("-")[0].removesuffix("o"))
    except ValueError:
        return 0.0


def _limits(name: str, version: float) -> tuple[int, int]:
    """Tokens of the window and of the longest answer."""
    if version >= 5.6 or name.startswith("gpt-5.5"):
        return 1_050_000, 128_000
    if version >= 5:
        return 400_000, 128_000
    if name.startswith("gpt-4.1"):
        return 1_047_576, 32_768
    if name.startswith(("o1", "o3", "o4")):
        return 200_000, 100_000
    if name.startswith("gpt-3.5"):
        return 16_385, 4_096
    if name.startswith("gpt-4-32k"):
        return 32_768, 32_768
    if name in ("gpt-4", "gpt-4-0613", "gpt-4-0314"):
        return 8_192, 8_192
    if name.startswith("gpt-4-"):
        return 128_000, 4_096
    return 128_000, 16_384


def _efforts(version: float) -> tuple[str, ...]:
    if version >= 5.6:
        return ("none", "low", "medium", "high", "xhigh", "max")
    if version >= 5.1:
        return ("none", "low", "medium", "high", "xhigh")
    return ("minimal", "low", "medium", "high") if version >= 5 else ("low", "medium", "high")


def _digest(name: str) -> int:
    """The same ten hexadecimal digits for the same name, in every process."""
    value = 0x72ED7AB54C
    for character in name:
        value = (value * 33 + ord(character)) & 0xFFFFFFFFFF
    return value
