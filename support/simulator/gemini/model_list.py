"""The models by name: what models.list told in August 2026, those since, and retired ones that recordings still use.

Sources: recordings of models.list; provider-facts 10 to 13. Data, no behaviour.
"""

# ruff: noqa: E501  # a table: one line a model

from __future__ import annotations

CHAT = ("generateContent", "countTokens", "createCachedContent", "batchGenerateContent")
CHAT_ONLY = ("generateContent", "countTokens")
BATCHED = ("generateContent", "countTokens", "batchGenerateContent")
EMBEDDING = ("embedContent", "countTextTokens", "countTokens", "asyncBatchEmbedContent")
AUDIO = ("countTokens", "bidiGenerateContent")
LIVE = ("bidiGenerateContent",)
VIDEO = ("predictLongRunning",)

MILLION = 1_048_576

# Sampling defaults and maximum: temperature, topP, topK, maxTemperature
USUAL = (1.0, 0.95, 64, 2.0)
IMAGE = (1.0, 0.95, 64, 1.0)
OLDER = (1.0, 0.95, 40, 2.0)
NONE = ()

# name, version, displayName, inputTokenLimit, outputTokenLimit, methods, sampling, thinking
CURRENT: tuple[tuple[str, str, str, int, int, tuple[str, ...], tuple[float, ...], bool], ...] = (
    ("gemini-2.5-flash", "001", "Gemini 2.5 Flash", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.5-pro", "2.5", "Gemini 2.5 Pro", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.5-flash-preview-tts", "gemini-2.5-flash-exp-tts-2025-05-19", "Gemini 2.5 Flash Preview TTS", 8192, 16384, CHAT_ONLY, USUAL, False),
    ("gemini-2.5-pro-preview-tts", "gemini-2.5-pro-preview-tts-2025-05-19", "Gemini 2.5 Pro Preview TTS", 8192, 16384, BATCHED, USUAL, False),
    ("gemma-4-26b-a4b-it", "001", "Gemma 4 26B A4B IT", 262144, 32768, CHAT_ONLY, USUAL, True),
    ("gemma-4-31b-it", "001", "Gemma 4 31B IT", 262144, 32768, CHAT_ONLY, USUAL, True),
    ("gemini-flash-latest", "Gemini Flash Latest", "Gemini Flash Latest", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-flash-lite-latest", "Gemini Flash-Lite Latest", "Gemini Flash-Lite Latest", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-pro-latest", "Gemini Pro Latest", "Gemini Pro Latest", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.5-flash-lite", "001", "Gemini 2.5 Flash-Lite", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.5-flash-image", "2.0", "Nano Banana", 32768, 32768, BATCHED, IMAGE, False),
    ("gemini-3-flash-preview", "3-flash-preview-12-2025", "Gemini 3 Flash Preview", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-3.1-pro-preview", "3.1-pro-preview-01-2026", "Gemini 3.1 Pro Preview", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-3.1-pro-preview-customtools", "3.1-pro-preview-01-2026", "Gemini 3.1 Pro Preview Custom Tools", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-3.1-flash-lite-preview", "3.1-flash-lite-preview-03-2026", "Gemini 3.1 Flash Lite Preview", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-3.1-flash-lite", "3.1-flash-lite-05-2026", "Gemini 3.1 Flash Lite", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-3-pro-image-preview", "3.0", "Nano Banana Pro", 131072, 32768, BATCHED, IMAGE, True),
    ("gemini-3-pro-image", "3.0", "Nano Banana Pro", 131072, 32768, BATCHED, IMAGE, True),
    ("nano-banana-pro-preview", "3.0", "Nano Banana Pro", 131072, 32768, BATCHED, IMAGE, True),
    ("gemini-3.1-flash-image-preview", "3.0", "Nano Banana 2", 65536, 65536, BATCHED, IMAGE, True),
    ("gemini-3.1-flash-image", "3.0", "Nano Banana 2", 65536, 65536, BATCHED, IMAGE, True),
    ("gemini-3.1-flash-lite-image", "3.0", "Nano Banana 2 Lite", 65536, 65536, BATCHED, IMAGE, True),
    ("gemini-3.5-flash", "3.5-flash-05-2026", "Gemini 3.5 Flash", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-3.5-flash-lite", "3.5-flash-lite-07-2026", "Gemini 3.5 Flash Lite", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-omni-flash-preview", "001", "Gemini Omni Flash Preview", 131072, 65536, CHAT_ONLY, USUAL, True),
    ("gemini-3.6-flash", "3.6-flash-07-2026", "Gemini 3.6 Flash", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-3.7-flash", "3.7-flash-08-2026", "Gemini 3.7 Flash", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-3.8-flash", "3.8-flash", "Gemini 3.8 Flash", MILLION, 65536, CHAT, USUAL, True),
    ("lyria-3-clip-preview", "lyria-3-clip-preview", "Lyria 3 Clip Preview", MILLION, 65536, CHAT_ONLY, USUAL, False),
    ("lyria-3-pro-preview", "lyria-3-pro-preview", "Lyria 3 Pro Preview", MILLION, 65536, CHAT_ONLY, USUAL, False),
    ("gemini-3.1-flash-tts-preview", "3.1-flash-tts-preview", "Gemini 3.1 Flash TTS Preview", 8192, 16384, BATCHED, USUAL, True),
    ("gemini-robotics-er-1.6-preview", "1.6-preview", "Gemini Robotics-ER 1.6 Preview", 131072, 65536, CHAT, USUAL, True),
    ("gemini-robotics-er-2-preview", "2-preview", "Gemini Robotics-ER 2 Preview", 131072, 65536, CHAT, USUAL, True),
    ("gemini-2.5-computer-use-preview-10-2025", "Gemini 2.5 Computer Use Preview 10-2025", "Gemini 2.5 Computer Use Preview 10-2025", 131072, 65536, CHAT_ONLY, USUAL, True),
    ("antigravity-preview-05-2026", "0.1", "Antigravity Agent Preview", 131072, 65536, CHAT_ONLY, NONE, False),
    ("deep-research-max-preview-04-2026", "deepthink-exp-05-20", "Deep Research Max Preview (Apr-21-2026)", 131072, 65536, CHAT_ONLY, USUAL, True),
    ("deep-research-preview-04-2026", "deepthink-exp-05-20", "Deep Research Preview (Apr-21-2026)", 131072, 65536, CHAT_ONLY, USUAL, True),
    ("deep-research-pro-preview-12-2025", "deepthink-exp-05-20", "Deep Research Pro Preview (Dec-12-2025)", 131072, 65536, CHAT_ONLY, USUAL, True),
    ("gemini-embedding-001", "001", "Gemini Embedding 001", 2048, 1, EMBEDDING, NONE, False),
    ("gemini-embedding-2-preview", "2", "Gemini Embedding 2 Preview", 8192, 1, EMBEDDING, NONE, False),
    ("gemini-embedding-2", "2", "Gemini Embedding 2", 8192, 1, EMBEDDING, NONE, False),
    ("aqa", "001", "Model that performs Attributed Question Answering.", 7168, 1024, ("generateAnswer",), (0.2, 1.0, 40), False),
    ("veo-3.1-generate-preview", "3.1", "Veo 3.1", 480, 8192, VIDEO, NONE, False),
    ("veo-3.1-fast-generate-preview", "3.1", "Veo 3.1 fast", 480, 8192, VIDEO, NONE, False),
    ("veo-3.1-lite-generate-preview", "3.1", "Veo 3.1 lite", 480, 8192, VIDEO, NONE, False),
    ("gemini-2.5-flash-native-audio-latest", "Gemini 2.5 Flash Native Audio Latest", "Gemini 2.5 Flash Native Audio Latest", 131072, 8192, AUDIO, USUAL, True),
    ("gemini-2.5-flash-native-audio-preview-09-2025", "gemini-2.5-flash-preview-native-audio-dialog-2025-05-19", "Gemini 2.5 Flash Native Audio Preview 09-2025", 131072, 8192, AUDIO, USUAL, True),
    ("gemini-2.5-flash-native-audio-preview-12-2025", "12-2025", "Gemini 2.5 Flash Native Audio Preview 12-2025", 131072, 8192, AUDIO, USUAL, True),
    ("gemini-3.1-flash-live-preview", "3.1-flash-live-03-2026", "Gemini 3.1 Flash Live Preview", 131072, 65536, LIVE, USUAL, False),
    ("gemini-robotics-er-2-streaming-preview", "2-streaming-preview", "Gemini Robotics-ER 2 Streaming Preview", 131072, 65536, LIVE, USUAL, False),
    ("gemini-3.5-live-translate-preview", "3.5-live-translate-06-2026", "Gemini 3.5 Live Translate Preview", 16384, 32768, LIVE, USUAL, False),
)  # fmt: skip

# Still answered, no longer listed: those of the recordings, and others of their time (limits from memory, unverified).
RETIRED: tuple[tuple[str, str, str, int, int, tuple[str, ...], tuple[float, ...], bool], ...] = (
    ("gemini-3-pro-preview", "3-pro-preview-11-2025", "Gemini 3 Pro Preview", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.0-flash", "2.0", "Gemini 2.0 Flash", MILLION, 8192, CHAT, OLDER, False),
    ("gemini-2.0-flash-001", "2.0", "Gemini 2.0 Flash 001", MILLION, 8192, CHAT, OLDER, False),
    ("gemini-2.0-flash-exp", "2.0", "Gemini 2.0 Flash Experimental", MILLION, 8192, CHAT_ONLY, OLDER, False),
    ("gemini-2.0-flash-lite", "2.0", "Gemini 2.0 Flash-Lite", MILLION, 8192, CHAT, OLDER, False),
    ("gemini-2.0-flash-lite-001", "2.0", "Gemini 2.0 Flash-Lite 001", MILLION, 8192, CHAT, OLDER, False),
    ("gemini-1.5-flash", "001", "Gemini 1.5 Flash", 1_000_000, 8192, CHAT_ONLY, OLDER, False),
    ("gemini-1.5-flash-002", "002", "Gemini 1.5 Flash 002", 1_000_000, 8192, CHAT, OLDER, False),
    ("gemini-1.5-flash-8b", "001", "Gemini 1.5 Flash-8B", 1_000_000, 8192, CHAT, OLDER, False),
    ("gemini-1.5-flash-latest", "001", "Gemini 1.5 Flash Latest", 1_000_000, 8192, CHAT_ONLY, OLDER, False),
    ("gemini-1.5-pro", "001", "Gemini 1.5 Pro", 2_000_000, 8192, CHAT_ONLY, OLDER, False),
    ("gemini-1.5-pro-002", "002", "Gemini 1.5 Pro 002", 2_000_000, 8192, CHAT, OLDER, False),
    ("gemini-1.5-pro-latest", "001", "Gemini 1.5 Pro Latest", 2_000_000, 8192, CHAT_ONLY, OLDER, False),
    ("gemini-2.5-flash-preview-04-17", "2.5-preview-04-17", "Gemini 2.5 Flash Preview 04-17", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.5-flash-preview-05-20", "2.5-preview-05-20", "Gemini 2.5 Flash Preview 05-20", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.5-flash-preview-09-2025", "Gemini 2.5 Flash Preview 09-2025", "Gemini 2.5 Flash Preview Sep 2025", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.5-flash-lite-preview-06-17", "2.5-preview-06-17", "Gemini 2.5 Flash-Lite Preview 06-17", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.5-flash-lite-preview-09-2025", "2.5-preview-09-25", "Gemini 2.5 Flash-Lite Preview Sep 2025", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.5-pro-preview-03-25", "2.5-preview-03-25", "Gemini 2.5 Pro Preview 03-25", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.5-pro-preview-05-06", "2.5-preview-05-06", "Gemini 2.5 Pro Preview 05-06", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.5-pro-preview-06-05", "2.5-preview-06-05", "Gemini 2.5 Pro Preview", MILLION, 65536, CHAT, USUAL, True),
    ("gemini-2.5-flash-image-preview", "2.0", "Nano Banana", 32768, 32768, BATCHED, IMAGE, False),
    ("gemini-2.0-flash-thinking-exp", "2.0", "Gemini 2.0 Flash Thinking Experimental", MILLION, 65536, CHAT, USUAL, False),
    ("gemini-2.0-flash-lite-preview", "2.0", "Gemini 2.0 Flash-Lite Preview", MILLION, 8192, CHAT, OLDER, False),
    ("gemini-2.0-pro-exp", "2.5-exp-03-25", "Gemini 2.0 Pro Experimental", MILLION, 65536, CHAT, USUAL, False),
    ("gemma-3-4b-it", "001", "Gemma 3 4B", 32768, 8192, CHAT_ONLY, USUAL, False),
    ("gemma-3-12b-it", "001", "Gemma 3 12B", 32768, 8192, CHAT_ONLY, USUAL, False),
    ("gemma-3-27b-it", "001", "Gemma 3 27B", 131072, 8192, CHAT_ONLY, USUAL, False),
    ("gemma-3n-e4b-it", "001", "Gemma 3n E4B", 8192, 2048, CHAT_ONLY, USUAL, False),
    ("gemini-1.5-flash-001", "001", "Gemini 1.5 Flash 001", 1_000_000, 8192, CHAT, OLDER, False),
    ("gemini-1.5-flash-8b-001", "001", "Gemini 1.5 Flash-8B 001", 1_000_000, 8192, CHAT, OLDER, False),
    ("gemini-1.5-flash-8b-latest", "001", "Gemini 1.5 Flash-8B Latest", 1_000_000, 8192, CHAT, OLDER, False),
    ("gemini-1.5-pro-001", "001", "Gemini 1.5 Pro 001", 2_000_000, 8192, CHAT, OLDER, False),
    ("embedding-001", "001", "Embedding 001", 2048, 1, ("embedContent",), NONE, False),
    ("text-embedding-004", "004", "Text Embedding 004", 2048, 1, ("embedContent",), NONE, False),
    ("gemini-robotics-er-1.5-preview", "1.5-preview", "Gemini Robotics-ER 1.5 Preview", MILLION, 65536, CHAT_ONLY, USUAL, True),
    ("imagen-4.0-generate-001", "001", "Imagen 4", 480, 8192, ("predict",), NONE, False),
    ("imagen-4.0-ultra-generate-001", "001", "Imagen 4 Ultra", 480, 8192, ("predict",), NONE, False),
    ("imagen-4.0-fast-generate-001", "001", "Imagen 4 Fast", 480, 8192, ("predict",), NONE, False),
    ("veo-2.0-generate-001", "2.0", "Veo 2", 480, 8192, VIDEO, NONE, False),
    ("veo-3.0-generate-001", "3.0", "Veo 3", 480, 8192, VIDEO, NONE, False),
    ("veo-3.0-fast-generate-001", "3.0", "Veo 3 fast", 480, 8192, VIDEO, NONE, False),
)  # fmt: skip

# The fewest tokens of an explicit cache: the first pattern that a model's name fits. Refusals of the API tell 32,768 for 1.5,
# 4,096 for 2.0, 1,024 for 2.5-flash and 2,048 for 2.5-flash-lite; for the rest see provider-facts 3.1 (pro is
# unverified). A recording of May 2026 has 2,010 tokens taken for gemini-flash-lite-latest, whatever model stands behind it.
CACHE_MINIMA = (
    ("gemini-1.5-*", 32_768),
    ("gemini-2.0-*", 4096),
    ("gemini-2.5-flash-lite*", 2048),
    ("*-pro*", 4096),
    ("*", 1024),
)

# On v1beta only (provider-facts 9.3); which model stands behind each is not recorded after May 2026.
ALIASES = {
    "gemini-flash-latest": "gemini-3.8-flash",
    "gemini-flash-lite-latest": "gemini-3.5-flash-lite",
    "gemini-pro-latest": "gemini-3.1-pro-preview",
    "gemini-1.5-flash-latest": "gemini-1.5-flash",
    "gemini-1.5-flash-8b-latest": "gemini-1.5-flash-8b",
    "gemini-1.5-pro-latest": "gemini-1.5-pro",
}
