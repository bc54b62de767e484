"""What the toy model sees of a picture: how large it is, and which colours it shows. It recognises nothing."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from functools import lru_cache

_LARGEST = 32
"""Pixels on a side, after it was made smaller: enough for colours."""
_LEAST_SHARE = 0.05
_COLOURS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "red": (220, 20, 20),
    "green": (20, 140, 40),
    "blue": (20, 70, 190),
    "yellow": (250, 220, 30),
    "orange": (250, 140, 20),
    "purple": (130, 40, 150),
    "pink": (250, 150, 190),
    "brown": (120, 70, 30),
    "cyan": (30, 200, 220),
}


@lru_cache(maxsize=64)  # a conversation shows the same picture with every question
def seen(data: bytes) -> str:
    """Size and colours in sentences; "" for bytes that are no picture (what a provider does with those is its package's to say)."""
    from PIL import Image  # imported late: most tenants never show a picture

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as picture:
                width, height = picture.size
                small = picture.convert("RGB").resize(
                    (min(width, _LARGEST), min(height, _LARGEST)), Image.Resampling.NEAREST
                )
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return ""
    colours = _shown(small.tobytes())
    return f"The picture is {width} pixels wide and {height} pixels high. The colours of the picture are {' and '.join(colours)}."


def _shown(pixels: bytes) -> list[str]:
    """The colours that there is something of, the most of it first; a pixel is three bytes."""
    counts = Counter(_named(pixels[place : place + 3]) for place in range(0, len(pixels), 3))
    return [name for name, count in counts.most_common() if count >= _LEAST_SHARE * len(pixels) / 3]


def _named(pixel: bytes) -> str:
    def distance(name: str) -> int:
        return sum((ours - theirs) ** 2 for ours, theirs in zip(_COLOURS[name], pixel, strict=True))

    return min(_COLOURS, key=distance)
