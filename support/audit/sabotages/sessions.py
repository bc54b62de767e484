"""Sabotages of sessions: what is kept, sent, carried over, counted and forgotten."""

from support.audit.sabotaging import Sabotage

SESSIONS: tuple[Sabotage, ...] = ()
