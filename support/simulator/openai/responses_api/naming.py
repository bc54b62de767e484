"""Ids of responses, conversations, their items and containers, in the shapes of the recordings.

Sixteen digits name a chain: a response, those that continue it, and a conversation with all that is said in it share them.
Eight more tell the time.
"""

from __future__ import annotations

from support.simulator import ids

_CHAIN = 16


def new_chain() -> str:
    return f"0{ids.hex_token(_CHAIN - 1)}"


def in_chain(prefix: str, chain: str, now: float, *, compacted: bool = False) -> str:
    """The id of a response, or of an item that a response brought."""
    return f"{prefix}_{chain}{'01' if compacted else '00'}{int(now):08x}{ids.hex_token(24)}"


def conversation(chain: str, now: float) -> str:
    """The id of a conversation; items that were put into it by hand have it in the same shape."""
    return directly("conv", chain, now)


def directly(prefix: str, chain: str, now: float) -> str:
    return f"{prefix}_{int(now):08x}{ids.hex_token(24)}{chain}"


def chain_of_conversation(conversation_id: str) -> str:
    return conversation_id[-_CHAIN:]


def container(now: float) -> str:
    return directly("cntr", ids.hex_token(_CHAIN), now)


def container_file(now: float) -> str:
    return f"cfile_{int(now):08x}{ids.hex_token(24)}"


def call() -> str:
    """The id under which a function's result is expected."""
    return f"call_{ids.token(24, ids.BASE62)}"
