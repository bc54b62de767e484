"""What the provider hands out encrypted: what was reasoned, and a conversation made short.

Nothing is secret here: it is packed, so that a compacted conversation can be read again when it comes back. The form is the
recorded one's (`gAAAAA…`).
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence

from pydantic_core import from_json, to_json

from support.simulator import ids
from support.simulator.language_model import Turn

_MARK = "gAAAAA"
_MOST = 4_000_000
"""Bytes that a packed conversation may have when it is unpacked."""


def reasoning() -> str:
    """Thoughts that nobody reads."""
    return f"{_MARK}{ids.token(134, ids.BASE62)}=="


def conversation(turns: Sequence[Turn]) -> str:
    """What was said, packed."""
    said = to_json([[turn.role, turn.text] for turn in turns])
    return _MARK + base64.urlsafe_b64encode(zlib.compress(said)).decode()


def opened(sealed: str) -> list[Turn]:
    """What was said; nothing where it is not ours."""
    try:
        unpacker = zlib.decompressobj()
        said = unpacker.decompress(base64.urlsafe_b64decode(sealed.removeprefix(_MARK)), _MOST)
        return [Turn("assistant" if role == "assistant" else "user", str(text)) for role, text in from_json(said)]
    except (binascii.Error, zlib.error, ValueError, TypeError):
        return []
