"""Answers as sound: silence of the right length, with its transcript (recordings: chat completions of gpt-audio-1.5)."""

from __future__ import annotations

import base64

from support.simulator import ids

LIFETIME_SECONDS = 3_600
_BYTES_A_TOKEN = 240


def new_id() -> str:
    return f"audio_{ids.hex_token(32)}"


def silence(tokens: int) -> str:
    """Base64 of 16-bit samples, all zero."""
    return base64.b64encode(bytes(_BYTES_A_TOKEN * max(tokens, 1))).decode()
