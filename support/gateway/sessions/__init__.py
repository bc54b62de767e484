"""Conversations that a product carries on over the gateway's chat: what was said, what it cost, and how both are kept.

`Session.begin(provider, model, clock=…)` is the way in, `session.say(text, gateway=…)` a turn, `SessionStore(folder, clock=…)` the disk.
"""

from support.gateway.sessions.session import Session
from support.gateway.sessions.store import SessionStore
from support.gateway.sessions.transfer import transfer
from support.gateway.sessions.values import Checkpoint, SavedSession, SessionMessage, SessionSettings, Strategy, Turn

__all__ = [
    "Checkpoint",
    "SavedSession",
    "Session",
    "SessionMessage",
    "SessionSettings",
    "SessionStore",
    "Strategy",
    "Turn",
    "transfer",
]
