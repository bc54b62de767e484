"""Random identifiers in the providers' shapes. Unique within the process for all practical purposes."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE36_LOWER = "0123456789abcdefghijklmnopqrstuvwxyz"
HEX = "0123456789abcdef"

# Ids of resources are no secrets: a Mersenne twister is many times faster than the system's randomness.
_twister = random.Random(secrets.randbits(256))


_TABLES = {
    alphabet: bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))
    for alphabet in (BASE58, BASE62, BASE36_LOWER)
}


def token(length: int, alphabet: str = BASE58) -> str:
    """`length` random characters of one of the alphabets above, for ids (not for secrets)."""
    return _twister.randbytes(length).translate(_TABLES[alphabet]).decode("ascii")


def random_bytes(length: int) -> bytes:
    """`length` random bytes, for what only looks as if it meant something."""
    return _twister.randbytes(length)


def hex_token(length: int) -> str:
    """`length` random lower-case hexadecimal digits."""
    return f"{_twister.getrandbits(length * 4):0{length}x}"


def uuid4_like() -> str:
    """A version 4 UUID as text."""
    digits = hex_token(32)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def secret(length: int, alphabet: str = BASE62) -> str:
    """`length` characters of the system's randomness, for keys."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Within it the same seed gives the same ids: for what is made anew, and alike, whenever it is read."""
    global _twister
    usual, _twister = _twister, random.Random(seed)
    try:
        yield
    finally:
        _twister = usual
