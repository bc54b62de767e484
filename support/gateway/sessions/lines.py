"""A session as a file of JSON lines: the first one names the format, its version, and what of the rest is saved.

The first line has a fixed size and is written last, over itself: what stands behind the length that it names never happened,
and a file that is shorter, or whose sum is another, is no session any more. Each other line is something that happened.
"""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from support.gateway.clock import Clock
from support.gateway.sessions.session import Event, Session
from support.gateway.sessions.values import About, Checkpoint, SessionMessage, Turn
from support.values.base import Value

FORMAT = "touchstone session"
VERSION = 1
HEADER_SIZE = 512


class Unreadable(Exception):
    """Why a file is no session; completes the sentence."""


class Header(Value):
    """The first line."""

    format: str = FORMAT
    version: int = VERSION
    id: str
    revision: int
    used_at: datetime
    length: int
    """Bytes that are saved, this line among them."""
    sum: int
    """Of the bytes behind this line (CRC-32)."""
    lines: int
    """Behind this one."""

    def line(self) -> bytes:
        return to_json(self).ljust(HEADER_SIZE - 1) + b"\n"

    def followed(self, body: bytes, *, lines: int, used_at: datetime) -> "Header":
        """The header once these bytes are saved too."""
        return self.model_copy(
            update={
                "revision": self.revision + 1,
                "used_at": used_at,
                "length": self.length + len(body),
                "sum": zlib.crc32(body, self.sum),
                "lines": self.lines + lines,
            }
        )


def fresh(id: str, revision: int, used_at: datetime) -> Header:
    """Of a file with nothing in it."""
    return Header(id=id, revision=revision, used_at=used_at, length=HEADER_SIZE, sum=0, lines=0)


def header_of(first: bytes) -> Header:
    """Reads the first line. Raises Unreadable for another format, another version, or half a line."""
    if first.strip() == b"":
        raise Unreadable("it is empty")
    try:
        said = json.loads(first)
    except ValueError as error:
        raise Unreadable("it was cut short, or is no session") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise Unreadable("it is no session")
    if said.get("version") != VERSION:
        raise Unreadable(f"it has version {said.get('version')}, and this program reads version {VERSION}")
    try:
        return Header.model_validate(said)
    except ValidationError as error:
        raise Unreadable("its first line is damaged") from error


# Writing --------------------------------------------------------------------------------------------------------------


def new_lines(session: Session) -> list[bytes]:
    """What happened to a session since it was saved."""
    about = [] if session.about == session.saved else [_line("session", about_of(session))]
    return [*about, *(_event_line(event) for event in session.unsaved)]


def all_lines(session: Session) -> list[bytes]:
    """A session as it is, with nothing of what it was."""
    lines = [_line("session", about_of(session))]
    lines += [_line("turn", turn) for turn in session.turns]
    if not session.checkpoints:
        return [*lines, *(_line("message", message_said(entry)) for entry in session.messages)]
    places: dict[int, int] = {}
    held = [entry for one in session.checkpoints.values() for entry in one.messages]
    for entry in (*held, *session.messages):
        if id(entry) not in places:
            places[id(entry)] = len(places)
            lines.append(_line("held", message_said(entry)))
    for one in session.checkpoints.values():
        lines.append(_line("checkpoint", _checkpoint(one, [places[id(entry)] for entry in one.messages])))
    return [*lines, _line("now", [places[id(entry)] for entry in session.messages])]


def about_of(session: Session) -> Mapping[str, Any]:
    """What is saved of a session beside what was said; a key is nowhere in it."""
    return session.about.model_dump()


def message_said(entry: SessionMessage) -> Mapping[str, Any]:
    """What is saved of a message."""
    return entry.model_dump()


def _event_line(event: Event) -> bytes:
    name, what = event
    if name == "message":
        return _line(name, message_said(what))
    return _line(name, _checkpoint(what, None) if name == "checkpoint" else what)


def _checkpoint(one: Checkpoint, of: list[int] | None) -> dict[str, Any]:
    return {"name": one.name, "turns": one.turns, "of": of}


def _line(name: str, what: object) -> bytes:
    return to_json({name: what}) + b"\n"


# Reading --------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Read:
    about: About | None = None
    held: list[SessionMessage] = field(default_factory=list)
    messages: list[SessionMessage] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)


def session_of(content: bytes, id: str, clock: Clock) -> Session:
    """The session that a file's bytes are. Raises Unreadable; nothing is read in part."""
    header = header_of(content[:HEADER_SIZE])
    body = content[HEADER_SIZE : header.length]
    if len(content) < header.length:
        raise Unreadable("it was cut short")
    if zlib.crc32(body) != header.sum:
        raise Unreadable("it was changed by something else, or is damaged")
    read = _Read()
    for number, line in enumerate(body.splitlines(), 2):
        try:
            ((name, what),) = json.loads(line).items()
            _happened(read, name, what)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            raise Unreadable(f"its line {number} is damaged") from error
    about = read.about
    if about is None or about.id != id:
        raise Unreadable("it is another session's" if about else "it does not say whose it is")
    session = Session(
        about.provider,
        about.model,
        clock=clock,
        created_at=about.created_at,
        system=about.system,
        settings=about.settings,
        id=about.id,
        messages=sent_from(read.messages),
        turns=turns_read(read.turns),
        checkpoints=list(read.checkpoints.values()),
        used_at=header.used_at,
        parent_id=about.parent_id,
        revision=header.revision,
    )
    session.saved = about
    return session


def message_of(said: Mapping[str, Any]) -> SessionMessage:
    """A message as it was saved."""
    return SessionMessage.model_validate(said)


def turns_read(turns: Sequence[Turn]) -> Sequence[Turn]:
    """What was spent, as it was saved."""
    return turns


def sent_from(messages: Sequence[SessionMessage]) -> Sequence[SessionMessage]:
    """The history with which a loaded session goes on."""
    return messages


def _happened(read: _Read, name: str, what: Any) -> None:
    if name == "session":
        read.about = About.model_validate(what)
    elif name in ("message", "held"):
        entry = message_of(what)
        read.held.append(entry)
        if name == "message":
            read.messages.append(entry)
    elif name == "turn":
        read.turns.append(Turn.model_validate(what))
    elif name == "dropped":
        del read.messages[: int(what)]
    elif name == "cleared":
        read.messages.clear()
    elif name == "restored":
        read.messages = list(read.checkpoints[what].messages)
    elif name == "now":
        read.messages = list(_picked(read, what))
    elif name == "checkpoint":
        messages = read.messages if what["of"] is None else list(_picked(read, what["of"]))
        made = Checkpoint(name=what["name"], messages=tuple(messages), turns=what["turns"])
        read.checkpoints[made.name] = made
    else:
        raise ValueError(name)


def _picked(read: _Read, places: Sequence[int]) -> Iterator[SessionMessage]:
    return (read.held[place] for place in places)
