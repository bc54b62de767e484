"""The models that Anthropic serves here: current ones and those retired in recent years (provider-facts 10 to 12).

Ids and days of retirement: SDK 2.12 (`Model`, `DEPRECATED_MODELS`). Names, releases, windows, output limits and capabilities of
2025-08 to 2026-07: recordings of anthropic models. claude-haiku-5-5: provider-facts 10. Shortest cached prefixes: provider-facts
3.3 and the provider's guide on prompt caching (2026-10). Unverified: those of Haiku, Sonnet and Opus 5.5, of Fable and Mythos 5.2
and of Haiku 3; the releases of the other
models after 2026-07 and of Mythos, their capabilities, the windows and limits of Claude 3, all days of deprecation, and the
retirement of Opus 4.1, Sonnet 3.5 and Haiku 3 (the provider's announcements).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

Lifecycle = Literal["active", "deprecated", "retired"]

ALL_EFFORTS = ("low", "medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True)
class Generation:
    """What models of one time have in common. `thinking` are the accepted values of `thinking.type` but `disabled`."""

    window: int = 1_000_000
    output: int = 128_000
    efforts: tuple[str, ...] = ALL_EFFORTS
    thinking: tuple[str, ...] = ("adaptive", "between_tools")
    calls_tools_from_code: bool = True
    compacts: bool = True
    structures: bool = True
    prefill: bool = False
    inference_geo: str = "global"
    cached_from: int = 1_024
    """Tokens of the shortest prefix that is cached."""


FIFTH = Generation()
FIFTH_LARGE = replace(FIFTH, cached_from=512)
FOURTH_LATE = Generation(thinking=("adaptive",))
OPUS_4_7 = replace(FOURTH_LATE, cached_from=2_048)
OPUS_4_6 = Generation(efforts=("low", "medium", "high", "max"), thinking=("enabled", "adaptive"), cached_from=4_096)
MYTHOS_PREVIEW = replace(OPUS_4_6, cached_from=2_048)
SONNET_4_6 = Generation(efforts=("low", "medium", "high", "max"), thinking=("enabled", "adaptive"), prefill=True)
OPUS_4_5 = Generation(
    200_000,
    64_000,
    ("low", "medium", "high"),
    ("enabled",),
    compacts=False,
    prefill=True,
    inference_geo="not_available",
    cached_from=4_096,
)
SONNET_4_5 = Generation(
    1_000_000, 64_000, (), ("enabled",), compacts=False, prefill=True, inference_geo="not_available"
)
HAIKU_4_5 = Generation(200_000, 64_000, (), ("enabled",), False, False, True, True, "not_available", 4_096)
OPUS_4_1 = Generation(200_000, 32_000, (), ("enabled",), False, False, True, True, "not_available")
OPUS_4 = Generation(200_000, 32_000, (), ("enabled",), False, False, False, True, "not_available")
SONNET_4 = Generation(1_000_000, 64_000, (), ("enabled",), False, False, False, True, "not_available")
SONNET_3_7 = Generation(200_000, 128_000, (), ("enabled",), False, False, False, True, "not_available")
CLAUDE_3_5 = Generation(200_000, 8_192, (), (), False, False, False, True, "not_available")
HAIKU_3_5 = replace(CLAUDE_3_5, cached_from=2_048)
CLAUDE_3 = Generation(200_000, 4_096, (), (), False, False, False, True, "not_available")
HAIKU_3 = replace(CLAUDE_3, cached_from=2_048)


@dataclass(frozen=True, slots=True)
class Model:
    """A model by its full id; `aliases` are the shorter names it answers to."""

    id: str
    display_name: str
    line: str
    released: datetime
    generation: Generation
    aliases: tuple[str, ...] = ()
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None

    def lifecycle(self, now: datetime) -> Lifecycle:
        """`retired` from its last day on, `deprecated` from the announcement of that day on."""
        if self.retires_at is not None and now >= self.retires_at:
            return "retired"
        if self.deprecated_at is not None and now >= self.deprecated_at:
            return "deprecated"
        return "active"


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _model(
    model_id: str, name: str, released: str, generation: Generation, *aliases: str, ends: tuple[str, str] | None = None
) -> Model:
    line = next(line for line in ("haiku", "sonnet", "opus", "fable", "mythos") if line in model_id)
    deprecated_at, retires_at = (_day(ends[0]), _day(ends[1])) if ends else (None, None)
    return Model(model_id, f"Claude {name}", line, _day(released), generation, aliases, deprecated_at, retires_at)


# Newest first, as they are listed.
MODELS = (
    _model("claude-fable-5-2", "Fable 5.2", "2026-11-12", FIFTH_LARGE),
    _model("claude-mythos-5-2", "Mythos 5.2", "2026-11-12", FIFTH_LARGE),
    _model("claude-haiku-5-5", "Haiku 5.5", "2026-10-07", FIFTH),
    _model("claude-sonnet-5-5", "Sonnet 5.5", "2026-10-01", FIFTH),
    _model("claude-opus-5-5", "Opus 5.5", "2026-09-23", FIFTH),
    _model("claude-fable-5-1", "Fable 5.1", "2026-09-09", FIFTH_LARGE),
    _model("claude-mythos-5-1", "Mythos 5.1", "2026-09-09", FIFTH_LARGE),
    _model("claude-opus-5", "Opus 5", "2026-07-24", FIFTH_LARGE),
    _model("claude-sonnet-5", "Sonnet 5", "2026-06-29", FIFTH),
    _model("claude-fable-5", "Fable 5", "2026-06-07", FIFTH_LARGE),
    _model("claude-mythos-5", "Mythos 5", "2026-06-07", FIFTH_LARGE),
    _model("claude-opus-4-8", "Opus 4.8", "2026-05-28", FOURTH_LATE),
    _model("claude-opus-4-7", "Opus 4.7", "2026-04-14", OPUS_4_7),
    _model("claude-mythos-preview", "Mythos Preview", "2026-04-07", MYTHOS_PREVIEW, ends=("2026-06-01", "2026-06-30")),
    _model("claude-sonnet-4-6", "Sonnet 4.6", "2026-02-17", SONNET_4_6),
    _model("claude-opus-4-6", "Opus 4.6", "2026-02-04", OPUS_4_6),
    _model("claude-opus-4-5-20251101", "Opus 4.5", "2025-11-24", OPUS_4_5, "claude-opus-4-5"),
    _model("claude-haiku-4-5-20251001", "Haiku 4.5", "2025-10-15", HAIKU_4_5, "claude-haiku-4-5"),
    _model(
        "claude-sonnet-4-5-20250929", "Sonnet 4.5", "2025-09-29", SONNET_4_5, "claude-sonnet-4-5",
        ends=("2026-09-01", "2026-11-30"),
    ),
    _model(
        "claude-opus-4-1-20250805", "Opus 4.1", "2025-08-05", OPUS_4_1, "claude-opus-4-1",
        ends=("2026-06-05", "2026-08-05"),
    ),
    _model(
        "claude-opus-4-20250514", "Opus 4", "2025-05-22", OPUS_4, "claude-opus-4-0", "claude-4-opus-20250514",
        ends=("2026-04-14", "2026-06-15"),
    ),
    _model(
        "claude-sonnet-4-20250514", "Sonnet 4", "2025-05-22", SONNET_4, "claude-sonnet-4-0", "claude-4-sonnet-20250514",
        ends=("2026-04-14", "2026-06-15"),
    ),
    _model(
        "claude-3-7-sonnet-20250219", "Sonnet 3.7", "2025-02-24", SONNET_3_7, "claude-3-7-sonnet-latest",
        ends=("2025-10-28", "2026-02-19"),
    ),
    _model(
        "claude-3-5-sonnet-20241022", "Sonnet 3.5", "2024-10-22", CLAUDE_3_5, "claude-3-5-sonnet-latest",
        ends=("2025-08-13", "2025-10-28"),
    ),
    _model(
        "claude-3-5-haiku-20241022", "Haiku 3.5", "2024-10-22", HAIKU_3_5, "claude-3-5-haiku-latest",
        ends=("2025-12-19", "2026-02-19"),
    ),
    _model("claude-3-5-sonnet-20240620", "Sonnet 3.5", "2024-06-20", CLAUDE_3_5, ends=("2025-08-13", "2025-10-28")),
    _model("claude-3-haiku-20240307", "Haiku 3", "2024-03-07", HAIKU_3, ends=("2026-02-19", "2026-04-20")),
    _model(
        "claude-3-opus-20240229", "Opus 3", "2024-02-29", CLAUDE_3, "claude-3-opus-latest",
        ends=("2025-06-30", "2026-01-05"),
    ),
    _model("claude-3-sonnet-20240229", "Sonnet 3", "2024-02-29", CLAUDE_3, ends=("2025-01-21", "2025-07-21")),
)  # fmt: skip

_BY_NAME = {name: model for model in MODELS for name in (model.id, *model.aliases)}


def named(name: str) -> Model | None:
    """The model of this id or alias."""
    return _BY_NAME.get(name)
